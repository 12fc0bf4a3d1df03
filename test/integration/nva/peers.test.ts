/** Replicas that ask each other: real processes on a real etcd, and what they tell of each other's NVEs. */
import assert from 'node:assert/strict';
import type { EndpointCounters, TraceResult } from '../../../src/model/trace.js';
import type { NvaClient } from '../../../src/rpc/nva-client.js';
import { eventually } from '../../support/eventually.js';
import { asPeers, call, type MoreConfig } from '../../support/nva-replicas.js';
import { PeerRig } from '../../support/peer-rig.js';
import { refusedWith } from '../../support/refusals.js';

describe('nva replicas that ask each other', function () {
  this.timeout(120_000);
  const rig = new PeerRig();
  before(function () {
    return rig.begin(this);
  });
  afterEach(() => rig.reset());
  after(() => rig.end());

  /** Every host with an endpoint. */
  async function pool(count: number, more?: MoreConfig): Promise<void> {
    await rig.start(count, more);
    await attachAll(count);
  }

  async function attachAll(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await rig.attach(i);
    const result = await rig.client(0).waitApplied({ revision: 0, timeoutMs: 30_000 }, call);
    assert.deepEqual([result.applied, result.laggards], [true, []]);
  }

  const trace = (client: NvaClient, from = 'e-0', to = 'e-1'): Promise<TraceResult> =>
    client.trace({ from, to, reportedOnly: false }, call);
  const count = (client: NvaClient): Promise<readonly EndpointCounters[]> =>
    client.readCounters(['e-0', 'e-1'], call);
  /** The states of its hops on one NVE. */
  const statesOn = ({ hops }: TraceResult, nve: string): string[] => [
    ...new Set(hops.filter((hop) => hop.nve === nve).map(({ state }) => state)),
  ];
  /** The others have to have heard of it; they look every second. */
  const reachable = (i: number): Promise<unknown> =>
    eventually(async () => (await trace(rig.client(i))).state === 'OK', 10_000);

  it('tell the same of each way, and of each port, whichever is asked', async () => {
    await pool(3);
    for (const i of [0, 1, 2]) await reachable(i);
    const [first, ...others] = await Promise.all([0, 1, 2].map((i) => trace(rig.client(i))));
    assert.ok(first !== undefined && first.hops.length > 8);
    for (const nve of ['host-0', 'host-1']) assert.deepEqual(statesOn(first, nve), ['OK'], nve);
    for (const other of others) assert.deepEqual(other, first);
    const back = await Promise.all([0, 1, 2].map((i) => trace(rig.client(i), 'e-1', 'e-0')));
    for (const { state } of back) assert.equal(state, 'OK');
    const counted = await Promise.all([0, 1, 2].map((i) => count(rig.client(i))));
    for (const counters of counted) {
      assert.deepEqual(
        counters.map((each) => [each.endpoint, each.code, each.counters !== undefined]),
        [
          ['e-0', '', true],
          ['e-1', '', true],
        ],
      );
    }
    assert.deepEqual(counted[2], counted[0]);
    await refusedWith('NOT_FOUND', trace(rig.client(0), 'e-0', 'nobody'));
  });

  it('see there what has changed behind an agent that is with another one', async () => {
    await pool(2);
    await reachable(0);
    const gone = rig.agent(1).dataplane.objects.delete('port/e-1');
    assert.equal(gone, true);
    const { state, hops } = await trace(rig.client(0));
    assert.equal(state, 'BROKEN');
    const broken = hops.filter((hop) => hop.state === 'BROKEN');
    assert.deepEqual(
      broken.map(({ nve, key, code }) => [nve, key, code]),
      [['host-1', 'port/e-1', 'READBACK_MISMATCH']],
    );
  });

  it('have the same figures of each NVE, of the one that has its session', async () => {
    await pool(3);
    for (const i of [0, 1, 2]) {
      // Until each knows of the others, and the first one of all that was attached, which is known there alone.
      const of = await eventually(async () => {
        const all = await rig.client(i).observation.statistics(call);
        const isThere = all.nves.every(({ state }) => state !== 'ELSEWHERE');
        return isThere && all.attach.count === 3 && all;
      }, 10_000);
      assert.deepEqual(of.silent, []);
      assert.deepEqual(
        of.nves.map(({ nve, state, items, lagRevisions }) => [
          ...[nve, state, lagRevisions, items.failed],
          items.wanted === items.applied && items.wanted > 3,
        ]),
        [0, 1, 2].map((n) => [`host-${n}`, 'IN_SYNC', 0, 0, true]),
        `replica ${i}`,
      );
      for (const { nve, attach } of of.nves) assert.ok(attach.count > 0 && attach.max > 0, nve);
    }
  });

  it('one that hangs is told in time, and the rest is answered', async () => {
    await pool(2);
    await reachable(0);
    await rig.whileHanging(1, async () => {
      const hasty = rig.impatient(0, 6000);
      // Together: in a few seconds it counts as gone, and then nobody asks it.
      const [told, [own, other], figures] = await Promise.all([
        trace(hasty),
        count(hasty),
        hasty.observation.statistics(call),
      ]);
      assert.deepEqual(
        figures.nves.map(({ state }) => state),
        ['IN_SYNC', 'ELSEWHERE'],
      );
      assert.deepEqual(
        figures.silent.map(({ address, code }) => [address, code]),
        [[rig.address(1), 'DEADLINE_EXCEEDED']],
      );
      assert.equal(told.state, 'UNKNOWN');
      assert.deepEqual(statesOn(told, 'host-0'), ['OK']);
      assert.deepEqual(statesOn(told, 'host-1'), ['UNKNOWN']);
      const [itself] = told.hops.filter(({ nve }) => nve === 'host-1');
      assert.equal(itself?.code, 'DEADLINE_EXCEEDED');
      assert.match(itself.reason, /replica .* cannot be asked: unix:.*nva-1\.sock: no answer/);
      assert.deepEqual([own?.code, other?.code], ['', 'DEADLINE_EXCEEDED']);
    });
  });

  it('one that was killed is told; with another process in its place all is told again', async () => {
    await pool(2);
    await reachable(0);
    await rig.nva.kill(1);
    const told = await trace(rig.client(0));
    assert.deepEqual(statesOn(told, 'host-0'), ['OK']);
    assert.deepEqual(statesOn(told, 'host-1'), ['UNKNOWN']);
    const [, other] = await count(rig.client(0));
    assert.match(other?.code ?? '', /^(NVA_UNREACHABLE|NVE_DISCONNECTED)$/);
    await rig.nva.start(1);
    await reachable(0);
  });

  it('without peer.advertise nobody is asked, and that is told', async () => {
    await pool(2, (i, socket) => (i === 0 ? asPeers(i, socket) : {}));
    const cases = [
      { asked: 0, nve: 'host-1', reason: /it does not say where it is reached$/ },
      { asked: 1, nve: 'host-0', reason: /this replica is not to ask others$/ },
    ];
    for (const { asked, nve, reason } of cases) {
      const told = await trace(rig.client(asked));
      assert.deepEqual(statesOn(told, nve), ['UNKNOWN'], nve);
      assert.deepEqual(statesOn(told, `host-${asked}`), ['OK'], nve);
      const [itself] = told.hops.filter((hop) => hop.nve === nve);
      assert.equal(itself?.code, 'NVA_UNREACHABLE');
      assert.match(itself.reason, reason);
      const { nves, silent } = await rig.client(asked).observation.statistics(call);
      assert.equal(nves.find((each) => each.nve === nve)?.state, 'ELSEWHERE');
      assert.deepEqual(silent, []);
    }
  });

  it('over mutual TLS: the same rights at each, and its caller named in both audit logs', async () => {
    const secured = await rig.startSecured(2);
    await attachAll(2);
    // Each finds the other in its own time.
    for (const i of [0, 1]) await reachable(i);
    for (const i of [0, 1]) {
      const alice = await secured.clientOf('user/alice', i);
      assert.equal((await trace(alice)).state, 'OK', `${i}`);
      assert.deepEqual(
        (await count(alice)).map(({ code }) => code),
        ['', ''],
      );
      const bob = await secured.clientOf('user/bob', i);
      await refusedWith('NOT_FOUND', trace(bob));
      await refusedWith('NOT_FOUND', count(bob));
      await refusedWith('ACCESS_DENIED', trace(await secured.clientOf('user/mallory', i)));
    }
    // The certificate of a replica is good for what replicas ask, and for nothing else.
    await refusedWith('ACCESS_DENIED', trace(await secured.clientOf('nva', 0)));
    await eventually(() => secured.audited(0).includes('who:nva for user/alice'));
    for (const i of [0, 1]) {
      const lines = secured.audited(i);
      assert.match(lines, /who:user\/alice,.*method:Trace,/);
      assert.match(lines, /who:nva for user\/alice,.*method:TraceNve,.*outcome:OK/);
      assert.match(lines, /who:nva for user\/alice,.*method:CountPorts,.*outcome:OK/);
      assert.doesNotMatch(lines, /for user\/(bob|mallory)/);
    }
  });
});
