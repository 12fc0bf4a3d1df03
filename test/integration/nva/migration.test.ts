/** Migrations over the API and the southbound protocol; the agents have no dataplane behind them. */
import assert from 'node:assert/strict';
import type { ErrorCode } from '../../../src/errors.js';
import type { Endpoint, Port } from '../../../src/model/endpoint.js';
import type { ItemReport } from '../../../src/model/southbound.js';
import type { Item } from '../../../src/model/item.js';
import type { MigrateRequest } from '../../../src/model/migration-requests.js';
import type { MigrationPhase } from '../../../src/model/migration-phase.js';
import { eventually } from '../../support/eventually.js';
import type { FakeNve } from '../../support/fake-nve.js';
import { call, type NvaHarness } from '../../support/nva-harness.js';
import { refusedWith } from '../../support/refusals.js';
import { SmallOverlay } from '../../support/small-overlay.js';

const PORT: Port = { kind: 'veth', netns: 'moved', interface: 'eth0', hostInterface: '' };
const UUID = '6f1c52f0-3c0a-4b52-9d5e-0b6a7b0f2a11';
const MAC = 'mac/100/02:00:00:00:00:01';
const SOURCE = '192.0.2.1';
const TARGET = '192.0.2.3';

const TO_C: MigrateRequest = {
  ...{ id: 'blue-1', nve: 'host-c', port: PORT },
  ...{ etag: '', requestId: '', validateOnly: false, hold: false, timeoutMs: 0 },
};
const BLUE_1 = { id: 'blue-1', etag: '', validateOnly: false };

describe('nva migration', function () {
  this.timeout(30_000);
  let overlay: SmallOverlay;
  let harness: NvaHarness;
  let a: FakeNve;
  let b: FakeNve;
  let c: FakeNve;
  /** What became of items on host-c, and on host-b: undefined: applied; 'silent': it says nothing. */
  let judgeC: (item: Item) => ItemReport['failure'];
  let judgeB: (item: Item) => ItemReport['failure'];

  beforeEach(async () => {
    overlay = await SmallOverlay.start();
    ({ harness } = overlay);
    judgeB = judgeC = () => undefined;
    a = overlay.fake('host-a');
    b = overlay.fake('host-b', { judge: (item) => judgeB(item) });
    c = overlay.fake('host-c', { judge: (item) => judgeC(item) });
    for (const nve of [a, b, c]) await nve.connect();
    const { applied } = await overlay.wait(0);
    assert.ok(applied);
    await eventually(async () => (await read()).status.state === 'ACTIVE');
  });

  afterEach(() => overlay.close());

  const read = (): Promise<Endpoint> => harness.client.endpoints.get('blue-1', call);
  const reached = (phase: MigrationPhase): Promise<Endpoint> =>
    eventually(async () => {
      const endpoint = await read();
      assert.equal(endpoint.status.migration?.phase, phase);
      return endpoint;
    });

  /** Where an NVE sends frames for the endpoint: 'here', a VTEP, or undefined. */
  function leads(nve: FakeNve): string | undefined {
    const mac = nve.items.get(MAC)?.payload;
    if (mac?.kind !== 'mac_entry') return undefined;
    return mac.via.kind === 'remote' ? mac.via.vtep : 'here';
  }

  function port(nve: FakeNve): string {
    const item = nve.items.get('port/blue-1')?.payload;
    return item?.kind !== 'port' ? 'none' : item.adminUp ? 'up' : 'down';
  }

  const look = (): string[] => [a, b, c].map((nve) => `${port(nve)} ${leads(nve) ?? '-'}`);

  const places = ({ status }: Endpoint): string[] =>
    status.attachments.map(({ nve, state, cause }) => `${nve} ${state} ${cause}`);

  it('holds while it is associated, and goes on when it is finished', async () => {
    const begun = await harness.client.migrations.migrate({ ...TO_C, hold: true }, call);
    assert.equal(begun.status.migration?.phase, 'ASSOCIATING');
    const held = await reached('ASSOCIATED');
    assert.deepEqual(look(), ['up here', `none ${SOURCE}`, `down ${SOURCE}`]);
    assert.ok(b.items.has(`flood/100/${TARGET}`) && b.items.has(`tunnel/100/${TARGET}`));
    assert.ok(c.items.has('bd/100') && c.items.has('mac/100/02:00:00:00:00:02'));
    assert.equal(held.spec.nve, 'host-a');
    await eventually(async () => {
      assert.deepEqual(places(await read()), [
        'host-a ACTIVATED CREATE',
        'host-c ASSOCIATED MIGRATE',
      ]);
    });
    await harness.client.migrations.finish({ ...BLUE_1, force: false }, call);
    const done = await reached('FINISHED');
    assert.deepEqual([done.spec.nve, done.spec.port], ['host-c', PORT]);
    await eventually(async () => {
      assert.deepEqual(look(), [`none -`, `none ${TARGET}`, 'up here']);
      const now = await read();
      assert.deepEqual(places(now), ['host-c ACTIVATED MIGRATE']);
      assert.equal(now.status.attachments[0]?.migrationId, now.status.migration?.id);
      assert.equal(now.status.state, 'ACTIVE');
    });
    // To finish what is finished is no error, to take it back is.
    await harness.client.migrations.finish({ ...BLUE_1, force: false }, call);
    await refusedWith('NO_MIGRATION', harness.client.migrations.cancel(BLUE_1, call));
  });

  it('goes through by itself, and an NVE hears of the flip only when the target is up', async () => {
    const order: string[] = [];
    judgeB = ({ payload }) => {
      if (payload.kind === 'mac_entry' && payload.via.kind === 'remote') {
        order.push(`b → ${payload.via.vtep}, target ${port(c)}, source ${port(a)}`);
      }
      return undefined;
    };
    await harness.client.migrations.migrate(TO_C, call);
    await reached('FINISHED');
    assert.deepEqual(order, [`b → ${TARGET}, target up, source up`]);
  });

  it('does not switch before the target has it, names it, and goes back when the time is up', async () => {
    const failure = { code: 'NETNS_MISSING', message: 'there is no namespace moved' };
    judgeC = ({ key }) => (key === 'port/blue-1' ? failure : undefined);
    await harness.client.migrations.migrate({ ...TO_C, timeoutMs: 1500 }, call);
    await eventually(async () => {
      const { status } = await read();
      const reason = 'port/blue-1: there is no namespace moved';
      assert.deepEqual(status.laggards, [{ nve: 'host-c', code: 'NETNS_MISSING', reason }]);
      assert.equal(status.migration?.phase, 'ASSOCIATING');
    });
    assert.deepEqual(look(), ['up here', `none ${SOURCE}`, `down ${SOURCE}`]);
    const { status, spec } = await reached('FAILED');
    assert.equal(spec.nve, 'host-a');
    assert.equal(status.migration?.reasonCode, 'MIGRATION_TIMED_OUT');
    assert.match(
      status.migration.reason,
      /nves\/host-c: port\/blue-1: there is no namespace moved/,
    );
    await eventually(() => {
      assert.deepEqual(look(), ['up here', `none ${SOURCE}`, 'none -']);
      assert.equal(c.items.has('bd/100'), false);
    });
    await eventually(async () => {
      assert.deepEqual(places(await read()), ['host-a ACTIVATED CREATE']);
    });
  });

  it('is taken back while it is associated, and nobody else has noticed', async () => {
    await harness.client.migrations.migrate({ ...TO_C, hold: true }, call);
    await reached('ASSOCIATED');
    const seen = b.deltas.length;
    const cancelled = await harness.client.migrations.cancel(BLUE_1, call);
    assert.equal(cancelled.status.migration?.phase, 'CANCELLED');
    await eventually(() => {
      assert.deepEqual(look(), ['up here', `none ${SOURCE}`, 'none -']);
    });
    const macs = b.deltas.slice(seen).flatMap(({ upserts }) => upserts.map(({ key }) => key));
    assert.deepEqual(macs, []);
    assert.equal((await harness.client.migrations.cancel(BLUE_1, call)).spec.nve, 'host-a');
    await refusedWith(
      'NO_MIGRATION',
      harness.client.migrations.finish({ ...BLUE_1, force: false }, call),
    );
  });

  it('goes back after the flip, the target still up until all have it so', async () => {
    const failure = { code: 'KERNEL_REFUSED', message: 'no' };
    judgeB = ({ payload }) =>
      payload.kind === 'mac_entry' && payload.via.kind === 'remote' && payload.via.vtep === TARGET
        ? failure
        : undefined;
    await harness.client.migrations.migrate(TO_C, call);
    await reached('SWITCHING');
    await eventually(() => {
      assert.deepEqual(look(), ['up here', `none ${TARGET}`, 'up here']);
    });
    const order: string[] = [];
    judgeB = () => {
      order.push(port(c));
      return undefined;
    };
    await harness.client.migrations.cancel(BLUE_1, call);
    await reached('CANCELLED');
    assert.deepEqual(order, ['up']);
    await eventually(() => {
      assert.deepEqual(look(), ['up here', `none ${SOURCE}`, 'none -']);
    });
  });

  it('waits for an NVE that is away, unless it is forced', async () => {
    await b.disconnect();
    await harness.client.migrations.migrate(TO_C, call);
    await eventually(async () => {
      const [laggard] = (await read()).status.laggards;
      assert.deepEqual([laggard?.nve, laggard?.code], ['host-b', 'NVE_DISCONNECTED']);
    });
    await harness.client.migrations.finish({ ...BLUE_1, force: true }, call);
    const { spec } = await reached('FINISHED');
    assert.equal(spec.nve, 'host-c');
  });

  it('goes on after the NVA was stopped in the middle', async () => {
    await harness.client.migrations.migrate({ ...TO_C, hold: true }, call);
    await reached('ASSOCIATED');
    await harness.stopNva();
    await harness.startNva();
    for (const nve of [a, b, c]) {
      await nve.disconnect();
      await nve.connect();
    }
    assert.equal((await read()).status.migration?.phase, 'ASSOCIATED');
    assert.deepEqual(look(), ['up here', `none ${SOURCE}`, `down ${SOURCE}`]);
    await harness.client.migrations.finish({ ...BLUE_1, force: false }, call);
    assert.equal((await reached('FINISHED')).spec.nve, 'host-c');
  });

  it('goes with its endpoint', async () => {
    await harness.client.migrations.migrate({ ...TO_C, hold: true }, call);
    await reached('ASSOCIATED');
    await harness.client.endpoints.delete({ ...BLUE_1 }, call);
    await eventually(() => {
      assert.deepEqual(look(), ['none -', 'none -', 'none -']);
    });
    await harness.client.nves.delete({ id: 'host-c', etag: '', validateOnly: false }, call);
  });

  it('keeps what it needs: the port, the NVE, the place', async () => {
    const begun = await harness.client.migrations.migrate({ ...TO_C, hold: true }, call);
    const taken = overlay.attach('rival', 7, 'host-c', { port: PORT });
    await refusedWith('PORT_IN_USE', taken);
    const deleted = harness.client.nves.delete(
      { id: 'host-c', etag: '', validateOnly: false },
      call,
    );
    await refusedWith('RESOURCE_IN_USE', deleted);
    const update = { id: 'blue-1', etag: '', validateOnly: false };
    for (const changes of [{ nve: 'host-b' }, { port: PORT }, { ips: ['10.0.0.77'] }]) {
      const moved = harness.client.endpoints.update({ ...update, changes }, call);
      await refusedWith('ENDPOINT_MIGRATING', moved);
    }
    const labels = { tier: 'gold' };
    const labelled = await harness.client.endpoints.update(
      { ...update, changes: { labels } },
      call,
    );
    assert.deepEqual(labelled.spec.labels, labels);
    assert.equal(labelled.status.migration?.id, begun.status.migration?.id);
  });

  it('answers a repeat as the first time, and refuses another one meanwhile', async () => {
    const request = { ...TO_C, hold: true, requestId: UUID };
    const { etag } = (await read()).meta;
    const begun = await harness.client.migrations.migrate({ ...request, etag }, call);
    assert.equal(begun.status.migration?.id, UUID);
    await reached('ASSOCIATED');
    const again = await harness.client.migrations.migrate(request, call);
    assert.equal(again.status.migration?.phase, 'ASSOCIATED');
    // Its answer was lost: whoever asks again cannot know another etag.
    const sameAgain = await harness.client.migrations.migrate({ ...request, etag }, call);
    assert.equal(sameAgain.status.migration?.phase, 'ASSOCIATED');
    await refusedWith(
      'REQUEST_ID_REUSED',
      harness.client.migrations.migrate({ ...request, hold: false }, call),
    );
    await refusedWith(
      'ENDPOINT_MIGRATING',
      harness.client.migrations.migrate({ ...TO_C, nve: 'host-b' }, call),
    );
  });

  const bad: readonly [name: string, Partial<MigrateRequest>, code: ErrorCode][] = [
    ['where it is', { nve: 'host-a' }, 'INVALID_FIELD'],
    ['to an NVE that does not exist', { nve: 'nowhere' }, 'REFERENCE_NOT_FOUND'],
    ['to no NVE', { nve: '' }, 'INVALID_FIELD'],
    ['with a namespace that is none', { port: { ...PORT, netns: '../x' } }, 'INVALID_FIELD'],
    [
      'with a port that the NVE cannot make',
      { port: { kind: 'vpp_interface', interface: 'eth0' } },
      'NVE_LACKS_CAPABILITY',
    ],
    [
      'with a port that is taken',
      { nve: 'host-b', port: { ...PORT, netns: 'blue-2' } },
      'PORT_IN_USE',
    ],
    ['with a stale etag', { etag: '"0"' }, 'ETAG_MISMATCH'],
    ['with a request id that is none', { requestId: 'x' }, 'INVALID_FIELD'],
    ['with no time', { timeoutMs: 1 }, 'INVALID_FIELD'],
    ['with too much time', { timeoutMs: 3_600_001 }, 'INVALID_FIELD'],
    ['of an endpoint that does not exist', { id: 'nobody' }, 'NOT_FOUND'],
  ];
  for (const [name, change, code] of bad) {
    it(`is refused ${name}`, async () => {
      const before = await read();
      await refusedWith(code, harness.client.migrations.migrate({ ...TO_C, ...change }, call));
      assert.deepEqual(await read(), before);
    });
  }

  it('is only checked when asked to', async () => {
    const before = await read();
    const dry = await harness.client.migrations.migrate({ ...TO_C, validateOnly: true }, call);
    assert.equal(dry.status.migration?.phase, 'ASSOCIATING');
    assert.deepEqual(await read(), before);
  });
});
