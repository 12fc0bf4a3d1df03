/** Statistics of a real VPP, beside what VPP's own command line says of the same. */
import assert from 'node:assert/strict';
import { NfvError } from '../../src/errors.js';
import { systemClock } from '../../src/model/clock.js';
import type { InterfaceCounters } from '../../src/vpp-api/stats/counters.js';
import { loadStats } from '../../src/vpp-api/stats/stat-library.js';
import { VppStats } from '../../src/vpp-api/stats/stats.js';
import { eventually } from '../support/eventually.js';
import { findVpp, libraryOrSkip, RealVpp } from '../support/real-vpp.js';
import { ClientUnderTest, overSocket } from '../support/vpp-under-test.js';

const PACKETS = 1000;
const PACKET_BYTES = 100;
/** Of names in `show statistics segment`. */
const CLI_COLUMN = 74;

describe('statistics of a real VPP', function () {
  this.timeout(60_000);
  let vpp: RealVpp;
  let stats: VppStats;
  const ends: (() => unknown)[] = [];

  before(async function () {
    const { found, library } = await libraryOrSkip(this, findVpp());
    vpp = new RealVpp(found, {
      config: 'cpu { workers 1 }',
      statseg: 'per-node-counters on update-interval 0.1',
    });
    ends.push(() => vpp.remove());
    await vpp.start();
    const map = loadStats(library);
    stats = new VppStats({ path: vpp.statsPath, map, timers: systemClock });
    ends.push(() => {
      stats.close();
    });
    await bridgePackets(vpp);
  });

  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  it('has the counters of each interface, by worker and together', async () => {
    const [pg0, pg1] = await eventually(async () => {
      const all = await stats.interfaces();
      const pair = ['pg0', 'pg1'].map((name) => all.find((each) => each.name === name));
      return pair[1]?.counters.get('tx')?.total.packets === BigInt(PACKETS) && pair;
    });
    const none = { packets: 0n, bytes: 0n };
    const some = { packets: BigInt(PACKETS), bytes: BigInt(PACKETS * PACKET_BYTES) };
    // The main thread, then the worker that the stream runs on.
    assert.deepEqual(pg0?.counters.get('rx'), { total: some, threads: [none, some] });
    assert.deepEqual(pg1?.counters.get('tx'), { total: some, threads: [none, some] });
    assert.deepEqual(pg0.counters.get('tx')?.total, none);
    const said = await vpp.vppctl('show', 'interface');
    assert.match(said, lineOf('pg0', pg0.swIfIndex, 'rx packets', PACKETS));
    assert.match(said, lineOf('pg1', pg1.swIfIndex, 'tx packets', PACKETS));
  });

  it('has the error counters that VPP shows', async () => {
    const errors = await stats.errors();
    assert.deepEqual(errors.find(({ name }) => name === 'l2-input/L2 input packets')?.threads, [
      0n,
      BigInt(PACKETS),
    ]);
    const ours = errors.map(({ name, total }) => `${total} ${name.replace('/', ' ')}`);
    assert.deepEqual(ours.sort(), errorLines(await vpp.vppctl('show', 'errors')).sort());
  });

  it('has the counters of nodes', async () => {
    const node = await eventually(async () => {
      const nodes = await stats.nodes();
      const input = nodes.find(({ name }) => name === 'l2-input');
      return input?.vectors.total === BigInt(PACKETS) && input;
    });
    assert.equal(node.vectors.threads[1], BigInt(PACKETS));
    assert.ok(node.calls.total > 0n && node.clocks.total > node.calls.total);
    const said = await vpp.vppctl('show', 'runtime');
    const ofWorker = said.split('Thread 1 ')[1] ?? '';
    const [, calls = '', vectors = ''] = /^l2-input +\w+ +(\d+) +(\d+) /m.exec(ofWorker) ?? [];
    assert.deepEqual([String(node.calls.total), String(node.vectors.total)], [calls, vectors]);
  });

  it('has the buffer pools', async () => {
    const said = await vpp.vppctl('show', 'buffers');
    // Name, index, NUMA node, size, data size, total, available, cached, used.
    const line = /^default-numa-0 +\d+ +\d+ +\d+ +\d+ +(\d+) +(\d+)/m.exec(said);
    const [, total, available] = line ?? [];
    const pool = await eventually(async () => {
      const pools = await stats.bufferPools();
      const first = pools.find(({ name }) => name === 'default-numa-0');
      return first?.available === Number(available) && first;
    });
    assert.equal(pool.available + pool.cached + pool.used, Number(total));
  });

  it('has a heart that beats', async () => {
    const before = await stats.heartbeat();
    await eventually(async () => (await stats.heartbeat()) > before + 2);
  });

  it('lists what VPP lists', async () => {
    const said = await vpp.vppctl('show', 'statistics', 'segment');
    // It cuts what is longer than its column.
    const line = /^(\/.*?) +(?:ScalarPtr|Gauge|CMainPtr|NameVector|Histogram|Symlink) +-?\d+\s*$/gm;
    const shown = [...said.matchAll(line)].map(([, name]) => name);
    const read = (await stats.read()).map(({ name }) => name.slice(0, CLI_COLUMN).trimEnd());
    assert.ok(shown.length > 1000);
    assert.deepEqual(read.sort(), shown.sort());
  });

  it('is consistent while interfaces come and go', async () => {
    const made = await ClientUnderTest.ready(overSocket(vpp));
    const enough = new AbortController();
    const churn = loopbacksComeAndGo(made, enough.signal);
    const seen = { with: 0, without: 0 };
    try {
      while (seen.with < 50 || seen.without < 50) {
        const all = await stats.interfaces().catch(unlessBusy);
        if (all === undefined) continue;
        assertSound(all);
        seen[all.some(({ name }) => name.startsWith('loop')) ? 'with' : 'without']++;
      }
    } finally {
      enough.abort();
      await churn;
      await made.client.close();
    }
  });
});

/** Sends packets from pg0 over a bridge domain to pg1; the worker takes them in. */
async function bridgePackets(vpp: RealVpp): Promise<void> {
  for (const name of ['pg0', 'pg1']) {
    await vpp.vppctl('create', 'packet-generator', 'interface', name);
    await vpp.vppctl('set', 'interface', 'state', name, 'up');
    await vpp.vppctl('set', 'interface', 'l2', 'bridge', name, '7');
  }
  const size = `size ${PACKET_BYTES}-${PACKET_BYTES}`;
  const packet =
    'IP4: 02:00:00:00:00:01 -> 02:00:00:00:00:02 UDP: 10.0.0.1 -> 10.0.0.2 UDP: 1 -> 2 incrementing 58';
  await vpp.vppctl(
    `packet-generator new { name one limit ${PACKETS} ${size} interface pg0 worker 0 ` +
      `node ethernet-input data { ${packet} } }`,
  );
  await vpp.vppctl('packet-generator', 'enable');
}

/** Rather than what is not consistent: where other programs leave this one little of the machine. */
function unlessBusy(error: unknown): undefined {
  if (!(error instanceof NfvError && error.code === 'VPP_STATS_BUSY')) throw error;
}

async function loopbacksComeAndGo({ client }: ClientUnderTest, signal: AbortSignal): Promise<void> {
  for (let i = 0; !signal.aborted; i = (i + 1) % 50) {
    const { sw_if_index } = await client.request('create_loopback_instance', {
      mac_address: '00:00:00:00:00:00',
      is_specified: true,
      user_instance: i,
    });
    await client.request('delete_loopback', { sw_if_index });
  }
}

/** No reading has half an interface, one twice, or one that was deleted. */
function assertSound(all: readonly InterfaceCounters[]): void {
  const names = all.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { name, counters } of all) {
    assert.match(name, /^(local0|pg0|pg1|pg-1|loop\d+)$/);
    assert.equal(counters.get('rx')?.threads.length, 2);
  }
  const pg0 = all.find(({ name }) => name === 'pg0');
  assert.equal(pg0?.counters.get('rx')?.total.packets, BigInt(PACKETS));
}

/** What `show errors` shows: `1000 l2-input L2 input packets`. */
function errorLines(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [, count, node, reason] = /^ *(\d+) +(\S+) +(.*?) +(?:error|warn|info)/.exec(line) ?? [];
    return count === undefined ? [] : [`${count} ${node ?? ''} ${reason ?? ''}`];
  });
}

/** Of `show interface`: the interface's own line has its first counter. */
function lineOf(name: string, index: number, counter: string, count: number): RegExp {
  return new RegExp(`^${name} +${index} +up .*${counter} +${count}\\s*$`, 'm');
}
