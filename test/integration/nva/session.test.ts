import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Underlay } from '../../../src/model/nve.js';
import { NveSessionClient } from '../../../src/rpc/nve-client.js';
import { eventually } from '../../support/eventually.js';
import type { FakeNve } from '../../support/fake-nve.js';
import { call, type NvaHarness } from '../../support/nva-harness.js';
import { endedWith, SmallOverlay } from '../../support/small-overlay.js';

describe('nva sessions with NVEs', () => {
  let overlay: SmallOverlay;
  let harness: NvaHarness;

  beforeEach(async () => {
    overlay = await SmallOverlay.start();
    ({ harness } = overlay);
  });

  afterEach(() => overlay.close());

  /** In the end, nobody else lags any more. */
  async function lagsOnly(revision: number, nve: string): Promise<void> {
    await eventually(async () => {
      const { laggards } = await overlay.wait(revision, 100);
      assert.deepEqual(
        laggards.map((laggard) => laggard.nve),
        [nve],
      );
    });
  }

  it('brings an NVE that holds nothing all of its own, and no more', async () => {
    const a = overlay.fake('host-a');
    await a.connect();
    await eventually(() => a.deltas.some(({ complete }) => complete));
    assert.deepEqual([...a.items.keys()].sort(), [
      'bd/100',
      'flood/100/192.0.2.2',
      'mac/100/02:00:00:00:00:01',
      'mac/100/02:00:00:00:00:02',
      'neigh/100/10.0.0.1',
      'neigh/100/10.0.0.2',
      'port/blue-1',
      'tunnel/100/192.0.2.2',
      'vtep/192.0.2.1',
    ]);
    const c = overlay.fake('host-c');
    await c.connect();
    await eventually(() => c.deltas.some(({ complete }) => complete));
    assert.deepEqual([...c.items.keys()], ['vtep/192.0.2.3']);
  });

  it('sends a change to the NVEs of its network only', async () => {
    const [a, b, c] = [overlay.fake('host-a'), overlay.fake('host-b'), overlay.fake('host-c')];
    for (const nve of [a, b, c]) await nve.connect();
    await eventually(() => [a, b, c].every((nve) => nve.deltas.some((d) => d.complete)));
    const before = [a, b, c].map((nve) => nve.deltas.length);
    const result = await overlay.wait(await overlay.attach('blue-3', 3, 'host-b'));
    assert.deepEqual(result.laggards, []);
    assert.equal(result.applied, true);
    assert.deepEqual(
      [a, b, c].map((nve) => nve.deltas.length),
      [(before[0] ?? 0) + 1, (before[1] ?? 0) + 1, before[2]],
    );
    assert.deepEqual(
      a.deltas.at(-1)?.upserts.map(({ key }) => key),
      ['mac/100/02:00:00:00:00:03', 'neigh/100/10.0.0.3'],
    );
  });

  it('sends nothing to an NVE that comes back in step', async () => {
    const a = overlay.fake('host-a');
    await a.connect();
    await eventually(() => a.deltas.some(({ complete }) => complete));
    await a.disconnect();
    const before = a.deltas.length;
    await a.connect();
    await eventually(() => a.welcome !== undefined);
    assert.equal(a.welcome?.sendHeldItems, false);
    const all = await overlay.wait(0, 0);
    assert.ok(!all.laggards.some(({ nve }) => nve === 'host-a'), JSON.stringify(all));
    assert.equal(a.deltas.length, before);
  });

  it('sends only what differs to an NVE that missed something', async () => {
    const a = overlay.fake('host-a');
    await a.connect();
    await eventually(() => a.deltas.some(({ complete }) => complete));
    await a.disconnect();
    await overlay.attach('blue-3', 3, 'host-b');
    await harness.client.endpoints.delete({ id: 'blue-2', etag: '', validateOnly: false }, call);
    const before = a.deltas.length;
    await a.connect();
    await eventually(() => a.deltas.length > before);
    const delta = a.deltas.at(-1);
    assert.ok(delta);
    assert.deepEqual(delta.upserts.map(({ key }) => key).sort(), [
      'mac/100/02:00:00:00:00:03',
      'neigh/100/10.0.0.3',
    ]);
    assert.deepEqual([...delta.removes].sort(), [
      'mac/100/02:00:00:00:00:02',
      'neigh/100/10.0.0.2',
    ]);
    assert.equal(delta.complete, true);
  });

  it('is the same after a restart of the NVA, with a higher epoch', async () => {
    const a = overlay.fake('host-a');
    await a.connect();
    await eventually(() => a.deltas.some(({ complete }) => complete));
    const { number } = a.epoch;
    await harness.stopNva();
    await a.ended;
    await harness.startNva();
    const before = a.deltas.length;
    await a.connect();
    await eventually(() => a.welcome !== undefined);
    assert.equal(a.welcome?.sendHeldItems, false);
    assert.ok(a.epoch.number > number);
    assert.equal(a.deltas.length, before);
    const web = await harness.client.endpoints.get('blue-1', call);
    assert.equal(web.spec.mac, '02:00:00:00:00:01');
  });

  it('coalesces what a slow NVE has not taken yet', async () => {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const a = overlay.fake('host-a', {
      onDelta: (delta) => (delta.sequence > 1 ? gate : undefined),
    });
    await a.connect();
    await eventually(() => a.deltas.some(({ complete }) => complete));
    let revision = 0;
    for (let i = 0; i < 40; i++) {
      const updated = await harness.client.virtualNetworks.update(
        { id: 'blue', changes: { mtu: 1300 + i }, etag: '', validateOnly: false },
        call,
      );
      revision = updated.meta.revision;
    }
    const slow = await overlay.wait(revision, 100);
    assert.equal(slow.applied, false);
    assert.deepEqual(
      slow.laggards.filter(({ nve }) => nve === 'host-a').map(({ code }) => code),
      ['NVE_PENDING'],
    );
    open();
    await eventually(async () => {
      const { laggards } = await overlay.wait(revision, 0);
      return !laggards.some(({ nve }) => nve === 'host-a');
    });
    assert.ok(a.deltas.length <= 1 + 4 + 2, `${a.deltas.length} deltas`);
    const domain = a.items.get('bd/100')?.payload;
    assert.equal(domain?.kind === 'bridge_domain' ? domain.mtu : undefined, 1339);
  });

  it('shows what an NVE could not apply, and that it could later', async () => {
    let broken = true;
    const failure = { code: 'NETNS_MISSING', message: 'there is no namespace blue-1' };
    const a = overlay.fake('host-a', {
      judge: ({ key }) => (broken && key === 'port/blue-1' ? failure : undefined),
    });
    await a.connect();
    const state = async (): Promise<unknown> => {
      const { status } = await harness.client.endpoints.get('blue-1', call);
      const [attachment] = status.attachments;
      return [status.state, status.reasonCode, status.reason, attachment?.state];
    };
    await eventually(async () => {
      const reason = 'there is no namespace blue-1';
      assert.deepEqual(await state(), ['FAILED', 'NETNS_MISSING', reason, 'INIT']);
    });
    const { laggards } = await overlay.wait(0, 0);
    const [laggard] = laggards.filter(({ nve }) => nve === 'host-a');
    assert.equal(laggard?.code, 'NETNS_MISSING');
    assert.deepEqual(laggard.failures, [{ key: 'port/blue-1', ...failure }]);
    await eventually(async () => {
      const { status } = await harness.client.nves.get('host-a', call);
      assert.equal(status.state, 'DEGRADED');
      assert.deepEqual(status.itemCounts, { wanted: 9, applied: 8, failed: 1 });
    });
    broken = false;
    const version = a.items.get('port/blue-1')?.version ?? '';
    await a.stream.send({
      kind: 'item_reports',
      epoch: a.epoch.number,
      entries: [{ key: 'port/blue-1', version }],
      settledRevision: a.revision,
    });
    await eventually(async () => {
      assert.deepEqual(await state(), ['ACTIVE', '', '', 'ACTIVATED']);
      assert.equal((await harness.client.nves.get('host-a', call)).status.state, 'IN_SYNC');
    });
  });

  it('names the NVEs that are not connected, if they are concerned', async () => {
    const b = overlay.fake('host-b');
    await b.connect();
    const revision = await overlay.attach('blue-3', 3, 'host-b');
    await eventually(async () => {
      const { applied, laggards } = await overlay.wait(revision, 100);
      assert.equal(applied, false);
      assert.deepEqual(
        laggards.map(({ nve, code }) => [nve, code]),
        [
          ['host-a', 'NVE_DISCONNECTED'],
          ['host-c', 'NVE_DISCONNECTED'],
        ],
      );
    });
    const endpoint = await eventually(async () => {
      const found = await harness.client.endpoints.get('blue-1', call);
      return found.status.reasonCode === '' ? false : found;
    });
    assert.deepEqual(endpoint.status, {
      held: [],
      state: 'PENDING',
      reasonCode: 'NVE_DISCONNECTED',
      reason: 'nves/host-a is not connected',
      attachments: [{ nve: 'host-a', state: 'INIT', cause: 'CREATE', migrationId: '' }],
      laggards: [],
    });
  });

  it('does not take for applied what an NVE missed while it was away, and failed at', async () => {
    const failure = { code: 'NETNS_MISSING', message: 'there is no namespace blue-4' };
    const c = overlay.fake('host-c', {
      judge: ({ key }) => (key === 'port/blue-4' ? failure : undefined),
    });
    await c.connect();
    await eventually(() => c.deltas.some(({ complete }) => complete));
    await c.disconnect();
    const revision = await overlay.attach('blue-4', 4, 'host-c');
    // The store goes on, so that what it is sent later is of a later revision.
    await overlay.attach('blue-3', 3, 'host-b');
    await c.connect();
    await eventually(() => c.items.has('port/blue-4'));
    await eventually(async () => {
      const { laggards } = await overlay.wait(revision, 0);
      const [laggard] = laggards.filter(({ nve }) => nve === 'host-c');
      assert.deepEqual(laggard?.failures, [{ key: 'port/blue-4', ...failure }]);
    });
  });

  it('does not wait for an NVE that was in step when it left, unless something changes for it', async () => {
    const [a, b, c] = [overlay.fake('host-a'), overlay.fake('host-b'), overlay.fake('host-c')];
    for (const nve of [a, b, c]) await nve.connect();
    await eventually(async () => (await overlay.wait(0, 0)).applied);
    await c.disconnect();
    const first = await overlay.wait(await overlay.attach('blue-3', 3, 'host-b'));
    assert.deepEqual(first.laggards, []);
    await lagsOnly(await overlay.attach('blue-4', 4, 'host-c'), 'host-c');
  });

  it('waits for an NVE that comes back with something else, from its first word on', async () => {
    const [a, b, c] = [overlay.fake('host-a'), overlay.fake('host-b'), overlay.fake('host-c')];
    for (const nve of [a, b, c]) await nve.connect();
    await eventually(async () => (await overlay.wait(0, 0)).applied);
    await c.disconnect();
    c.items.clear();
    const stream = new NveSessionClient().connect(
      { kind: 'unix', path: harness.socket },
      undefined,
    );
    await stream.send(c.hello());
    for await (const message of stream.incoming) {
      assert.ok(message.kind === 'welcome' && message.sendHeldItems);
      break;
    }
    const { laggards } = await overlay.wait(0, 0);
    assert.deepEqual(
      laggards.map(({ nve }) => nve),
      ['host-c'],
    );
    stream.end();
    await c.connect();
    await eventually(async () => (await overlay.wait(0, 0)).applied);
  });

  it('remembers across its own restart which NVEs are behind', async () => {
    const [a, b, c] = [overlay.fake('host-a'), overlay.fake('host-b'), overlay.fake('host-c')];
    for (const nve of [a, b, c]) await nve.connect();
    await eventually(async () => (await overlay.wait(0, 0)).applied);
    await eventually(async () => {
      const page = await harness.client.nves.list({ pageSize: 0, pageToken: '', filter: '' }, call);
      assert.ok(page.resources.every(({ status }) => status.state === 'IN_SYNC'));
    });
    await c.disconnect();
    await lagsOnly(await overlay.attach('blue-4', 4, 'host-c'), 'host-c');
    await harness.stopNva();
    await harness.startNva();
    const { laggards } = await overlay.wait(0, 0);
    assert.deepEqual(
      laggards.map(({ nve }) => nve),
      ['host-c'],
    );
    await eventually(async () => {
      const { status } = await harness.client.nves.get('host-a', call);
      assert.equal(status.state, 'DISCONNECTED');
    });
  });

  it('gives the MTU of the smallest underlay to all NVEs of a network', async () => {
    const underlay = (address: string, mtu: number): Underlay[] => [
      { address, interface: 'eth0', mtu },
    ];
    const a = overlay.fake('host-a', { underlays: underlay('192.0.2.1', 9000) });
    const b = overlay.fake('host-b', { underlays: underlay('192.0.2.2', 1600) });
    await a.connect();
    await b.connect();
    const mtu = (nve: FakeNve): number | undefined => {
      const payload = nve.items.get('bd/100')?.payload;
      return payload?.kind === 'bridge_domain' ? payload.mtu : undefined;
    };
    await eventually(() => mtu(a) === 1550 && mtu(b) === 1550);
    assert.equal((await harness.client.virtualNetworks.get('blue', call)).effectiveMtu, 1550);
    await b.stream.send({
      kind: 'underlay_report',
      underlays: [{ address: '192.0.2.2', interface: 'eth0', mtu: 1500 }],
    });
    await eventually(() => mtu(a) === 1450 && mtu(b) === 1450);
  });

  it('keeps the newest drifts of an NVE', async () => {
    const a = overlay.fake('host-a');
    await a.connect();
    await eventually(() => a.deltas.some(({ complete }) => complete));
    const drift = {
      key: 'mac/100/02:00:00:00:00:02',
      difference: 'missing',
      action: 'REPAIRED',
      time: '2026-01-02T03:04:05.000Z',
    } as const;
    await a.stream.send({ kind: 'drift_reports', drifts: [drift], total: 1, leftAlone: 2 });
    await eventually(async () => {
      const { status } = await harness.client.nves.get('host-a', call);
      assert.equal(status.driftedCount, 2);
      assert.deepEqual(status.drifts, [drift]);
      assert.equal(status.driftCount, 1);
    });
  });

  it('refuses endpoints that their NVE cannot do', async () => {
    const { stream } = await (async () => {
      const c = overlay.fake('host-c', {
        capabilities: {
          dataplane: 'linux',
          dataplaneVersion: '6.1',
          itemKinds: [],
          encapsulations: ['vxlan'],
          portKinds: ['tap'],
          bumModes: ['head_end'],
        },
      });
      await c.connect();
      await eventually(() => c.welcome !== undefined);
      return c;
    })();
    assert.equal(stream.signal.aborted, false);
    await assert.rejects(overlay.attach('blue-5', 5, 'host-c'), {
      code: 'NVE_LACKS_CAPABILITY',
      message: 'endpoint.nve: nves/host-c: has no port kind veth',
    });
  });

  it('lets a newer session of the same agent take over', async () => {
    const nodeUuid = randomUUID();
    const first = overlay.fake('host-a', { nodeUuid });
    await first.connect();
    await eventually(() => first.welcome !== undefined);
    const second = overlay.fake('host-a', { nodeUuid });
    await second.connect();
    assert.equal((await endedWith(first)).code, 'SESSION_REPLACED');
    await eventually(() => second.deltas.some(({ complete }) => complete));
  });

  it('ends the session of an NVE that is deleted', async () => {
    const c = overlay.fake('host-c');
    await c.connect();
    await eventually(() => c.welcome !== undefined);
    await harness.client.nves.delete({ id: 'host-c', etag: '', validateOnly: false }, call);
    assert.equal((await endedWith(c)).code, 'NOT_FOUND');
  });
});
