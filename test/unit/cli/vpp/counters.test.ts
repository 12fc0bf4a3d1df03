import assert from 'node:assert/strict';
import type { VppStat } from '../../../../src/cli/vpp/access.js';
import {
  counterData,
  countersOf,
  isZero,
  ratesOf,
  type Counter,
} from '../../../../src/cli/vpp/counters.js';

const pair = (packets: bigint, bytes: bigint): { packets: bigint; bytes: bigint } => ({
  packets,
  bytes,
});

/** Two threads; the interface with index 1 was deleted. */
const STATS: readonly VppStat[] = [
  { name: '/err/x/bad', value: { kind: 'simple', threads: [[1n], [2n]] } },
  { name: '/if/names', value: { kind: 'names', names: ['local0', '', 'eth0'] } },
  {
    name: '/if/rx',
    value: {
      kind: 'combined',
      threads: [
        [pair(0n, 0n), pair(9n, 9n), pair(10n, 1000n)],
        [pair(0n, 0n), pair(9n, 9n), pair(5n, 500n)],
      ],
    },
  },
  { name: '/if/uneven', value: { kind: 'simple', threads: [[1n, 0n, 2n], []] } },
  { name: '/net/route/to', value: { kind: 'simple', threads: [[7n, 8n]] } },
  { name: '/sys/heartbeat', value: { kind: 'scalar', value: 42 } },
  {
    name: '/x/hist',
    value: { kind: 'histogram', threads: [{ minExponent: 3, bins: [1n, 2n] }] },
  },
];

const find = (counters: readonly Counter[], name: string): object[] =>
  counters.filter((counter) => counter.name === name).map(counterData);

describe('countersOf', () => {
  const all = countersOf(STATS, undefined);

  it('adds up threads, and keeps them', () => {
    assert.deepEqual(find(all, '/if/rx'), [
      {
        name: '/if/rx',
        kind: 'combined',
        index: 0,
        item: 'local0',
        total: pair(0n, 0n),
        threads: [pair(0n, 0n), pair(0n, 0n)],
      },
      {
        name: '/if/rx',
        kind: 'combined',
        index: 2,
        item: 'eth0',
        total: pair(15n, 1500n),
        threads: [pair(10n, 1000n), pair(5n, 500n)],
      },
    ]);
  });

  it('has no index where there is just one', () => {
    assert.deepEqual(find(all, '/err/x/bad'), [
      { name: '/err/x/bad', kind: 'simple', total: 3n, threads: [1n, 2n] },
    ]);
    assert.deepEqual(find(all, '/sys/heartbeat'), [
      { name: '/sys/heartbeat', kind: 'scalar', value: 42n },
    ]);
  });

  it('has an index where nobody tells names', () => {
    assert.deepEqual(find(all, '/net/route/to'), [
      { name: '/net/route/to', kind: 'simple', index: 0, total: 7n, threads: [7n] },
      { name: '/net/route/to', kind: 'simple', index: 1, total: 8n, threads: [8n] },
    ]);
  });

  it('says from where on a bin counts', () => {
    const bins = all.filter(({ kind }) => kind === 'histogram');
    assert.deepEqual(
      bins.map(({ item, total }) => [item, total.count]),
      [
        ['from 8', 1n],
        ['from 16', 2n],
      ],
    );
  });

  it('takes threads that are behind for zero', () => {
    const [first] = find(all, '/if/uneven');
    assert.deepEqual(first, {
      name: '/if/uneven',
      kind: 'simple',
      index: 0,
      item: 'local0',
      total: 1n,
      threads: [1n, 0n],
    });
  });

  it('has what was asked for, with its names', () => {
    const some = countersOf(STATS, /^\/if\/rx$/);
    assert.deepEqual(
      some.map(({ name, item }) => [name, item]),
      [
        ['/if/rx', 'local0'],
        ['/if/rx', 'eth0'],
      ],
    );
    assert.deepEqual(some.map(isZero), [true, false]);
  });
});

describe('ratesOf', () => {
  const counter = (count: bigint, more: Partial<Counter> = {}): Counter => ({
    name: '/c',
    kind: 'simple',
    total: { count },
    threads: [],
    ...more,
  });
  const rows: [what: string, before: Counter[], now: Counter, perSecond: number][] = [
    ['growth by time', [counter(10n)], counter(30n), 10],
    ['one decimal', [counter(0n)], counter(1n), 0.5],
    ['what was not there began at 0', [], counter(30n), 15],
    ['what VPP has reset began at 0', [counter(100n)], counter(30n), 15],
    [
      'a scalar may sink',
      [counter(100n, { kind: 'scalar' })],
      counter(30n, { kind: 'scalar' }),
      -35,
    ],
    [
      'an index with another name is another counter',
      [counter(20n, { index: 1, item: 'tap0' })],
      counter(30n, { index: 1, item: 'tap1' }),
      15,
    ],
  ];
  for (const [what, before, now, perSecond] of rows) {
    it(what, () => {
      assert.deepEqual(
        ratesOf(before, [now], 2).map((rate) => rate.perSecond),
        [perSecond],
      );
    });
  }

  it('has bytes where the counter has', () => {
    const at = (count: bigint, bytes: bigint): Counter[] => [
      { name: '/if/rx', kind: 'combined', index: 0, total: { count, bytes }, threads: [] },
    ];
    assert.deepEqual(ratesOf(at(1n, 100n), at(3n, 500n), 2), [
      { name: '/if/rx', index: 0, perSecond: 1, bytesPerSecond: 200 },
    ]);
  });
});
