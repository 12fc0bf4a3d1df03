/** The dataplane of the Linux kernel: its bridges and its VXLAN, driven through iproute2. */
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { abortError } from '../../host/iproute2/answers.js';
import type { CommandObserver } from '../../host/iproute2/batch.js';
import { Monitor } from '../../host/iproute2/monitor.js';
import { SystemPrograms, type Programs } from '../../host/program.js';
import { Sysctl } from '../../host/sysctl.js';
import { NfvError } from '../../errors.js';
import { timestamp, type Clock } from '../../model/clock.js';
import type { DataplaneStatus } from '../../model/dataplane-status.js';
import type { Log } from '../../model/log.js';
import type { Item, Payload } from '../../model/item.js';
import type { Capabilities, ProviderUplink, Underlay } from '../../model/nve.js';
import type { PortCounters, Reach, UnderlayPath } from '../../model/query.js';
import type {
  AroundStep,
  Dataplane,
  Observation,
  Observed,
  ResultListener,
  Scope,
  Step,
  StepResult,
} from '../../reconcile/dataplane.js';
import { LinuxAddressWatch } from './address-watch.js';
import { Changes } from './changes.js';
import { noteDomains } from './domain-check.js';
import { Gate, type Doors } from './doors.js';
import { noteAnswers } from './routing/gateway-answers.js';
import { noteGateways } from './routing/gateway-interface.js';
import { KIND_TABLE, KINDS } from './kinds.js';
import { Memory, type Reading } from './memory.js';
import { countersOf, NET_DEV } from './ports/port-counters.js';
import { NetnsNames } from './netns-names.js';
import { notePorts } from './ports/port-sight.js';
import { probe } from './probe.js';
import { reachOf } from './reach.js';
import { read } from './reader.js';
import { namesLast } from './routing/routers.js';
import type { Listener } from './teller.js';
import { underlaysOf } from './underlay.js';
import { Wants, type View } from './view.js';

export interface LinuxDataplaneOptions {
  readonly clock: Clock;
  /** Hears what this kernel cannot do that the host should know of. */
  readonly log: Pick<Log, 'warn'>;
  /** Interfaces of the host to physical networks, and what networks call them. */
  readonly providers?: readonly Pick<ProviderUplink, 'name' | 'interface'>[];
  /** Folders to look for iproute2 in, as in $PATH. */
  readonly searchPath?: string;
  /** Where the kernel's settings are. */
  readonly sysctlRoot?: string;
  /** Where sysfs is, as our network namespace sees it. */
  readonly sysfs?: string;
  /** Where network namespaces have their names. */
  readonly netnsFolder?: string;
  /** A folder for files that live as long as a command; its path has neither spaces nor quotes. */
  readonly scratch?: string;
  /** An iproute2 process that owes an answer and says nothing for so long is killed. */
  readonly stallMs?: number;
  readonly newMac?: () => string;
  /** What is mounted where, as our mount namespace sees it. */
  readonly mountinfo?: string;
  /** Where the statistics of the links are. */
  readonly netDev?: string;
  /** Is told of every command to iproute2. */
  readonly onCommand?: CommandObserver;
  readonly aroundStep?: AroundStep;
}

const SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const STALL_MS = 10_000;
const ROUTER_MONITOR = [
  ...['-o', '-d', 'monitor', 'link', 'address', 'route', 'neigh', 'nsid'],
  ...['label', 'all-nsid'],
];
const MONITOR = ['-o', '-d', 'monitor', 'link', 'address', 'route', 'neigh', 'label'];

export class LinuxDataplane implements Dataplane {
  readonly traits = KINDS;
  readonly addressWatch: LinuxAddressWatch;
  readonly #memory: Memory;
  readonly #gate: Gate;
  readonly #changes: Changes;
  readonly #searchPath: string;
  readonly #programs: Programs;
  #toldOfNames = false;
  #monitor: Monitor | undefined;
  /** Of routers' namespaces; when there are any. */
  #routerMonitor: Monitor | undefined;
  readonly #netnsNames: NetnsNames;

  /** Works in the network namespace that the process is in; starts what it needs when needed. */
  constructor(private readonly options: LinuxDataplaneOptions) {
    const { providers = [] } = options;
    this.#memory = new Memory(new Map(providers.map((each) => [each.name, each.interface])));
    this.#searchPath = options.searchPath ?? SEARCH_PATH;
    this.addressWatch = new LinuxAddressWatch(options.log);
    this.#programs = new SystemPrograms(this.#searchPath, options.clock);
    const netnsFolder = options.netnsFolder ?? '/run/netns';
    this.#gate = new Gate({
      timers: options.clock,
      stallMs: options.stallMs ?? STALL_MS,
      searchPath: this.#searchPath,
      netnsFolder,
      sysctl: new Sysctl(options.sysctlRoot),
      programs: this.#programs,
      sysfs: options.sysfs ?? '/sys',
      scratch: options.scratch ?? tmpdir(),
      newMac: options.newMac ?? randomMac,
      log: options.log,
      ...(options.onCommand === undefined ? {} : { onCommand: options.onCommand }),
    });
    this.#netnsNames = new NetnsNames(netnsFolder, (name) => {
      void this.#nameChanged(name);
    });
    this.#changes = new Changes(options.clock, this.#memory, {
      renamed: (names) => {
        this.#gate.forget(names);
      },
      gone: (names) => {
        this.#gate.gone(names);
      },
    });
  }

  async capabilities(signal: AbortSignal): Promise<Capabilities> {
    const last = await namesLast(this.options.mountinfo);
    if (!last && !this.#toldOfNames) {
      this.#toldOfNames = true;
      const { log } = this.options;
      log.warn(
        {},
        'no routers: /run/netns is a copy here, so names in it would end with the agent',
      );
    }
    const found = await probe(this.#gate.doors(signal).ip, last, this.#memory.uplinks);
    return { ...found, seesAddresses: true };
  }

  async underlays(signal: AbortSignal): Promise<readonly Underlay[]> {
    return underlaysOf(await this.#gate.doors(signal).addresses());
  }

  async observe(
    scope: Scope,
    wanted: ReadonlyMap<string, Item>,
    signal: AbortSignal,
  ): Promise<Observation> {
    const wants = new Wants(scope.kind === 'all');
    for (const key of scope.kind === 'all' ? wanted.keys() : scope.keys) {
      const [kind, rest] = KIND_TABLE.at(key);
      const about = wants.about(this.#changes.knows(key));
      kind?.reads(rest, wanted.get(key)?.payload, about, this.#memory);
    }
    const view = await this.#read(wants, signal);
    for (const [key, { payload }] of wanted) this.#changes.want(key, payload);
    noteDomains(view, wants, this.#memory);
    if (scope.kind === 'all') noteAnswers(view, wants, this.#memory);
    if (this.#monitor !== undefined) this.#netnsNames.watch();
    this.#noteRouters(view);
    for (const route of view.routes()) this.#changes.leadsThrough(route.device);
    const found = scope.kind === 'all' ? this.#list(view) : scope.keys;
    return this.#sights(new Set([...wanted.keys(), ...found]), wanted, view);
  }

  async apply(
    steps: readonly Step[],
    signal: AbortSignal,
    onResult?: ResultListener,
  ): Promise<readonly StepResult[]> {
    const doors = this.#gate.doors(signal);
    const done = this.#changes.working(steps.map(target));
    const { aroundStep } = this.options;
    const carryOut = async (step: Step, at: number): Promise<StepResult> => {
      const run = (): Promise<StepResult> => this.#step(step, doors, signal);
      const result = await (aroundStep === undefined ? run() : aroundStep(step, run));
      onResult?.(at, result);
      return result;
    };
    try {
      return await Promise.all(steps.map(carryOut));
    } finally {
      done();
    }
  }

  /** The kernel is always there. */
  onStatus(listener: (status: DataplaneStatus) => void): void {
    const since = timestamp(this.options.clock.now());
    const fine = { session: 'CONNECTED', since, reasonCode: '', reason: '' } as const;
    listener({ ...fine, restarts: 0, boot: '', features: [], plugins: [] });
  }

  onChange(listener: Listener): void {
    this.#changes.listen(listener);
    this.#monitor ??= this.#startMonitor(MONITOR, (text) => {
      this.#changes.line(text);
    });
  }

  counters(keys: readonly string[]): Promise<readonly PortCounters[]> {
    return countersOf(keys, this.#memory, this.options.netDev ?? NET_DEV);
  }

  reach(paths: readonly UnderlayPath[], signal: AbortSignal): Promise<readonly Reach[]> {
    return reachOf(paths, this.#programs, signal);
  }

  async close(): Promise<void> {
    this.#changes.close();
    this.#monitor?.close();
    this.#routerMonitor?.close();
    this.#netnsNames.close();
    await this.addressWatch.close();
    await this.#gate.close();
  }

  #startMonitor(args: readonly string[], line: (text: string) => void): Monitor {
    return new Monitor({ name: 'ip', args, searchPath: this.#searchPath }, this.options.clock, {
      line,
      gap: () => {
        this.#changes.gap();
      },
    });
  }

  /** Listens to what happens in routers from the first on. */
  #noteRouters(view: View): void {
    for (const [vrf, { nsid }] of view.routers) {
      if (nsid !== undefined) this.#memory.setRouter(nsid, vrf);
    }
    if (view.routers.size === 0 || this.#monitor === undefined) return;
    this.#routerMonitor ??= this.#startMonitor(ROUTER_MONITOR, (text) => {
      this.#changes.routerLine(text);
    });
  }

  async #nameChanged(name: string): Promise<void> {
    this.#changes.netnsNamed(name);
    try {
      const vrf = await this.#gate.routers.vrfOfName(name);
      if (vrf === undefined) return;
      if ((await this.#gate.routers.place(vrf)) !== 'namespace') this.#changes.routerLost(vrf);
    } catch {
      // Whose it is cannot be told: the next check of everything sees it.
      this.#changes.gap();
    }
  }

  async #read(wants: Wants, signal: AbortSignal): Promise<View> {
    const doors = this.#gate.doors(signal);
    if (!wants.everything) return read(wants, doors, this.#memory);
    const reading = this.#memory.begin();
    try {
      const view = await read(wants, doors, this.#memory);
      this.#rememberAll(view, reading);
      return view;
    } finally {
      this.#memory.end(reading);
    }
  }

  #rememberAll(view: View, reading: Reading): void {
    this.#memory.clear();
    notePorts(view, this.#memory);
    noteGateways(view, this.#memory);
    const isWhole = this.#changes.knowAll(view, reading);
    this.#memory.primed = isWhole && !reading.isVoid;
  }

  *#list(view: View): Iterable<string> {
    for (const kind of KIND_TABLE.all) yield* kind.list(view, this.#memory);
  }

  #sights(keys: ReadonlySet<string>, wanted: ReadonlyMap<string, Item>, view: View): Observation {
    const objects = new Map<string, Observed>();
    const obstacles = new Map<string, NfvError>();
    for (const key of keys) {
      const [kind, rest] = KIND_TABLE.at(key);
      const sight = kind?.observe(rest, wanted.get(key)?.payload, view, this.#memory);
      if (sight instanceof NfvError) obstacles.set(key, sight);
      else if (sight !== undefined) objects.set(key, { key, ...sight });
      this.#changes.know(key, sight instanceof NfvError ? undefined : sight?.payload);
    }
    return { objects, obstacles };
  }

  async #step(step: Step, doors: Doors, signal: AbortSignal): Promise<StepResult> {
    try {
      if (signal.aborted) throw abortError(signal);
      if (step.op === 'delete') this.#changes.unwant(step.key);
      else this.#changes.know(step.key, step.item.payload);
      await KIND_TABLE.carryOut(step, doors, this.#memory);
      return undefined;
    } catch (error) {
      this.#changes.know(step.key, undefined);
      return NfvError.from(error);
    }
  }
}

function target(step: Step): Payload {
  return step.op === 'delete' ? step.from.payload : step.item.payload;
}

function randomMac(): string {
  const [first = 0, ...others] = randomBytes(6);
  // Locally administered, unicast (IEEE 802 §8.2).
  return [(first & 0xfc) | 0x02, ...others].map((b) => b.toString(16).padStart(2, '0')).join(':');
}
