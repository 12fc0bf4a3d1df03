/** How the kinds reach the kernel. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeErrno } from '../../host/errno.js';
import { refusal } from '../../host/iproute2/answers.js';
import { Batch, type BatchOptions } from '../../host/iproute2/batch.js';
import type { Words } from '../../host/iproute2/command.js';
import type { Programs } from '../../host/program.js';
import type { Sysctl } from '../../host/sysctl.js';
import { NfvError } from '../../errors.js';
import type { Log } from '../../model/log.js';
import { Broadcasts } from './broadcasts.js';
import type { Door } from './door.js';
import { GatewayFilter } from './routing/gateway-filter.js';
import { Guests } from './ports/guests.js';
import { Isolation } from './ports/isolation.js';
import { parseAddresses, type HostAddress } from './links.js';
import { Routers, type RouterDoors } from './routing/routers.js';
import { inodeOfNetns } from './netns-names.js';
import { undoing } from './undoing.js';

export interface Doors {
  readonly ip: Door;
  /** For `fdb replace`, `append`, `del` and `get`. */
  readonly bridge: Door;
  /**
   * For `fdb show dev`, which leaves its filter behind in its process for later commands
   * (bridge/fdb.c, filter_index).
   */
  readonly fdbShow: Door;
  /** A process of its own, for dumps. */
  once<T>(program: 'ip' | 'bridge', use: (door: Door) => Promise<T>): Promise<T>;
  /** `ip` inside a named network namespace; see `Guests.run`. */
  inNetns(netns: string, commands: readonly Words[], query: Words): Promise<unknown>;
  /** Path of the network namespace that we are in ourselves. */
  readonly ownNetns: string;
  /** See `Isolation`. */
  isolate(bridge: string): Promise<void>;
  isolationDefects(bridge: string): Promise<string[]>;
  /** The network namespaces of routers. */
  readonly routers: RouterDoors;
  /** See `GatewayFilter`. */
  readonly gatewayFilter: {
    set(vni: number, mac: string): Promise<void>;
    clear(vni: number): Promise<void>;
    defects(vni: number, mac: string): Promise<string[]>;
  };
  /** See `Broadcasts`. */
  floodBroadcasts(device: string, flood: boolean): Promise<void>;
  /** Any alias, also none: a batch cannot be told an empty word. */
  setAlias(device: string, alias: string): Promise<void>;
  /** The host's addresses, read once for an operation. */
  addresses(): Promise<readonly HostAddress[]>;
  netnsExists(netns: string): Promise<boolean>;
  /** Of the namespace of this name; undefined: there is none, or it cannot be looked at. */
  netnsInode(netns: string): Promise<number | undefined>;
  /** A command of `ip` that undoes what was half done; see `undoing`. */
  undo(...words: string[]): Promise<void>;
  /** The same of more than one, which may look first. */
  undoing(work: (ip: Door) => Promise<void>): Promise<void>;
  /** A random, locally administered unicast MAC. */
  newMac(): string;
  /** A link of this name is there by our own doing, where there was none. */
  madeLink(name: string): void;
  /** It is no more. */
  removedLink(name: string): void;
  /** Links of these names were found to be others than before. */
  strangeLinks(...names: string[]): void;
}

export interface DoorsOptions extends BatchOptions {
  readonly searchPath: string;
  readonly netnsFolder: string;
  readonly sysctl: Sysctl;
  readonly programs: Programs;
  /** /sys, as our network namespace sees it. */
  readonly sysfs: string;
  /** A folder for files that live as long as a command. */
  readonly scratch: string;
  readonly newMac: () => string;
  readonly log: Pick<Log, 'warn'>;
}

/** The processes behind the doors. */
export class Gate {
  readonly #ip: Batch;
  readonly #bridge: Batch;
  readonly #fdbShow: Batch;
  readonly #tc: Batch;
  readonly #isolation: Isolation;
  readonly #broadcasts: Broadcasts;
  readonly #guests: Guests;
  readonly #gatewayFilter: GatewayFilter;
  readonly routers: Routers;
  readonly #passing = new Set<Batch>();
  #closed = false;

  constructor(private readonly options: DoorsOptions) {
    this.#ip = this.#batch('ip', ['-j', '-d']);
    this.#bridge = this.#batch('bridge', ['-j']);
    this.#fdbShow = this.#batch('bridge', ['-j']);
    this.#tc = this.#batch('tc', ['-j']);
    this.#guests = new Guests(options);
    this.#gatewayFilter = new GatewayFilter(options.log);
    this.routers = new Routers(options);
    this.#isolation = new Isolation(options.sysctl, options.log);
    this.#broadcasts = new Broadcasts(options.sysfs);
  }

  /** The doors for an operation that `signal` ends. */
  doors(signal: AbortSignal): Doors {
    const { newMac } = this.options;
    const ip = door(this.#ip, signal);
    const tc = door(this.#tc, signal);
    let addresses: Promise<readonly HostAddress[]> | undefined;
    return {
      ip,
      bridge: door(this.#bridge, signal),
      fdbShow: door(this.#fdbShow, signal),
      once: (program, use) => this.#once(program, signal, use),
      inNetns: (netns, commands, query) => this.#guests.run(netns, commands, query, signal),
      ownNetns: `/proc/${process.pid}/ns/net`,
      isolate: (bridge) => this.#isolation.isolate(bridge, tc),
      isolationDefects: (bridge) => this.#isolation.defects(bridge, tc),
      routers: this.routers.doors(signal),
      gatewayFilter: {
        set: (vni, mac) => this.#gatewayFilter.set(vni, mac, tc),
        clear: (vni) => this.#gatewayFilter.clear(vni, tc),
        defects: (vni, mac) => this.#gatewayFilter.defects(vni, mac, tc),
      },
      floodBroadcasts: (device, flood) => this.#broadcasts.set(device, flood, ip),
      setAlias: (device, alias) => this.#setAlias(device, alias, signal),
      addresses: () => (addresses ??= ip.query('addr', 'show').then(parseAddresses)),
      netnsExists: (netns) => this.#netnsExists(netns),
      netnsInode: (netns) => inodeOfNetns(join(this.options.netnsFolder, netns)),
      newMac,
      undo: (...words) => this.#undo((lasting) => lasting.run(...words)),
      undoing: (work) => this.#undo(work),
      strangeLinks: (...names) => {
        this.forget(names);
      },
      // `ip link` itself drops what it remembers of a link that it changes (ip/iplink.c).
      removedLink: (name) => {
        for (const batch of this.#lasting()) if (batch !== this.#ip) batch.gone([name]);
      },
      madeLink: (name) => {
        for (const batch of this.#lasting()) if (batch !== this.#ip) batch.made(name);
      },
    };
  }

  /** See `Batch.forget`. */
  forget(names: readonly string[]): void {
    for (const batch of this.#lasting()) batch.forget(names);
  }

  /** See `Batch.gone`. */
  gone(names: readonly string[]): void {
    for (const batch of this.#lasting()) batch.gone(names);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const batch of [...this.#lasting(), ...this.#passing]) batch.close();
    this.routers.close();
    await this.#guests.close();
  }

  #lasting(): readonly Batch[] {
    return [this.#ip, this.#bridge, this.#fdbShow, this.#tc];
  }

  #batch(name: string, args: readonly string[]): Batch {
    return new Batch({ name, args, searchPath: this.options.searchPath }, this.options);
  }

  async #once<T>(
    program: 'ip' | 'bridge',
    signal: AbortSignal,
    use: (door: Door) => Promise<T>,
  ): Promise<T> {
    if (this.#closed) throw new NfvError('SHUTTING_DOWN', 'the dataplane is closed');
    const batch = this.#batch(program, ['-j', '-d']);
    this.#passing.add(batch);
    try {
      return await use(door(batch, signal));
    } finally {
      batch.close();
      this.#passing.delete(batch);
    }
  }

  /** @throws NfvError KERNEL_REFUSED, NOT_PRIVILEGED; those of Programs.run */
  async #setAlias(device: string, alias: string, signal: AbortSignal): Promise<void> {
    const { programs, stallMs: deadlineMs } = this.options;
    const words = ['link', 'set', 'dev', device, 'alias', alias];
    const { code, stderr } = await programs.run('ip', words, { deadlineMs, signal });
    if (code !== 0) throw refusal('ip', words.join(' '), stderr);
  }

  #undo(work: (ip: Door) => Promise<void>): Promise<void> {
    return undoing(this.options.timers, (lasting) => work(door(this.#ip, lasting)));
  }

  async #netnsExists(netns: string): Promise<boolean> {
    const path = join(this.options.netnsFolder, netns);
    try {
      await access(path);
      return true;
    } catch (cause) {
      const code = nodeErrno(cause);
      if (code === 'ENOENT' || code === 'ENOTDIR') return false;
      // It may be there: a link to a container's, say, into which we may not look.
      throw new NfvError('KERNEL_REFUSED', `the network namespace ${netns}: ${path}: ${code}`, {
        cause,
      });
    }
  }
}

function door(batch: Batch, signal: AbortSignal): Door {
  return {
    run: (...words) => batch.run(words, signal),
    query: (...words) => batch.query(words, signal),
    queryText: (...words) => batch.queryText(words, signal),
  };
}
