import { NfvError } from '../../src/errors.js';
import { systemClock } from '../../src/model/clock.js';
import { VppClient } from '../../src/vpp-api/client/client.js';
import type { SessionEvent, VppClientOptions } from '../../src/vpp-api/client/options.js';
import { SocketTransport } from '../../src/vpp-api/transport/socket.js';
import type { Transport } from '../../src/vpp-api/transport/transport.js';
import { eventually } from './eventually.js';

/** A VPP that a suite starts, kills and asks. */
export interface VppUnderTest {
  /** Its API socket. */
  readonly path: string;
  /** What libvppapiclient finds it by: the prefix of its shared memory. */
  readonly shmPrefix: string;
  /** Its process id, as it tells it. */
  readonly pid: number;
  /** A new VPP with nothing configured; settles when it takes connections. */
  start(): Promise<void>;
  /** kill -9 */
  kill(): Promise<void>;
  /** Ends it, if it runs, and leaves nothing behind. */
  remove(): Promise<void>;
  /** It hangs: it takes bytes and does nothing, until `resume`. */
  stall(): void;
  resume(): void;
}

export type TransportOf = (vpp: VppUnderTest) => Transport;

export const overSocket: TransportOf = ({ path }) =>
  new SocketTransport({ path, clientName: 'nfvd-test', timers: systemClock });

/** A client, and what it told of its connection. */
export class ClientUnderTest {
  readonly events: SessionEvent[] = [];
  readonly client: VppClient;

  constructor(transport: Transport, options: Partial<VppClientOptions> = {}) {
    this.client = new VppClient({
      transport,
      timers: systemClock,
      onSession: (event) => this.events.push(event),
      ...options,
    });
    this.client.start();
  }

  static async ready(
    transport: Transport,
    options: Partial<VppClientOptions> = {},
  ): Promise<ClientUnderTest> {
    const made = new ClientUnderTest(transport, options);
    await made.client.ready(AbortSignal.timeout(30_000));
    return made;
  }

  /** Kinds of what it told. */
  get kinds(): string[] {
    return this.events.map(({ kind }) => kind);
  }

  /** Waits for a kind to be told, after the first `from` ones. */
  async told(kind: SessionEvent['kind'], from = 0): Promise<void> {
    await eventually(() => this.kinds.slice(from).includes(kind));
  }
}

/** All of VPP's interfaces, as the only filter that there is. */
export const ALL_INTERFACES = {
  sw_if_index: 0xffff_ffff,
  name_filter_valid: false,
  name_filter: '',
};

/** A message's name without what the compiler knows of it, for fields that it would refuse. */
export function untyped(name: string): string {
  return name;
}

const code = (thrown: unknown): string => NfvError.from(thrown).code;

/** Codes that calls ended with, and how many of each; `ok` for an answer. */
export async function outcomes(
  calls: readonly Promise<unknown>[],
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const result of await Promise.allSettled(calls)) {
    const key = result.status === 'fulfilled' ? 'ok' : code(result.reason);
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
