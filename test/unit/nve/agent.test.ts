import assert from 'node:assert/strict';
import { NfvError } from '../../../src/errors.js';
import { AgentRig, delta, type RigOptions } from '../../support/agent-rig.js';
import { behind, bridgeDomain, itemOf, macEntry, tunnel, vtep } from '../../support/items.js';
import { MemoryDataplane } from '../../support/memory-dataplane.js';
import { NVE } from '../../support/samples.js';

const REMOTE = '10.0.1.1';
const NETWORK = [vtep(), bridgeDomain(10), tunnel(10, REMOTE)].map((payload) => itemOf(payload));
const hex = (n: number): string => n.toString(16).padStart(2, '0');
const macs = (count: number): ReturnType<typeof itemOf>[] =>
  Array.from({ length: count }, (_, n) =>
    itemOf(macEntry(10, `02:00:00:00:${hex(n >> 8)}:${hex(n & 255)}`, behind(REMOTE))),
  );

describe('an agent', () => {
  let rig: AgentRig;
  const start = async (options: RigOptions = {}): Promise<void> => {
    rig = await AgentRig.start(options);
  };
  afterEach(() => rig.close());

  it('applies what it is sent, and tells what became of it', async () => {
    await start();
    rig.dataplane.foreign.add(`tunnel/10/${REMOTE}`);
    const session = await rig.sync(NETWORK);
    const reports = session.of('item_reports');
    assert.ok(reports.every(({ epoch }) => epoch === 5));
    assert.deepEqual(
      reports.flatMap(({ entries }) => entries).map(({ key, failure }) => [key, failure?.code]),
      [
        ['vtep/10.0.0.1', undefined],
        ['bd/10', undefined],
        [`tunnel/10/${REMOTE}`, 'FOREIGN_OBJECT'],
      ],
    );
    rig.dataplane.foreign.clear();
    rig.dataplane.notify([`tunnel/10/${REMOTE}`]);
    await rig.until(() =>
      session
        .of('item_reports')
        .some(({ entries }) =>
          entries.some(({ key, failure }) => key.startsWith('tunnel/') && failure === undefined),
        ),
    );
    assert.equal(rig.agent.status().counts.applied, 3);
  });

  it('tells each session how it stands with its dataplane, and then what changes', async () => {
    await start();
    const lost = NVE.status.dataplane ?? assert.fail();
    rig.dataplane.tellStatus(lost);
    const session = await rig.sync(NETWORK);
    await rig.until(() => session.of('dataplane_report').length === 1);
    const fine = { ...lost, session: 'CONNECTED', reasonCode: '', reason: '' } as const;
    rig.dataplane.tellStatus(fine);
    await rig.until(() => session.of('dataplane_report').length === 2);
    const reports = session.of('dataplane_report');
    assert.deepEqual(
      reports.map(({ status }) => status),
      [lost, fine],
    );
    assert.ok(reports.every(({ capabilities }) => capabilities.dataplane === 'memory'));
  });

  it('tells how it stands with its dataplane also when that does not answer what it can do', async () => {
    await start();
    const session = await rig.sync(NETWORK);
    rig.dataplane.beforeCapabilities = () =>
      Promise.reject(new NfvError('DATAPLANE_TIMEOUT', 'it says nothing'));
    const status = { ...(NVE.status.dataplane ?? assert.fail()), session: 'DEGRADED' } as const;
    rig.dataplane.tellStatus(status);
    await rig.until(() =>
      session.of('dataplane_report').some((each) => each.status.session === 'DEGRADED'),
    );
    const report = session.of('dataplane_report').at(-1);
    assert.equal(report?.capabilities.dataplane, 'memory', 'what it could before');
  });

  it('works from its disk with no NVA in sight', async () => {
    await start();
    await rig.sync(NETWORK);
    const { content } = rig.dataplane;
    rig.stopNva();
    await rig.stopAgent();
    assert.deepEqual(rig.dataplane.content, content, 'it leaves what it made');
    rig.dataplane.log.length = 0;
    await rig.startAgent();
    await rig.until(() => rig.agent.status().isSettled);
    assert.deepEqual(rig.dataplane.log, [], 'it adopts what is there');
    await rig.stopAgent();
    for (const { key } of [...NETWORK].reverse()) rig.dataplane.destroy(key);
    await rig.startAgent();
    await rig.until(() => rig.dataplane.objects.size === NETWORK.length);
    assert.deepEqual(rig.dataplane.content, content);
    const { isComplete, revision } = rig.agent.status();
    assert.deepEqual({ isComplete, revision }, { isComplete: true, revision: 10 });
  });

  it('says when there is much to do, and when that is done', async () => {
    await start();
    const fine = NVE.status.dataplane ?? assert.fail();
    const lost = { ...fine, session: 'LOST' } as const;
    const told = (): readonly boolean[] => rig.workload;
    const done = (times: number): Promise<unknown> => rig.until(() => told().length === 2 * times);
    await rig.sync(NETWORK);
    assert.deepEqual(told(), [], 'a few items');
    rig.dataplane.tellStatus(lost);
    assert.deepEqual(told(), [], 'and few to be made again');
    rig.nva.last.send(delta(macs(256), { sequence: 2, revision: 11 }));
    await done(1);
    rig.dataplane.tellStatus(lost);
    assert.equal(told().at(-1), true, 'all may have to be made again');
    rig.dataplane.notify('restarted');
    await done(2);
    await rig.stopAgent();
    await rig.startAgent();
    await done(3);
    assert.deepEqual(told(), [true, false, true, false, true, false]);
  });

  it('removes nothing that it has not heard of before it has heard of all', async () => {
    const dataplane = new MemoryDataplane();
    dataplane.put(vtep('10.0.0.2'), 'vtep/10.0.0.2');
    await start({ dataplane });
    await rig.until(() => rig.agent.status().isSettled);
    await rig.clock.advance(60_000);
    assert.ok(dataplane.objects.has('vtep/10.0.0.2'));
    await rig.sync(NETWORK);
    await rig.until(() => !dataplane.objects.has('vtep/10.0.0.2'));
  });

  it('does not start on the state of another', async () => {
    await start();
    await rig.sync(NETWORK);
    await rig.stopAgent();
    await assert.rejects(
      rig.startAgent('host-b'),
      (error) => error instanceof NfvError && error.code === 'NVE_IDENTITY_MISMATCH',
    );
    await rig.startAgent();
    await rig.until(() => rig.agent.status().counts.applied === NETWORK.length);
  });

  it('mends a host that lost everything, and tells of it within bounds', async () => {
    await start();
    const items = macs(300);
    const session = await rig.sync([...NETWORK, ...items]);
    rig.takeLog();
    for (const { key } of items) rig.dataplane.destroy(key);
    rig.dataplane.notify('unknown');
    await rig.until(() => session.of('drift_reports').length > 0);
    assert.equal(rig.dataplane.objects.size, 303);
    const [report, ...more] = session.of('drift_reports');
    assert.deepEqual(more, []);
    assert.equal(report?.drifts.length, 100);
    assert.equal(report.total, 300);
    assert.equal(report.drifts[0]?.action, 'REPAIRED');
    const lines = rig.log.lines.filter(({ message }) => message === 'drift');
    assert.equal(lines.length, 20);
    const [rest] = rig.log.lines.filter(({ message }) => message === 'more drift');
    assert.deepEqual(rest?.fields, { more: 280, total: 300 });
  });

  it('leaves drift alone where it is to be reported only', async () => {
    await start({ tuning: { drift: { intervalMs: 5000, policy: 'report' } } });
    const session = await rig.sync(NETWORK);
    rig.dataplane.destroy(`tunnel/10/${REMOTE}`);
    await rig.clock.advance(6000);
    await rig.until(() => session.of('drift_reports').length > 0);
    assert.equal(session.of('drift_reports')[0]?.drifts[0]?.action, 'REPORTED');
    assert.ok(!rig.dataplane.objects.has(`tunnel/10/${REMOTE}`));
  });

  it("tells when the host's addresses change, and only then", async () => {
    const eth0 = { address: '10.0.0.1', interface: 'eth0', mtu: 1500 };
    const dataplane = new MemoryDataplane();
    dataplane.addresses = [eth0];
    await start({ dataplane });
    const session = await rig.sync(NETWORK);
    await rig.clock.advance(60_000);
    assert.deepEqual(session.of('underlay_report'), []);
    dataplane.addresses = [{ ...eth0, mtu: 9000 }];
    await rig.clock.advance(10_000);
    await rig.until(() => session.of('underlay_report').length > 0);
    await rig.clock.advance(60_000);
    assert.deepEqual(session.of('underlay_report'), [
      { kind: 'underlay_report', underlays: [{ ...eth0, mtu: 9000 }] },
    ]);
  });

  it("tells of the host's addresses as they are now, whenever they changed", async () => {
    const eth0 = { address: '10.0.0.1', interface: 'eth0', mtu: 1500 };
    const dataplane = new MemoryDataplane();
    dataplane.addresses = [eth0];
    await start({ dataplane });
    const first = await rig.session();
    // After the hello, and before the NVA has answered.
    dataplane.addresses = [{ ...eth0, mtu: 9000 }];
    await rig.clock.advance(10_000);
    const session = await rig.sync(NETWORK);
    assert.equal(session, first);
    await rig.until(() => session.of('underlay_report').length > 0);
    assert.deepEqual(session.of('underlay_report').at(-1)?.underlays, dataplane.addresses);
    // With no NVA in sight; its next hello has the last.
    rig.stopNva();
    dataplane.addresses = [{ ...eth0, mtu: 1400 }];
    await rig.clock.advance(20_000);
    dataplane.addresses = [{ ...eth0, mtu: 1300 }];
    await rig.startNva();
    const next = await rig.sync(NETWORK);
    assert.deepEqual(next.of('hello')[0]?.underlays, dataplane.addresses);
    await rig.clock.advance(20_000);
    assert.ok(next.of('underlay_report').every(({ underlays: [one] }) => one?.mtu === 1300));
  });

  it('says once that it cannot look at its host, and that it can again', async () => {
    await start();
    await rig.sync(NETWORK);
    rig.takeLog();
    rig.dataplane.failObservations = 20;
    rig.dataplane.notify('unknown');
    await rig.clock.advance(5 * 60_000);
    assert.deepEqual(rig.takeLog(), ['error pass failed KERNEL_REFUSED']);
    await rig.clock.advance(10 * 60_000);
    assert.deepEqual(rig.takeLog(), ['info reconciled']);
    assert.equal(rig.dataplane.failObservations, 0);
  });

  it('goes on when it cannot read the addresses, and says so once', async () => {
    await start();
    const session = await rig.sync(NETWORK);
    rig.takeLog();
    rig.dataplane.failUnderlays = true;
    await rig.clock.advance(60_000);
    assert.deepEqual(rig.takeLog(), ['warn cannot read the addresses KERNEL_REFUSED']);
    rig.dataplane.failUnderlays = false;
    rig.dataplane.addresses = [{ address: '10.0.0.1', interface: 'eth0', mtu: 1500 }];
    await rig.clock.advance(10_000);
    await rig.until(() => session.of('underlay_report').length > 0);
    assert.equal(await rig.answer(session, delta([], { sequence: 2, revision: 11 })), 'stored');
  });
});
