/** A host with a fake kernel, with an agent on it that takes host profiles from a real NVA. */
import { join } from 'node:path';
import { systemClock } from '../../src/model/clock.js';
import { PreparingHost } from '../../src/main/host-access.js';
import { Agent } from '../../src/nve/agent.js';
import { HostFollower, type FollowerOptions } from '../../src/nve/host/follower.js';
import { DEFAULT_TUNING } from '../../src/reconcile/options.js';
import { NveSessionClient } from '../../src/rpc/nve-client.js';
import { openLmdbStore } from '../../src/store/lmdb/store.js';
import { busyHost } from './fake-sysfs/busy-host.js';
import { FakeClock } from './fake-clock.js';
import { MemoryDataplane } from './memory-dataplane.js';
import { nullLog } from './null-log.js';
import { tempDir } from './temp-dir.js';

const client = new NveSessionClient();

export type OfferPolicy = Partial<Pick<FollowerOptions, 'profileFrom' | 'apply'>>;

export class OfferedHost {
  readonly host = busyHost();
  /** Of the agent's looks at the host. */
  readonly clock = new FakeClock();
  readonly #dir = tempDir();
  #running: { stop(): Promise<void> } | undefined;

  /** @param socket of the NVA */
  constructor(
    readonly name: string,
    private readonly socket: string,
  ) {}

  /** What `nfvctl host` works on. */
  get preparing(): PreparingHost {
    const { doors, clock, stateDir } = this.host;
    return new PreparingHost({ doors, clock, stateDir, nva: [], guard: () => undefined });
  }

  async start({ profileFrom = 'nva', apply = 'auto' }: OfferPolicy = {}): Promise<void> {
    const { preparing } = this;
    const follower = await HostFollower.start({
      host: {
        status: (signal) => preparing.status(false, signal),
        apply: async (profile, signal) => {
          await preparing.apply({ profile, iKnow: false }, () => undefined, signal);
        },
      },
      stateDir: this.host.stateDir,
      profileFrom,
      apply,
      clock: this.clock,
      log: nullLog,
    });
    const store = await openLmdbStore({ path: join(this.#dir.path, 'state') });
    const agent = await Agent.start({
      name: this.name,
      agentVersion: '0.0.0-test',
      store,
      dataplane: new MemoryDataplane(),
      replicas: [() => client.connect({ kind: 'unix', path: this.socket }, undefined)],
      tuning: { ...DEFAULT_TUNING, drift: { intervalMs: 0, policy: 'repair' } },
      retry: { initialMs: 20, soonMs: 100, soonRounds: 60, maxMs: 100 },
      clock: systemClock,
      random: () => 0.5,
      makeUuid: () => `00000000-0000-4000-8000-${this.name.length.toString(16).padStart(12, '0')}`,
      log: nullLog,
      host: follower,
    });
    this.#running = {
      async stop() {
        await agent.stop();
        await follower.stop();
        await store.close();
      },
    };
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    this.#running = undefined;
  }

  async close(): Promise<void> {
    await this.stop();
    this.host.close();
    this.#dir.remove();
  }
}
