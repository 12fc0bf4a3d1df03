/**
 * The network namespaces of routers, and an `ip` inside each that lasts.
 *
 * A namespace has a name as long as something is mounted there, and that must outlive the agent: so
 * the agent has to be in the mount namespace of the host. In a copy of it (of `ip netns exec`, or of
 * a service with mounts of its own) what it mounts ends with it.
 */
import { setMaxListeners } from 'node:events';
import { readdir, readFile, readlink, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrno } from '../../../host/iproute2/answers.js';
import { Batch, type BatchOptions } from '../../../host/iproute2/batch.js';
import { nodeErrno } from '../../../host/errno.js';
import type { Programs } from '../../../host/program.js';
import type { Sysctl } from '../../../host/sysctl.js';
import { NfvError } from '../../../errors.js';
import type { Door } from '../door.js';
import { routerSettings } from './router-settings.js';
import { NSFS_MAGIC } from '../netns-names.js';
import { undoing } from '../undoing.js';

/** As `Doors.routers`; all reject as `Door` besides. */
export interface RouterDoors {
  /** Name of the namespace of a VRF's router. */
  nameOf(vrf: number): Promise<string>;
  /** The VRFs of which there is a namespace with such a name. */
  list(): Promise<readonly number[]>;
  /**
   * What has the name: `file` is what a broken-off creation leaves. A namespace that has lost its name is
   * let go of: who removes a router finds none, and does not come by here again.
   */
  place(vrf: number): Promise<'namespace' | 'file' | 'nothing'>;
  /** `ip` inside it; @throws NfvError ROUTER_MISSING */
  inside(vrf: number): Promise<Door>;
  /** As `Doors.undo`, inside it. */
  undo(vrf: number, ...words: string[]): Promise<void>;
  /** Makes it forward packets, and nothing else that it should not; @throws COMMAND_MISSING */
  settle(vrf: number): Promise<void>;
  /** Lets go of it, so that it ends with its name. */
  release(vrf: number): void;
  /** An interface of this name came or went inside by our own doing. */
  gone(vrf: number, device: string): void;
  /** Does what no two may do to a router at a time. */
  inTurn<T>(vrf: number, work: () => Promise<T>): Promise<T>;
}

export interface RoutersOptions extends BatchOptions {
  readonly searchPath: string;
  /** Where network namespaces have their names. */
  readonly netnsFolder: string;
  readonly sysctl: Sysctl;
  readonly programs: Programs;
}

/** A process of `ip` in a router. */
interface Inside {
  readonly batch: Batch;
  /** Of the namespace that it is in. */
  readonly inode: number;
}

/** Processes that last, and those of them that are started at a time. */
const MAX_INSIDE = 128;
const NAME = /^nfvr([1-9]\d{0,7})(-\d+)?$/;
/** A setting that only the first network namespace has (net/core/sysctl_net_core.c). */
const OF_FIRST = 'net/core/netdev_max_backlog';

export class Routers {
  /** The one that was used last is last. */
  readonly #inside = new Map<number, Inside>();
  /** The end of the last that was given a turn. */
  readonly #turns = new Map<number, Promise<unknown>>();
  #suffix: Promise<string> | undefined;
  #closed = false;

  constructor(private readonly options: RoutersOptions) {}

  doors(signal: AbortSignal): RouterDoors {
    // Each process listens to it.
    setMaxListeners(2 * MAX_INSIDE, signal);
    return {
      nameOf: (vrf) => this.#nameOf(vrf),
      list: () => this.#list(),
      place: async (vrf) => {
        const found = await this.place(vrf);
        if (found !== 'namespace') this.release(vrf);
        return found;
      },
      inside: (vrf) => this.#enter(vrf, signal),
      undo: (vrf, ...words) =>
        undoing(this.options.timers, async (lasting) => {
          await (await this.#enter(vrf, lasting)).run(...words);
        }),
      settle: (vrf) => this.#settle(vrf, signal),
      release: (vrf) => {
        this.release(vrf);
      },
      gone: (vrf, device) => this.#inside.get(vrf)?.batch.gone([device]),
      inTurn: (vrf, work) => this.#inTurn(vrf, work),
    };
  }

  release(vrf: number): void {
    this.#inside.get(vrf)?.batch.close();
    this.#inside.delete(vrf);
  }

  close(): void {
    this.#closed = true;
    for (const vrf of [...this.#inside.keys()]) this.release(vrf);
  }

  /** The VRF of a namespace's name; undefined: not one of this agent's routers. */
  async vrfOfName(name: string): Promise<number | undefined> {
    const [, digits, suffix = ''] = NAME.exec(name) ?? [];
    return digits !== undefined && suffix === (await this.#ending()) ? Number(digits) : undefined;
  }

  async #nameOf(vrf: number): Promise<string> {
    return `nfvr${vrf}${await this.#ending()}`;
  }

  /**
   * Agents in network namespaces of their own, as in a lab, share the names: those of their routers
   * end with the inode of their namespace, which no other has while it is there.
   */
  #ending(): Promise<string> {
    this.#suffix ??= this.#findEnding();
    return this.#suffix;
  }

  async #findEnding(): Promise<string> {
    if ((await this.options.sysctl.read(OF_FIRST)) !== undefined) return '';
    const own = await readlink('/proc/self/ns/net');
    return `-${/\d+/.exec(own)?.[0] ?? '0'}`;
  }

  async #list(): Promise<readonly number[]> {
    let names: string[];
    try {
      names = await readdir(this.options.netnsFolder);
    } catch (error) {
      if (nodeErrno(error) === 'ENOENT') return [];
      throw unreadable(this.options.netnsFolder, error);
    }
    const vrfs = await Promise.all(names.map((name) => this.vrfOfName(name)));
    return vrfs.filter((vrf) => vrf !== undefined);
  }

  /** See `RouterDoors.place`. */
  async place(vrf: number): Promise<'namespace' | 'file' | 'nothing'> {
    const path = join(this.options.netnsFolder, await this.#nameOf(vrf));
    try {
      return (await statfs(path)).type === NSFS_MAGIC ? 'namespace' : 'file';
    } catch (error) {
      if (nodeErrno(error) === 'ENOENT') return 'nothing';
      throw unreadable(path, error);
    }
  }

  /** A name that was given to another namespace gets another process. */
  async #enter(vrf: number, signal: AbortSignal): Promise<Door> {
    const name = await this.#nameOf(vrf);
    const inode = await this.#inodeOf(name);
    if (this.#closed) throw new NfvError('SHUTTING_DOWN', 'the dataplane is closed');
    const before = this.#inside.get(vrf);
    if (before !== undefined && before.inode !== inode) this.release(vrf);
    if (inode === undefined) throw missing(vrf, name);
    const now = this.#inside.get(vrf) ?? { batch: this.#batch(name), inode };
    this.#inside.delete(vrf);
    this.#inside.set(vrf, now);
    this.#letGo();
    return bounded(now.batch, signal, () => missing(vrf, name));
  }

  /** `Batch.close` ends what is under way, so only those go that owe nothing. */
  #letGo(): void {
    for (const [vrf, { batch }] of this.#inside) {
      if (this.#inside.size <= MAX_INSIDE) return;
      if (batch.isIdle) this.release(vrf);
    }
  }

  /** Each takes no longer than its commands, which end by themselves. */
  async #inTurn<T>(vrf: number, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(vrf) ?? Promise.resolve();
    const mine = before.then(work);
    const end = mine.catch(() => undefined);
    this.#turns.set(vrf, end);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(vrf) === end) this.#turns.delete(vrf);
    }
  }

  async #inodeOf(name: string): Promise<number | undefined> {
    try {
      return (await stat(join(this.options.netnsFolder, name))).ino;
    } catch (error) {
      if (nodeErrno(error) === 'ENOENT') return undefined;
      throw unreadable(name, error);
    }
  }

  #batch(name: string): Batch {
    const { searchPath } = this.options;
    return new Batch({ name: 'ip', args: ['-n', name, '-j', '-d'], searchPath }, this.options);
  }

  async #settle(vrf: number, signal: AbortSignal): Promise<void> {
    const name = await this.#nameOf(vrf);
    const words = ['netns', 'exec', name, 'sysctl', '-q', '-e', '-w', ...routerSettings];
    const { stallMs: deadlineMs, programs } = this.options;
    const { code, stderr } = await programs.run('ip', words, { deadlineMs, signal });
    if (code === 0) return;
    const said = stderr.trim();
    if (said.includes('exec of "sysctl" failed')) {
      throw new NfvError('COMMAND_MISSING', `cannot start sysctl: ${said}`, {
        remedy: 'apt-get install procps',
      });
    }
    throw new NfvError('KERNEL_REFUSED', `cannot set the sysctls of ${name}: ${said}`);
  }
}

/**
 * What is mounted here stays when this process ends: /run/netns is no copy of the host's (`master:`
 * in proc_pid_mountinfo(5)).
 */
export async function namesLast(mountinfo = '/proc/self/mountinfo'): Promise<boolean> {
  const mounts = (await readFile(mountinfo, 'utf8')).split('\n').map((line) => line.split(' '));
  const covering = mounts.filter(([, , , , at = '']) => isAbove(at, '/run/netns'));
  const longest = Math.max(...covering.map(([, , , , at = '']) => at.length));
  const [mount] = covering.filter(([, , , , at = '']) => at.length === longest).slice(-1);
  const end = mount?.indexOf('-') ?? -1;
  return mount?.slice(6, end).some((tag) => tag.startsWith('master:')) === false;
}

function isAbove(folder: string, path: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}

function missing(vrf: number, name: string): NfvError {
  return new NfvError('NETNS_MISSING', `the router's network namespace ${name} is not there`, {
    metadata: { vrf: String(vrf), netns: name },
    remedy: 'none: the agent makes it again',
  });
}

function unreadable(what: string, cause: unknown): NfvError {
  return new NfvError('KERNEL_REFUSED', `cannot read ${what}: ${nodeErrno(cause)}`, { cause });
}

function bounded(batch: Batch, signal: AbortSignal, gone: () => NfvError): Door {
  const guard = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw isNoNamespace(error) ? gone() : error;
    }
  };
  return {
    run: (...words) => guard(batch.run(words, signal)),
    query: (...words) => guard(batch.query(words, signal)),
    queryText: (...words) => guard(batch.queryText(words, signal)),
  };
}

/** `ip -n` itself found no namespace. */
function isNoNamespace(error: unknown): boolean {
  const said = error instanceof NfvError ? error.message : '';
  return hasErrno(error, 'ENOENT') && said.includes('Cannot open network namespace');
}
