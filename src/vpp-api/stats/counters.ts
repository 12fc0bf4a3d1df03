/** What entries of the statistics segment say together: the counters of interfaces, nodes, errors. */
import type { Combined, Stat, StatValue } from './stat-values.js';

/** Counters of one interface. */
export interface InterfaceCounters {
  readonly name: string;
  readonly swIfIndex: number;
  /** By counter: `rx`, `tx`, `drops`, `rx-error`, … Those that only count packets have 0 bytes. */
  readonly counters: ReadonlyMap<string, InterfaceCounter>;
}

/** Summed, and by worker thread (0 is the main thread). */
export interface InterfaceCounter {
  readonly total: Combined;
  readonly threads: readonly Combined[];
}

export interface Counter {
  readonly total: bigint;
  readonly threads: readonly bigint[];
}

/** What `show errors` shows. */
export interface ErrorCounter extends Counter {
  /** `NODE/REASON`; either may have a slash of its own. */
  readonly name: string;
}

/** What `show runtime` shows, since the start of VPP or its `clear runtime`. */
export interface NodeCounters {
  readonly name: string;
  readonly calls: Counter;
  /** Packets, for a node that has them. */
  readonly vectors: Counter;
  readonly suspends: Counter;
  /** Of the CPU. */
  readonly clocks: Counter;
}

/** Buffers of one pool, as of VPP's last update. */
export interface BufferPool {
  /** `default-numa-0` */
  readonly name: string;
  readonly available: number;
  /** In the threads' own caches. */
  readonly cached: number;
  readonly used: number;
}

/** Where the entries are that the functions below read. */
export const INTERFACES = /^\/if\//;
export const ERRORS = /^\/err\//;
export const NODES = /^\/sys\/node\//;
export const BUFFER_POOLS = /^\/buffer-pools\//;

/** In `/if/names`, where an interface was (VPP src/vnet/interface/stats.c). */
const DELETED = 'deleted';

export function interfacesOf(stats: readonly Stat[]): InterfaceCounters[] {
  return namesIn(stats, '/if/names').flatMap((name, swIfIndex) => {
    if (name === '' || name === DELETED) return [];
    const counters = new Map<string, InterfaceCounter>();
    for (const { name: path, value } of stats) {
      const threads = packetsOf(value, swIfIndex);
      if (threads !== undefined) counters.set(path.slice('/if/'.length), summed(threads));
    }
    return [{ name, swIfIndex, counters }];
  });
}

/** Those that are not zero. */
export function errorsOf(stats: readonly Stat[]): ErrorCounter[] {
  return stats.flatMap(({ name, value }) => {
    const counter = counterOf(value, 0);
    return counter.total === 0n ? [] : [{ name: name.slice('/err/'.length), ...counter }];
  });
}

/** None, where VPP does not count: it does so with `statseg { per-node-counters on }`. */
export function nodesOf(stats: readonly Stat[]): NodeCounters[] {
  const values = new Map(stats.map(({ name, value }) => [name, value]));
  const of = (what: string, index: number): Counter =>
    counterOf(values.get(`/sys/node/${what}`), index);
  return namesIn(stats, '/sys/node/names').flatMap((name, index) => {
    if (name === '') return [];
    return [
      {
        name,
        calls: of('calls', index),
        vectors: of('vectors', index),
        suspends: of('suspends', index),
        clocks: of('clocks', index),
      },
    ];
  });
}

export function bufferPoolsOf(stats: readonly Stat[]): BufferPool[] {
  const values = new Map(stats.map(({ name, value }) => [name, value]));
  const of = (name: string): number => {
    const value = values.get(name);
    return value?.kind === 'scalar' ? value.value : 0;
  };
  const ends = '/available';
  return [...values.keys()].flatMap((path) => {
    if (!path.endsWith(ends)) return [];
    const pool = path.slice(0, -ends.length);
    return [
      {
        name: pool.slice('/buffer-pools/'.length),
        available: of(path),
        cached: of(`${pool}/cached`),
        used: of(`${pool}/used`),
      },
    ];
  });
}

function namesIn(stats: readonly Stat[], path: string): readonly string[] {
  const value = stats.find(({ name }) => name === path)?.value;
  return value?.kind === 'names' ? value.names : [];
}

function counterOf(value: StatValue | undefined, index: number): Counter {
  const threads = value?.kind === 'simple' ? value.threads.map((row) => row[index] ?? 0n) : [];
  return { total: threads.reduce((sum, count) => sum + count, 0n), threads };
}

function packetsOf(value: StatValue, index: number): Combined[] | undefined {
  switch (value.kind) {
    case 'simple':
      return value.threads.map((row) => ({ packets: row[index] ?? 0n, bytes: 0n }));
    case 'combined':
      return value.threads.map((row) => row[index] ?? { packets: 0n, bytes: 0n });
    default:
      return undefined;
  }
}

function summed(threads: readonly Combined[]): InterfaceCounter {
  const total = threads.reduce(
    (sum, { packets, bytes }) => ({ packets: sum.packets + packets, bytes: sum.bytes + bytes }),
    { packets: 0n, bytes: 0n },
  );
  return { total, threads };
}
