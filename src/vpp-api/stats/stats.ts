/** VPP's statistics, read from the segment it shares: no CPU time of VPP's is used. */
import { stat } from 'node:fs/promises';
import { NfvError } from '../../errors.js';
import type { Timers } from '../timers.js';
import {
  BUFFER_POOLS,
  bufferPoolsOf,
  ERRORS,
  errorsOf,
  INTERFACES,
  interfacesOf,
  NODES,
  nodesOf,
  type BufferPool,
  type ErrorCounter,
  type InterfaceCounters,
  type NodeCounters,
} from './counters.js';
import { SegmentView, TornRead, type Entry } from './segment-view.js';
import type { Mapping, MapSegment } from './stat-library.js';
import { valueOf, type Stat } from './stat-values.js';

export const DEFAULT_STATS_SOCKET = '/run/vpp/stats.sock';

export interface StatsOptions {
  readonly path: string;
  readonly map: MapSegment;
  readonly timers: Timers;
}

/** Tries at one reading, while VPP changes what is read. */
const TRIES = 50;
const RETRY_MS = 2;
const CONNECT_MS = 5_000;

interface Open {
  readonly view: SegmentView;
  readonly mapping: Mapping;
  /** Inode and time of the socket: another one's segment is another VPP's. */
  readonly instance: string;
}

export class VppStats {
  readonly #options: StatsOptions;
  #open: Open | undefined;
  #opening: Promise<Open> | undefined;
  #isClosed = false;
  /** The last attempt to map the segment is over its deadline, and still under way. */
  #isStuck = false;

  constructor(options: StatsOptions) {
    this.#options = options;
  }

  /**
   * Names of all entries that match, sorted.
   * @throws NfvError as `read`
   */
  async names(pattern?: RegExp): Promise<string[]> {
    return await this.#consistent((view) =>
      [...matching(view, pattern)].map(({ name }) => name).sort(),
    );
  }

  /**
   * All entries that match, sorted by name: those of one state of the directory, whose counters
   * VPP's workers go on counting.
   * @throws NfvError VPP_UNREACHABLE, VPP_PROTOCOL, VPP_STATS_BUSY when VPP never left it alone
   */
  async read(pattern?: RegExp): Promise<Stat[]> {
    const stats = await this.#consistent((view) =>
      [...matching(view, pattern)].flatMap((entry) => {
        const value = valueOf(view, entry);
        return value === undefined ? [] : [{ name: entry.name, value }];
      }),
    );
    return stats.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Counters of all interfaces, by sw_if_index. @throws NfvError as `read` */
  async interfaces(): Promise<InterfaceCounters[]> {
    return interfacesOf(await this.read(INTERFACES));
  }

  /** Error counters that are not zero. @throws NfvError as `read` */
  async errors(): Promise<ErrorCounter[]> {
    return errorsOf(await this.read(ERRORS));
  }

  /**
   * Counters of all nodes of VPP's graph; none without `statseg { per-node-counters on }`.
   * @throws NfvError as `read`
   */
  async nodes(): Promise<NodeCounters[]> {
    return nodesOf(await this.read(NODES));
  }

  /** @throws NfvError as `read` */
  async bufferPools(): Promise<BufferPool[]> {
    return bufferPoolsOf(await this.read(BUFFER_POOLS));
  }

  /**
   * Grows as long as VPP's main thread is alive, every 10 s by default (`statseg { update-interval }`).
   * What a dead VPP has left can be read until the next one starts, and only this tells.
   */
  async heartbeat(): Promise<number> {
    const [beat] = await this.read(/^\/sys\/heartbeat$/);
    return beat?.value.kind === 'scalar' ? beat.value.value : 0;
  }

  close(): void {
    this.#isClosed = true;
    this.#release();
  }

  async #consistent<T>(read: (view: SegmentView) => T): Promise<T> {
    for (let i = 0; i < TRIES; i++) {
      const open = await this.#current();
      // Memory that was let go of since must not be touched.
      const result = open === this.#open ? attempt(open.view, read) : undefined;
      if (result !== undefined) return result.value;
      await new Promise<void>((resolve) => {
        this.#options.timers.after(RETRY_MS, resolve);
      });
    }
    const text = `${this.#options.path}: changed by VPP in every one of ${TRIES} readings`;
    throw new NfvError('VPP_STATS_BUSY', text);
  }

  /** The mapping of the VPP that listens now. */
  async #current(): Promise<Open> {
    const instance = await socketInstance(this.#options.path);
    if (this.#open?.instance === instance) return this.#open;
    this.#opening ??= this.#connect(instance).finally(() => (this.#opening = undefined));
    return await this.#opening;
  }

  async #connect(instance: string): Promise<Open> {
    this.#requireOpen();
    this.#release();
    const mapping = await this.#map();
    try {
      this.#requireOpen();
    } catch (error) {
      mapping.release();
      throw error;
    }
    const view = new SegmentView(mapping.memory);
    this.#open = { view, mapping, instance };
    return this.#open;
  }

  /** @throws NfvError CANCELLED */
  #requireOpen(): void {
    if (this.#isClosed) throw new NfvError('CANCELLED', `${this.#options.path} was closed`);
  }

  /** Each attempt holds one of the few threads that file access has in all of this process. */
  async #map(): Promise<Mapping> {
    const { path, map, timers } = this.#options;
    if (this.#isStuck) throw new NfvError('DEADLINE_EXCEEDED', `${path} still does not answer`);
    return await new Promise((resolve, reject) => {
      const cancel = timers.after(CONNECT_MS, () => {
        this.#isStuck = true;
        reject(new NfvError('DEADLINE_EXCEEDED', `${path} did not answer in ${CONNECT_MS} ms`));
      });
      const settle = (): boolean => {
        cancel();
        const isLate = this.#isStuck;
        this.#isStuck = false;
        return isLate;
      };
      map(path).then(
        (mapping) => {
          if (settle()) mapping.release();
          else resolve(mapping);
        },
        (error: unknown) => {
          settle();
          reject(NfvError.from(error));
        },
      );
    });
  }

  #release(): void {
    this.#open?.mapping.release();
    this.#open = undefined;
  }
}

function* matching(view: SegmentView, pattern: RegExp | undefined): Generator<Entry> {
  for (const entry of view.entries()) {
    // `test` would go on from the match before, with a pattern that is global or sticky.
    if (pattern === undefined || entry.name.search(pattern) >= 0) yield entry;
  }
}

/** @returns undefined when VPP changed the segment meanwhile */
function attempt<T>(
  view: SegmentView,
  read: (view: SegmentView) => T,
): { readonly value: T } | undefined {
  const epoch = view.readEpoch();
  if (view.isBusy()) return undefined;
  try {
    const value = read(view);
    return view.readEpoch() === epoch && !view.isBusy() ? { value } : undefined;
  } catch (thrown) {
    if (thrown instanceof TornRead) return undefined;
    throw thrown;
  }
}

async function socketInstance(path: string): Promise<string> {
  try {
    const { dev, ino, mtimeNs } = await stat(path, { bigint: true });
    return `${dev}:${ino}:${mtimeNs}`;
  } catch (cause) {
    throw new NfvError('VPP_UNREACHABLE', `${path}: there is no such socket`, {
      cause,
      remedy: 'check that VPP runs and that the path is that of "statseg { socket-name PATH }"',
    });
  }
}
