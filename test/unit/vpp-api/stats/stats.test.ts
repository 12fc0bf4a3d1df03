import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { NfvError } from '../../../../src/errors.js';
import { systemClock } from '../../../../src/model/clock.js';
import { SegmentView, TornRead } from '../../../../src/vpp-api/stats/segment-view.js';
import {
  loadStats,
  type Mapping,
  type MapSegment,
} from '../../../../src/vpp-api/stats/stat-library.js';
import { valueOf } from '../../../../src/vpp-api/stats/stat-values.js';
import { VppStats } from '../../../../src/vpp-api/stats/stats.js';
import { eventually } from '../../../support/eventually.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { StatSegment, type SegmentEntry } from '../../../support/stat-segment.js';
import { tempDir } from '../../../support/temp-dir.js';
import { compileVacLibrary } from '../../../support/vac-library.js';

/** Two threads, two interfaces, one of them deleted since. */
const ENTRIES: readonly SegmentEntry[] = [
  { name: '/sys/heartbeat', type: 1, value: 42 },
  { name: '/if/names', type: 4, names: ['local0', 'deleted', 'loop0', ''] },
  {
    name: '/if/rx',
    type: 3,
    rows: [
      [
        [0, 0],
        [0, 0],
        [10, 640],
      ],
      [
        [0, 0],
        [0, 0],
        [5, 320],
      ],
    ],
  },
  {
    name: '/if/drops',
    type: 2,
    rows: [
      [1, 0, 2],
      [0, 0, 3],
    ],
  },
  { name: '/interfaces/loop0/rx', type: 6, entry: 2, column: 2 },
  { name: '/gone', type: 5 },
  { name: '/err/l2-input/L2 input packets', type: 6, entry: 3, column: 2 },
  { name: '/err/l2-input/unused', type: 6, entry: 3, column: 1 },
  { name: '/sys/node/names', type: 4, names: ['null-node', 'l2-input'] },
  {
    name: '/sys/node/vectors',
    type: 2,
    rows: [
      [0, 7],
      [0, 9],
    ],
  },
  {
    name: '/latency',
    type: 7,
    rows: [
      [4, 1, 0, 2],
      [4, 0, 0, 0],
    ],
  },
  { name: '/buffer-pools/default-numa-0/used', type: 9, value: 17 },
  { name: '/buffer-pools/default-numa-0/available', type: 9, value: 83 },
];

function mapped(segment: StatSegment): MapSegment {
  return () => Promise.resolve({ memory: segment.memory, release: () => undefined });
}

describe('VppStats', () => {
  const dir = tempDir();
  const path = join(dir.path, 'stats.sock');
  before(() => {
    writeFileSync(path, '');
  });
  after(() => {
    dir.remove();
  });

  const stats = (segment: StatSegment): VppStats =>
    new VppStats({ path, map: mapped(segment), timers: systemClock });

  it('lists what there is', async () => {
    const names = await stats(new StatSegment(ENTRIES)).names();
    assert.deepEqual(names, [
      '/buffer-pools/default-numa-0/available',
      '/buffer-pools/default-numa-0/used',
      '/err/l2-input/L2 input packets',
      '/err/l2-input/unused',
      '/if/drops',
      '/if/names',
      '/if/rx',
      '/interfaces/loop0/rx',
      '/latency',
      '/sys/heartbeat',
      '/sys/node/names',
      '/sys/node/vectors',
    ]);
  });

  it('lists what matches, with a pattern that is global or sticky too', async () => {
    for (const pattern of [/sys/, /sys/g, /.sys/y]) {
      const names = await stats(new StatSegment(ENTRIES)).names(pattern);
      assert.deepEqual(names, ['/sys/heartbeat', '/sys/node/names', '/sys/node/vectors']);
    }
  });

  it('reads every kind of entry', async () => {
    const read = await stats(new StatSegment(ENTRIES)).read(/loop0|\/used|drops|latency/);
    assert.deepEqual(read, [
      { name: '/buffer-pools/default-numa-0/used', value: { kind: 'scalar', value: 17 } },
      {
        name: '/if/drops',
        value: {
          kind: 'simple',
          threads: [
            [1n, 0n, 2n],
            [0n, 0n, 3n],
          ],
        },
      },
      {
        name: '/interfaces/loop0/rx',
        value: {
          kind: 'combined',
          threads: [[{ packets: 10n, bytes: 640n }], [{ packets: 5n, bytes: 320n }]],
        },
      },
      {
        name: '/latency',
        value: {
          kind: 'histogram',
          threads: [
            { minExponent: 4, bins: [1n, 0n, 2n] },
            { minExponent: 4, bins: [0n, 0n, 0n] },
          ],
        },
      },
    ]);
  });

  it('tells the counters of each interface, by thread and together', async () => {
    const [local, loop, ...others] = await stats(new StatSegment(ENTRIES)).interfaces();
    assert.deepEqual(others, []);
    assert.equal(local?.name, 'local0');
    assert.equal(loop?.name, 'loop0');
    assert.equal(loop.swIfIndex, 2);
    assert.deepEqual(loop.counters.get('rx')?.total, { packets: 15n, bytes: 960n });
    assert.deepEqual(
      loop.counters.get('drops')?.threads.map(({ packets }) => packets),
      [2n, 3n],
    );
  });

  it('tells the errors that are not zero, by thread and together', async () => {
    const errors = await stats(new StatSegment(ENTRIES)).errors();
    assert.deepEqual(errors, [{ name: 'l2-input/L2 input packets', total: 5n, threads: [2n, 3n] }]);
  });

  it('tells the counters of nodes, if VPP has any', async () => {
    const [none, node] = await stats(new StatSegment(ENTRIES)).nodes();
    assert.equal(none?.name, 'null-node');
    assert.equal(none.vectors.total, 0n);
    assert.deepEqual(node?.vectors, { total: 16n, threads: [7n, 9n] });
    assert.deepEqual(node.calls, { total: 0n, threads: [] });
    assert.deepEqual(await stats(new StatSegment([])).nodes(), []);
  });

  it('tells how full the buffer pools are', async () => {
    const pools = await stats(new StatSegment(ENTRIES)).bufferPools();
    assert.deepEqual(pools, [{ name: 'default-numa-0', available: 83, cached: 0, used: 17 }]);
  });

  it('refuses a symlink to a column that is not there, as one of an older epoch is', async () => {
    const torn = new StatSegment([
      { name: '/if/drops', type: 2, rows: [[1]] },
      { name: '/interfaces/loop0/drops', type: 6, entry: 0, column: 1 },
    ]);
    await assert.rejects(stats(torn).read(), { code: 'VPP_STATS_BUSY' });
  });

  it('waits while VPP changes the segment, and gives up in the end', async () => {
    const segment = new StatSegment(ENTRIES);
    segment.setInProgress(true);
    const reading = stats(segment).heartbeat();
    setImmediate(() => {
      segment.setInProgress(false);
    });
    assert.equal(await reading, 42);
    segment.setInProgress(true);
    await assert.rejects(stats(segment).heartbeat(), { code: 'VPP_STATS_BUSY' });
  });

  it('never touches memory that was let go of, whenever it is closed', async () => {
    for (let turns = 0; turns < 20; turns++) {
      const { memory } = new StatSegment(ENTRIES);
      // Detached memory refuses to be read; unmapped memory would end the process.
      const release = (): void => void structuredClone(memory, { transfer: [memory] });
      let closed: Promise<void> | undefined;
      const map: MapSegment = () => {
        const mapped = Promise.resolve({ memory, release });
        closed = mapped.then(async () => {
          for (let i = 0; i < turns; i++) await Promise.resolve();
          closing.close();
        });
        return mapped;
      };
      const closing = new VppStats({ path, map, timers: systemClock });
      const [outcome] = await Promise.allSettled([closing.heartbeat()]);
      await closed;
      if (outcome.status === 'fulfilled') assert.equal(outcome.value, 42);
      else assert.equal(NfvError.from(outcome.reason).code, 'CANCELLED');
    }
  });

  it('has one attempt under way at a time, however long VPP does not answer', async () => {
    const { memory } = new StatSegment(ENTRIES);
    const clock = new FakeClock();
    const released: number[] = [];
    let answer: (mapping: Mapping) => void = () => undefined;
    let attempts = 0;
    const map: MapSegment = () => {
      attempts++;
      return new Promise((resolve) => (answer = resolve));
    };
    const stuck = new VppStats({ path, map, timers: clock });
    const first = assert.rejects(stuck.heartbeat(), { code: 'DEADLINE_EXCEEDED' });
    await eventually(() => attempts === 1);
    await clock.advance(5_000);
    await first;
    await assert.rejects(stuck.heartbeat(), { code: 'DEADLINE_EXCEEDED' });
    assert.equal(attempts, 1);

    answer({ memory, release: () => released.push(1) });
    await eventually(() => released.length === 1);
    const beat = stuck.heartbeat();
    await eventually(() => attempts === 2);
    answer({ memory, release: () => undefined });
    assert.equal(await beat, 42);
  });

  it('says that no VPP is there', async () => {
    const nowhere = new VppStats({
      path: join(dir.path, 'none'),
      map: mapped(new StatSegment([])),
      timers: systemClock,
    });
    await assert.rejects(nowhere.names(), { code: 'VPP_UNREACHABLE' });
  });

  it('reads the next VPP once its socket is there', async () => {
    let segment = new StatSegment(ENTRIES);
    const released: number[] = [];
    const map: MapSegment = () =>
      Promise.resolve({ memory: segment.memory, release: () => released.push(1) });
    const socket = join(dir.path, 'restarted');
    writeFileSync(socket, '1');
    const both = new VppStats({ path: socket, map, timers: systemClock });
    assert.equal(await both.heartbeat(), 42);
    segment = new StatSegment([{ name: '/sys/heartbeat', type: 1, value: 1 }]);
    writeFileSync(socket, '2');
    assert.equal(await both.heartbeat(), 1);
    assert.equal(released.length, 1);
    both.close();
    assert.equal(released.length, 2);
  });
});

describe('SegmentView', () => {
  it('reads nothing that is not its own, whatever VPP has just written', () => {
    const { bytes } = new StatSegment(ENTRIES);
    const spoilt = fc.array(fc.tuple(fc.nat(2_000), fc.nat(255)), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(spoilt, (changes) => {
        const copy = new Uint8Array(bytes);
        for (const [offset, byte] of changes) copy[offset] = byte;
        const view = new SegmentView(copy.buffer);
        try {
          for (const entry of view.entries()) valueOf(view, entry);
        } catch (thrown) {
          assert.ok(thrown instanceof TornRead, String(thrown));
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('loadStats', function () {
  this.timeout(30_000);
  let library: Awaited<ReturnType<typeof compileVacLibrary>> | undefined;
  const dir = tempDir();

  before(async function () {
    library = await compileVacLibrary(this);
  });

  after(() => {
    library?.remove();
    dir.remove();
  });

  it('maps a segment, and sees what changes in it', async () => {
    const path = join(dir.path, 'segment');
    const segment = new StatSegment(ENTRIES);
    writeFileSync(path, segment.bytes);
    const stats = new VppStats({
      path,
      map: loadStats(library?.path ?? ''),
      timers: systemClock,
    });
    assert.equal(await stats.heartbeat(), 42);
    assert.equal((await stats.interfaces()).length, 2);
    stats.close();
  });

  it('says what is wrong with the socket', async () => {
    const map = loadStats(library?.path ?? '');
    await assert.rejects(map(join(dir.path, 'none')), {
      code: 'VPP_UNREACHABLE',
      message: /nobody listens there/,
    });
  });

  it('says that a library is not VPP’s', () => {
    assert.throws(() => loadStats('libc.so.6'), { code: 'VPP_LIBRARY_MISSING' });
    assert.throws(() => loadStats('/nonexistent.so'), { code: 'VPP_LIBRARY_MISSING' });
  });
});
