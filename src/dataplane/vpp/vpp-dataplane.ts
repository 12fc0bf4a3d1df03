/** The dataplane of FD.io VPP, driven over its binary API. */
import { NfvError } from '../../errors.js';
import type { Clock } from '../../model/clock.js';
import type { DataplaneStatus } from '../../model/dataplane-status.js';
import type { Item } from '../../model/item.js';
import type { Log } from '../../model/log.js';
import type { Capabilities, ProviderUplink, Underlay } from '../../model/nve.js';
import type { PortCounters } from '../../model/query.js';
import type {
  AroundStep,
  Dataplane,
  Observation,
  ResultListener,
  Scope,
  Step,
  StepResult,
} from '../../reconcile/dataplane.js';
import { abortError } from '../../vpp-api/client/abort-watch.js';
import type { VppClient } from '../../vpp-api/client/client.js';
import type { SessionEvent } from '../../vpp-api/client/options.js';
import { VppAddressWatch } from './watch/address-watch.js';
import { Admission } from './admission.js';
import { capabilitiesOf, providersOf } from './capabilities.js';
import { Changes, type Listener } from './changes.js';
import type { Context } from './context.js';
import type { GuestDoor } from './watch/guest-door.js';
import { Health } from './health.js';
import type { HostDoors } from './host-doors.js';
import { InterfaceEvents } from './watch/interface-events.js';
import { KIND_TABLE, KINDS } from './kinds.js';
import type { Learning } from './learning.js';
import { Lookups } from './lookups.js';
import { MemifSockets } from './ports/memif-sockets.js';
import { Memory } from './memory.js';
import { Orphans } from './orphans.js';
import { countersOf, type ReadStats } from './ports/port-counters.js';
import { read } from './read.js';
import { readAddresses, readInterfaces } from './read-interfaces.js';
import { Release } from './release.js';
import { list, sights, Subjects } from './subjects.js';
import { underlaysOf } from './uplink/underlay.js';
import type { Uplink } from './uplink/uplink.js';
import { Uplinks } from './uplink/uplinks.js';
import type { View } from './view.js';
import { Vpp } from './vpp.js';
import { Wants } from './wants.js';

export interface VppDataplaneOptions {
  /** Makes the client, which tells the dataplane what becomes of its connection. */
  readonly connect: (onSession: (event: SessionEvent) => void) => VppClient;
  readonly uplinks: readonly Uplink[];
  /** Interfaces of VPP to physical networks, and what networks call them. */
  readonly providers?: readonly Pick<ProviderUplink, 'name' | 'interface'>[];
  /** The kernel has what VPP's taps need. */
  readonly canTap: () => Promise<boolean>;
  readonly readStats: ReadStats;
  readonly clock: Clock;
  readonly host: HostDoors;
  readonly guests: GuestDoor;
  readonly log: Pick<Log, 'info' | 'warn'>;
  readonly aroundStep?: AroundStep;
}

/** Is told what became of a step. */
type Ended = (result: StepResult) => void;

/** Of a VPP that was not reached yet. */
const UNKNOWN: Capabilities = {
  dataplane: 'vpp',
  dataplaneVersion: '',
  itemKinds: [],
  encapsulations: [],
  portKinds: [],
  bumModes: [],
};

export class VppDataplane implements Dataplane {
  readonly traits = KINDS;
  readonly addressWatch: VppAddressWatch;
  /** The flood list is the tunnels themselves; of all else the dependencies say what comes before. */
  readonly overlapsWaves = true;
  readonly #subjects = new Subjects();
  readonly #memory = new Memory();
  readonly #changes = new Changes(this.#memory);
  readonly #client: VppClient;
  readonly #events: InterfaceEvents;
  readonly #uplinks: Uplinks;
  readonly #orphans = new Orphans();
  readonly #lookups = new Lookups();
  readonly #memifSockets = new MemifSockets();
  readonly #release = new Release();
  readonly #networksThatLearn = new Set<number>();
  readonly #admission = new Admission(this.#release);
  readonly #health: Health;
  #capabilities: Capabilities = UNKNOWN;
  /** The first attempt to connect is over, well or not. */
  readonly #tried: Promise<void>;
  #endTry: () => void = () => undefined;

  /** Connects, and goes on connecting until `close`. */
  constructor(private readonly options: VppDataplaneOptions) {
    const providers = (options.providers ?? []).map((each) => [each.name, each.interface] as const);
    this.#uplinks = new Uplinks(options.uplinks, new Map(providers), options.host);
    this.#health = new Health(options.clock);
    this.#tried = new Promise((resolve) => (this.#endTry = resolve));
    this.#client = options.connect((event) => {
      this.#told(event);
    });
    this.#events = new InterfaceEvents(this.#client, this.#changes, options.log);
    const { guests: door, clock, log } = options;
    const means = { client: this.#client, memory: this.#memory, changes: this.#changes };
    const canSeeNow = (): void => {
      this.#health.tellAgain();
    };
    this.addressWatch = new VppAddressWatch({ ...means, door, clock, log, canSeeNow });
    this.#client.start();
  }

  /** Of a VPP that is out of reach they are those of the last one; of none yet there are none. */
  async capabilities(signal: AbortSignal): Promise<Capabilities> {
    await this.#tried;
    if (this.#client.boot !== undefined) {
      const vpp = this.#vpp(signal);
      const version = await this.#release.of(vpp);
      const found = capabilitiesOf(vpp, version, await this.options.canTap());
      const providers = await providersOf(this.#uplinks.providers, vpp);
      this.#capabilities = {
        ...found,
        ...(providers.length > 0 ? { providers } : {}),
        ...((await this.addressWatch.canSee(vpp)) ? { seesAddresses: true } : {}),
      };
    }
    return this.#capabilities;
  }

  onStatus(listener: (status: DataplaneStatus) => void): void {
    this.#health.listen(listener);
  }

  async underlays(signal: AbortSignal): Promise<readonly Underlay[]> {
    await this.#tried;
    // Those that are configured are known without VPP.
    if (this.#client.boot === undefined) return underlaysOf([], [], this.options.uplinks);
    const vpp = this.#vpp(signal);
    const interfaces = await readInterfaces(vpp);
    const addresses = await readAddresses(interfaces, vpp);
    return underlaysOf(interfaces, addresses, this.options.uplinks);
  }

  async observe(
    scope: Scope,
    wanted: ReadonlyMap<string, Item>,
    signal: AbortSignal,
  ): Promise<Observation> {
    await this.#tried;
    const vpp = this.#vpp(signal);
    this.#orphans.settled();
    this.#lookups.settled();
    const wants = new Wants(scope.kind === 'all');
    const asked = this.#subjects.of(scope.kind === 'all' ? wanted.keys() : scope.keys, wanted);
    for (const { kind, rest, payload } of asked) kind.reads(rest, payload, wants);
    this.#note(wants.learning);
    const means = { uplinks: this.#uplinks, host: this.options.host, learning: this.#learning };
    const view = await read(wants, means, vpp);
    view.watched = this.addressWatch.networks;
    const others = scope.kind === 'all' ? this.#subjects.of(list(view, wanted), wanted) : [];
    const observation = sights([...asked, ...others], view);
    this.#remember(view, wants);
    if (wants.everything) this.#orphans.noted(view, vpp.start);
    return observation;
  }

  async apply(
    steps: readonly Step[],
    signal: AbortSignal,
    onResult?: ResultListener,
  ): Promise<readonly StepResult[]> {
    const context = this.#contextOf(signal);
    if (context instanceof NfvError) return steps.map(() => context);
    const done = this.#changes.working(steps.map(({ key }) => key));
    const results: StepResult[] = steps.map(() => undefined);
    let left = steps.length;
    try {
      await new Promise<void>((resolve, reject) => {
        if (left === 0) resolve();
        for (const [at, step] of steps.entries()) {
          this.#begin(step, context, (result) => {
            results[at] = result;
            try {
              onResult?.(at, result);
            } catch (error) {
              reject(NfvError.from(error));
            }
            if (--left === 0) resolve();
          });
        }
      });
    } finally {
      done();
    }
    return results;
  }

  onChange(listener: Listener): void {
    this.#changes.listen(listener);
  }

  /** @throws NfvError also while VPP is not there: what a dead one has counted can still be read. */
  async counters(keys: readonly string[]): Promise<readonly PortCounters[]> {
    this.#health.requireSession();
    return await countersOf(keys, this.#memory, this.options.readStats);
  }

  async close(): Promise<void> {
    this.#endTry();
    await this.#client.close();
    await this.#events.ended;
    await this.addressWatch.close();
  }

  #vpp(signal: AbortSignal): Vpp {
    const vpp = new Vpp(this.#client, signal);
    this.#memory.enter(vpp.start);
    return vpp;
  }

  #told(event: SessionEvent): void {
    const { log } = this.options;
    this.#health.told(event, this.#client.binding);
    if (event.kind === 'ready' || event.kind === 'lost') this.#endTry();
    if (event.kind === 'ready') {
      const { boot, restarted, schema, passedOver } = event;
      this.#memory.enter(boot.number);
      log.info({ pid: boot.pid, restarted, schema }, 'connected to VPP');
      if (passedOver !== undefined) {
        const { code, message } = passedOver;
        log.warn({ code, error: message }, 'definitions of VPP’s messages passed over');
      }
      this.#events.start();
      this.addressWatch.connected();
      this.#changes.tell(restarted ? 'restarted' : 'unknown');
      this.#readPlugins();
    } else if (event.kind === 'lost' && event.wasOpen) {
      this.addressWatch.lost();
      const { code, message } = event.error;
      log.warn({ code, error: message }, 'connection to VPP lost');
      this.#changes.tell('lost');
    }
  }

  /** For people only: what goes wrong with it is told by whatever else is asked. */
  #readPlugins(): void {
    const vpp = new Vpp(this.#client, undefined);
    this.#health.readPlugins(vpp).catch((thrown: unknown) => {
      const { code, message } = NfvError.from(thrown);
      if (code === 'SHUTTING_DOWN') return;
      this.options.log.warn({ code, error: message }, 'VPP does not tell its plugins');
    });
  }

  /** Of networks that are looked at: whether they learn. */
  #note(looked: ReadonlyMap<number, boolean>): void {
    for (const [vni, learns] of looked) {
      if (learns) this.#networksThatLearn.add(vni);
      else this.#networksThatLearn.delete(vni);
    }
  }

  get #learning(): Learning {
    return { networks: this.#networksThatLearn, takers: this.addressWatch.takers };
  }

  #remember(view: View, { interfaces, everything }: Wants): void {
    if (everything) this.#memory.clear();
    if (!interfaces) return;
    for (const tag of view.tags()) {
      const found = view.tagged(tag);
      if (found !== undefined) this.#memory.set(tag, found.index);
    }
  }

  /** For the steps of one call, which are of one VPP; why there is none. */
  #contextOf(signal: AbortSignal): Context | NfvError {
    try {
      return {
        vpp: this.#vpp(signal),
        memory: this.#memory,
        uplinks: this.#uplinks,
        admission: this.#admission,
        orphans: this.#orphans,
        lookups: this.#lookups,
        memifSockets: this.#memifSockets,
        watched: this.addressWatch.networks,
        learning: this.#learning,
        host: this.options.host,
      };
    } catch (error) {
      return NfvError.from(error);
    }
  }

  #begin(step: Step, context: Context, ended: Ended): void {
    const { aroundStep } = this.options;
    if (aroundStep === undefined) {
      this.#carryOut(step, context, ended);
      return;
    }
    const run = (): Promise<StepResult> =>
      new Promise((resolve) => {
        this.#carryOut(step, context, resolve);
      });
    aroundStep(step, run).then(ended, (error: unknown) => {
      ended(NfvError.from(error));
    });
  }

  /** What else is to be done about it. */
  #placed(step: Step): StepResult {
    if (step.op === 'delete') return undefined;
    try {
      this.addressWatch.placed(step.item.payload);
      return undefined;
    } catch (error) {
      return NfvError.from(error);
    }
  }

  /** Not async: of thousands a promise less counts. */
  #carryOut(step: Step, context: Context, ended: Ended): void {
    const intake = this.#admission.of(step);
    const fail = (error: unknown): void => {
      if (intake !== undefined) this.#admission.over(step.key);
      ended(NfvError.from(error));
    };
    const succeed = (): void => {
      if (intake !== undefined) this.#admission.over(step.key);
      ended(this.#placed(step));
    };
    const { vpp } = context;
    try {
      if (vpp.signal?.aborted === true) throw abortError(step.key, vpp.signal);
      const work =
        intake === undefined
          ? KIND_TABLE.carryOut(step, context)
          : this.#admission
              .admit(step.key, intake, vpp)
              .then(() => KIND_TABLE.carryOut(step, context));
      work.then(succeed, fail);
    } catch (error) {
      fail(error);
    }
  }
}
