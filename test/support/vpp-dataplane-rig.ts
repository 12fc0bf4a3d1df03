/** VPP's dataplane on a VPP of a test, with a client of the test's own beside it. */
import assert from 'node:assert/strict';
import { NfvError } from '../../src/errors.js';
import { VppDataplane } from '../../src/dataplane/vpp/vpp-dataplane.js';
import type { GuestDoor } from '../../src/dataplane/vpp/watch/guest-door.js';
import type { ReadStats } from '../../src/dataplane/vpp/ports/port-counters.js';
import type { Uplink } from '../../src/dataplane/vpp/uplink/uplink.js';
import { systemClock, type Clock } from '../../src/model/clock.js';
import type { Log } from '../../src/model/log.js';
import type { DataplaneStatus } from '../../src/model/dataplane-status.js';
import type { Payload } from '../../src/model/item.js';
import type { Change, Observation } from '../../src/reconcile/dataplane.js';
import type { ProviderConfig } from '../../src/nve/provider-config.js';
import { makePlan } from '../../src/reconcile/plan.js';
import type { Plan } from '../../src/reconcile/plan-types.js';
import { VppClient } from '../../src/vpp-api/client/client.js';
import type { CallObserver } from '../../src/vpp-api/client/options.js';
import { eventually } from './eventually.js';
import { itemsOf } from './linux-host.js';
import { nullLog } from './null-log.js';
import { PortFiles } from './port-files.js';
import { ClientUnderTest, overSocket, type VppUnderTest } from './vpp-under-test.js';

const MAX_PASSES = 3;

/** Of a VPP that has no way to its guests. */
export const NO_GUESTS: GuestDoor = {
  open: () => {
    const metadata = { errno: 'EACCES' };
    const text = '/run/vpp/punt.sock: EACCES';
    return Promise.reject(new NfvError('KERNEL_REFUSED', text, { metadata }));
  },
  close: () => undefined,
  ask: () => Promise.reject(new Error('there is no way to guests')),
  announce: () => Promise.reject(new Error('there is no way to guests')),
};

export interface RigOptions {
  readonly guests?: GuestDoor;
  readonly clock?: Clock;
  readonly log?: Log;
  /** Of a call. */
  readonly deadlineMs?: number;
  readonly onCall?: CallObserver;
}

export class VppDataplaneRig {
  readonly changes: Change[] = [];
  readonly dataplane: VppDataplane;
  readStats: ReadStats = () => Promise.reject(new Error('no statistics here'));
  /** How the dataplane says that it stands with VPP. */
  status: DataplaneStatus | undefined;

  private constructor(
    readonly vpp: VppUnderTest,
    private readonly beside: ClientUnderTest,
    uplinks: readonly Uplink[],
    readonly files: PortFiles,
    /** Of what is the caller's to end. */
    private readonly isOwner: { readonly files: boolean; readonly beside: boolean },
    providers: readonly ProviderConfig[],
    {
      guests = NO_GUESTS,
      clock = systemClock,
      log = nullLog,
      deadlineMs = 10_000,
      onCall,
    }: RigOptions,
  ) {
    this.dataplane = new VppDataplane({
      connect: (onSession) =>
        new VppClient({
          transport: overSocket(vpp),
          timers: systemClock,
          onSession,
          deadlineMs,
          ...(onCall && { onCall }),
          retry: { initialMs: 10, maxMs: 200 },
        }),
      ...{ uplinks, providers },
      canTap: () => Promise.resolve(true),
      clock,
      host: files.doors,
      guests,
      readStats: () => this.readStats(),
      log,
    });
    this.dataplane.onChange((keys) => this.changes.push(keys));
    this.dataplane.onStatus((status) => (this.status = status));
  }

  /** On a VPP that runs. @param client somebody else's, if there is one */
  static async create(
    vpp: VppUnderTest,
    uplinks: readonly Uplink[],
    files?: PortFiles,
    client?: ClientUnderTest,
    providers: readonly ProviderConfig[] = [],
    parts: RigOptions = {},
  ): Promise<VppDataplaneRig> {
    const options = { retry: { initialMs: 10, maxMs: 200 } };
    const beside = client ?? (await ClientUnderTest.ready(overSocket(vpp), options));
    const own = files ?? new PortFiles();
    const isOwner = { files: files === undefined, beside: client === undefined };
    return new VppDataplaneRig(vpp, beside, uplinks, own, isOwner, providers, parts);
  }

  /** Of one operation. */
  get signal(): AbortSignal {
    return AbortSignal.timeout(60_000);
  }

  /** Somebody else's client of the same VPP. */
  get client(): VppClient {
    return this.beside.client;
  }

  async close(): Promise<void> {
    await this.dataplane.close();
    if (this.isOwner.beside) await this.beside.client.close();
    if (this.isOwner.files) this.files.remove();
  }

  async ready(): Promise<void> {
    await this.client.ready(this.signal);
    await eventually(() => this.status?.session === 'CONNECTED');
  }

  observe(
    payloads: readonly Payload[],
    keys: 'all' | readonly string[] = 'all',
  ): Promise<Observation> {
    const scope = keys === 'all' ? { kind: keys } : { kind: 'keys' as const, keys: new Set(keys) };
    return this.dataplane.observe(scope, itemsOf(payloads), this.signal);
  }

  async plan(payloads: readonly Payload[]): Promise<Plan> {
    const wanted = itemsOf(payloads);
    const observation = await this.observe(payloads);
    return makePlan({ wanted, complete: true, observation, traits: this.dataplane.traits });
  }

  /** `op key: CODE` of what fails. */
  async apply(plan: Plan): Promise<readonly string[]> {
    const failures: string[] = [];
    for (const wave of plan.waves) {
      const steps = wave.map(({ step }) => step);
      const results = await this.dataplane.apply(steps, this.signal);
      for (const [i, error] of results.entries()) {
        const step = steps[i];
        if (error === undefined || step === undefined) continue;
        failures.push(`${step.op} ${step.key}: ${error.code}`);
      }
    }
    return failures;
  }

  /** Makes it so; one pass must be enough, and another one find nothing to do. */
  async converge(payloads: readonly Payload[]): Promise<void> {
    const plan = await this.plan(payloads);
    assert.deepEqual(await this.apply(plan), []);
    await this.assertConverged(payloads);
  }

  /** As an agent that tries again. */
  async settle(payloads: readonly Payload[]): Promise<void> {
    for (let i = 0; i < MAX_PASSES; i++) await this.apply(await this.plan(payloads));
    await this.assertConverged(payloads);
  }

  /** One pass, as an agent does that tries again; whether nothing was left to do. */
  async settled(payloads: readonly Payload[]): Promise<boolean> {
    const plan = await this.plan(payloads);
    await this.apply(plan);
    return plan.waves.length === 0 && plan.verdicts.size === 0;
  }

  async assertConverged(payloads: readonly Payload[]): Promise<void> {
    assert.deepEqual(steps(await this.plan(payloads)), []);
  }
}

/** `op key (reason)` of each step. */
export function steps(plan: Plan): string[] {
  return plan.waves.flat().map(({ step, reason }) => `${step.op} ${step.key} (${reason})`);
}
