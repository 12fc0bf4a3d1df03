/** The dataplane of the Linux kernel: its bridges and its VXLAN, driven through iproute2. */
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { abortError } from '../../host/iproute2/answers.js';
import { Monitor } from '../../host/iproute2/monitor.js';
import { Sysctl } from '../../host/sysctl.js';
import { NfvError } from '../../errors.js';
import { timestamp, type Clock } from '../../model/clock.js';
import type { DataplaneStatus } from '../../model/dataplane-status.js';
import type { Log } from '../../model/log.js';
import type { Item, Payload } from '../../model/item.js';
import type { Capabilities, Underlay } from '../../model/nve.js';
import type { PortCounters } from '../../model/query.js';
import type {
  Dataplane,
  Observation,
  Observed,
  ResultListener,
  Scope,
  Step,
  StepResult,
} from '../../reconcile/dataplane.js';
import { Changes } from './changes.js';
import { noteDomains } from './domain-check.js';
import { Gate, type Doors } from './doors.js';
import { KIND_TABLE, KINDS } from './kinds.js';
import { Memory } from './memory.js';
import { countersOf, NET_DEV } from './port-counters.js';
import { notePorts } from './port-sight.js';
import { probe } from './probe.js';
import { read } from './reader.js';
import type { Listener } from './teller.js';
import { underlaysOf } from './underlay.js';
import { Wants, type View } from './view.js';

export interface LinuxDataplaneOptions {
  readonly clock: Clock;
  /** Hears what this kernel cannot do that the host should know of. */
  readonly log: Pick<Log, 'warn'>;
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
  /** Where the statistics of the links are. */
  readonly netDev?: string;
}

const SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const STALL_MS = 10_000;
const MONITOR = ['-o', '-d', 'monitor', 'link', 'address', 'route', 'neigh', 'label'];

export class LinuxDataplane implements Dataplane {
  readonly traits = KINDS;
  readonly #memory = new Memory();
  readonly #gate: Gate;
  readonly #changes: Changes;
  readonly #searchPath: string;
  #monitor: Monitor | undefined;

  /** Works in the network namespace that the process is in; starts what it needs when needed. */
  constructor(private readonly options: LinuxDataplaneOptions) {
    this.#searchPath = options.searchPath ?? SEARCH_PATH;
    this.#gate = new Gate({
      timers: options.clock,
      stallMs: options.stallMs ?? STALL_MS,
      searchPath: this.#searchPath,
      netnsFolder: options.netnsFolder ?? '/run/netns',
      sysctl: new Sysctl(options.sysctlRoot),
      sysfs: options.sysfs ?? '/sys',
      scratch: options.scratch ?? tmpdir(),
      newMac: options.newMac ?? randomMac,
      log: options.log,
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

  capabilities(signal: AbortSignal): Promise<Capabilities> {
    return probe(this.#gate.doors(signal).ip);
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
      kind?.reads(rest, wanted.get(key)?.payload, wants, this.#memory);
    }
    const view = await read(wants, this.#gate.doors(signal), this.#memory);
    if (scope.kind === 'all') this.#rememberAll(view);
    for (const [key, { payload }] of wanted) this.#changes.want(key, payload);
    noteDomains(view, this.#memory);
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
    const carryOut = async (step: Step, at: number): Promise<StepResult> => {
      const result = await this.#step(step, doors, signal);
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
    this.#monitor ??= new Monitor(
      { name: 'ip', args: MONITOR, searchPath: this.#searchPath },
      this.options.clock,
      {
        line: (text) => {
          this.#changes.line(text);
        },
        gap: () => {
          this.#changes.gap();
        },
      },
    );
  }

  counters(keys: readonly string[]): Promise<readonly PortCounters[]> {
    return countersOf(keys, this.#memory, this.options.netDev ?? NET_DEV);
  }

  async close(): Promise<void> {
    this.#changes.close();
    this.#monitor?.close();
    await this.#gate.close();
  }

  #rememberAll(view: View): void {
    this.#memory.clear();
    notePorts(view, this.#memory);
    this.#memory.primed = true;
    this.#changes.knowAll(view);
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
