/**
 * Our own agent, with a dataplane in memory, whose messages somebody changes on their way: an NVE that
 * keeps to the protocol, or one that does not in just one thing.
 */
import { join } from 'node:path';
import { systemClock } from '../../src/model/clock.js';
import type { FromNve, ReceivedFromNva } from '../../src/model/southbound.js';
import { Agent } from '../../src/nve/agent.js';
import { DEFAULT_TUNING } from '../../src/reconcile/options.js';
import { NveSessionClient, type NveSideStream } from '../../src/rpc/nve-client.js';
import { openLmdbStore } from '../../src/store/lmdb/store.js';
import type { Waits } from '../../src/statemachine/nve-session.js';
import { MemoryDataplane } from './memory-dataplane.js';
import { nullLog } from './null-log.js';
import { tempDir } from './temp-dir.js';

/** What becomes of a message; undefined: it is lost. */
export interface Tampering {
  readonly fromNve?: (message: FromNve) => FromNve | undefined;
  readonly toNve?: (message: ReceivedFromNva) => ReceivedFromNva | undefined;
  /** It says this twice. */
  readonly saysTwice?: (message: FromNve) => boolean;
  /** Called with each stream that it opens. */
  readonly onStream?: () => void;
  /** Called when a message cannot be read. */
  readonly onBroken?: () => void;
  /** Milliseconds between two streams; absent: longer each time. */
  readonly waitMs?: number;
  /** Streams that it opens; after them it does not come back. */
  readonly streams?: number;
}

export class TamperedNve {
  static async start(name: string, socket: string, tampering: Tampering): Promise<TamperedNve> {
    const dir = tempDir();
    const store = await openLmdbStore({ path: join(dir.path, 'state') });
    const client = new NveSessionClient();
    let streams = 0;
    const agent = await Agent.start({
      name,
      agentVersion: '0.0.0-test',
      store,
      dataplane: new MemoryDataplane(),
      replicas: [
        () => {
          if (++streams > (tampering.streams ?? Infinity)) throw new Error('no more');
          const stream = client.connect({ kind: 'unix', path: socket }, undefined);
          return tampered(stream, tampering);
        },
      ],
      tuning: { ...DEFAULT_TUNING, drift: { intervalMs: 0, policy: 'repair' } },
      retry: waits(tampering.waitMs),
      clock: systemClock,
      random: () => 0.5,
      makeUuid: () => 'uuid-1',
      log: nullLog,
    });
    return new TamperedNve(async () => {
      await agent.stop();
      await store.close();
      dir.remove();
    });
  }

  private constructor(readonly stop: () => Promise<void>) {}
}

function waits(ms: number | undefined): Waits {
  return { initialMs: ms ?? 2, soonMs: ms ?? 200, soonRounds: 60, maxMs: ms ?? 200 };
}

function tampered(stream: NveSideStream, tampering: Tampering): NveSideStream {
  const {
    fromNve,
    toNve = (message: ReceivedFromNva) => message,
    onBroken = () => undefined,
  } = tampering;
  tampering.onStream?.();
  return {
    ...stream,
    incoming: filtered(stream.incoming, toNve, onBroken),
    async send(message) {
      const changed = fromNve === undefined ? message : fromNve(message);
      if (changed === undefined) return;
      await stream.send(changed);
      if (tampering.saysTwice?.(changed) === true) await stream.send(changed);
    },
  };
}

async function* filtered(
  messages: AsyncIterable<ReceivedFromNva>,
  change: (message: ReceivedFromNva) => ReceivedFromNva | undefined,
  onBroken: () => void,
): AsyncIterable<ReceivedFromNva> {
  try {
    for await (const message of messages) {
      const changed = change(message);
      if (changed !== undefined) yield changed;
    }
  } catch (thrown) {
    onBroken();
    throw thrown;
  }
}
