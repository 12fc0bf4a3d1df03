/** Host profiles from a real NVA to real agents, on hosts with a fake kernel. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostProfileSpec, HostProfileTarget } from '../../../src/model/host-profile.js';
import { NEW_HOST_PROFILE } from '../../../src/model/host-profile.js';
import { profileHash, type HostPhase, type HostStatus } from '../../../src/model/host/offer.js';
import { eventually } from '../../support/eventually.js';
import { assertSame, BUSY_PROFILE, everything } from '../../support/fake-sysfs/busy-host.js';
import { MGMT } from '../../support/fake-sysfs/hosts.js';
import { FakeNve } from '../../support/fake-nve.js';
import { call, NvaHarness } from '../../support/nva-harness.js';
import { OfferedHost } from '../../support/offered-host.js';
import { nveSpec } from '../../support/specs.js';

const request = { requestId: '', validateOnly: false };
const PAGES = 'hugepages: [{ size: 2M, node: 1, pages: 8 }]\n';

describe('host profiles of the NVA', function () {
  this.timeout(30_000);
  let nva: NvaHarness;
  const closing: { close(): Promise<void> }[] = [];

  beforeEach(async () => {
    nva = await NvaHarness.start();
    const labels = { rack: 'r1' };
    await nva.client.nves.create(
      { ...request, id: 'host-a', spec: nveSpec(['192.0.2.1'], { labels }) },
      call,
    );
    await nva.client.nves.create(
      { ...request, id: 'host-bb', spec: nveSpec(['192.0.2.2'], { labels }) },
      call,
    );
  });
  afterEach(async () => {
    for (const part of closing.splice(0)) await part.close();
    await nva.close();
  });

  const profile = async (id: string, spec: Partial<HostProfileSpec>): Promise<void> => {
    const whole = { ...NEW_HOST_PROFILE, profile: BUSY_PROFILE, ...spec };
    await nva.client.hostProfiles.create({ ...request, id, spec: whole }, call);
  };
  const offered = (name: string): OfferedHost => {
    const host = new OfferedHost(name, nva.socket);
    closing.push(host);
    return host;
  };
  const statusOf = async (nve: string): Promise<HostStatus | undefined> =>
    (await nva.client.nves.get(nve, call)).status.host;
  const phase = (nve: string, wanted: HostPhase): Promise<HostStatus> =>
    eventually(async () => {
      const status = await statusOf(nve);
      assert.equal(status?.phase, wanted, status?.reason);
      return status;
    }, 20_000);
  const targets = (id: string, wanted: readonly Partial<HostProfileTarget>[]): Promise<unknown> =>
    eventually(async () => {
      const { status } = await nva.client.hostProfiles.get(id, call);
      assert.deepEqual(
        status.targets.map(({ nve, phase: is }) => ({ nve, phase: is })),
        wanted,
      );
      return status;
    }, 10_000);

  it('are applied where the agent may, and both ends say so', async () => {
    const host = offered('host-a');
    await host.start();
    await profile('edge', { nves: ['host-a'] });
    const status = await phase('host-a', 'APPLIED');
    const hash = profileHash(BUSY_PROFILE);
    assert.deepEqual(status, {
      profile: 'edge',
      wantedHash: hash,
      appliedProfile: 'hostProfiles/edge',
      appliedHash: hash,
      phase: 'APPLIED',
      reasonCode: '',
      reason: '',
    });
    await targets('edge', [{ nve: 'host-a', phase: 'APPLIED' }]);
    const { state, offered: said } = await host.preparing.status(true, host.host.signal);
    assert.deepEqual([state, said?.profile, said?.takes], ['ready', 'hostProfiles/edge', 'nva']);
  });

  it('are kept and not used where the host has its own, which is told', async () => {
    const host = offered('host-a');
    const before = everything(host.host);
    await host.start({ profileFrom: 'local', apply: 'manual' });
    await profile('edge', { nves: ['host-a'] });
    const first = await phase('host-a', 'NOT_TAKEN');
    assert.match(first.reason, /host\.profileFrom: local$/);
    assertSame(everything(host.host), before);

    const own = { text: PAGES, name: '/etc/nfvd/host.yaml' };
    await host.preparing.apply({ profile: own, iKnow: false }, () => undefined, host.host.signal);
    await host.clock.advance(5000);
    await eventually(async () => {
      const conflict = await statusOf('host-a');
      assert.match(conflict?.reason ?? '', /; the host is prepared with \/etc\/nfvd\/host\.yaml$/);
      assert.equal(conflict?.appliedHash, profileHash(PAGES));
    });
  });

  it('wait for somebody at the host where the agent does not apply them', async () => {
    const host = offered('host-a');
    await host.start({ apply: 'manual' });
    await profile('edge', { nves: ['host-a'] });
    await phase('host-a', 'OFFERED');
    const { preparing } = host;
    const text = await preparing.offered();
    assert.deepEqual(text, { text: BUSY_PROFILE, name: 'hostProfiles/edge' });
    await preparing.apply({ profile: text, iKnow: false }, () => undefined, host.host.signal);
    await host.clock.advance(5000);
    await phase('host-a', 'APPLIED');
  });

  it('never touch what the guard keeps, however the agent is set up', async () => {
    const host = offered('host-a');
    const before = everything(host.host);
    await host.start();
    const text = `nics:\n  - { name: m, role: dpdk, takeOver: true, match: { bdf: "${MGMT}" } }\n`;
    await profile('edge', { nves: ['host-a'], profile: text });
    const status = await phase('host-a', 'FAILED');
    assert.equal(status.reasonCode, 'PLAN_BLOCKED');
    assertSame(everything(host.host), before);
    // A new text is another attempt.
    await nva.client.hostProfiles.update(
      { id: 'edge', changes: { profile: PAGES }, etag: '', validateOnly: false },
      call,
    );
    await phase('host-a', 'APPLIED');
  });

  it('outlive the NVA and the agent', async () => {
    const host = offered('host-a');
    await host.start({ apply: 'manual' });
    await profile('edge', { nves: ['host-a'] });
    await phase('host-a', 'OFFERED');
    await host.stop();
    await nva.stopNva();
    await host.start();
    await eventually(async () => {
      const { state } = await host.preparing.status(false, host.host.signal);
      return state === 'ready';
    }, 20_000);
    await nva.startNva();
    await phase('host-a', 'APPLIED');
    // Taking it away undoes nothing.
    await nva.client.hostProfiles.delete({ id: 'edge', etag: '', validateOnly: false }, call);
    const gone = await phase('host-a', 'NONE');
    assert.equal(gone.appliedProfile, 'hostProfiles/edge');
    const file = readFileSync(join(host.host.stateDir, 'offered.json'), 'utf8');
    assert.deepEqual(JSON.parse(file), { profile: '', text: '', takes: 'nva' });
  });

  it('go to those that are named or have the labels, and to nobody where that is not clear', async () => {
    const fake = (name: string): FakeNve => {
      const nve = new FakeNve({ name, socket: nva.socket, takesHostOffers: true });
      closing.push({ close: () => nve.disconnect() });
      return nve;
    };
    const [a, b] = [fake('host-a'), fake('host-bb')];
    await Promise.all([a.connect(), b.connect()]);
    await profile('by-rack', { nveLabels: { rack: 'r1' } });
    const last = (nve: FakeNve): string | undefined => nve.offers.at(-1)?.profile;
    await eventually(() => last(a) === 'by-rack' && last(b) === 'by-rack');
    await profile('by-name', { nves: ['host-a', 'not-yet-there'], profile: PAGES });
    await eventually(() => last(a) === 'by-name');
    assert.equal(last(b), 'by-rack');
    await targets('by-name', [{ nve: 'host-a', phase: 'PENDING' }]);
    await targets('by-rack', [{ nve: 'host-bb', phase: 'PENDING' }]);

    await profile('by-rack-too', { nveLabels: { rack: 'r1' }, profile: PAGES });
    await targets('by-rack', [{ nve: 'host-bb', phase: 'AMBIGUOUS' }]);
    await targets('by-rack-too', [{ nve: 'host-bb', phase: 'AMBIGUOUS' }]);
    assert.equal(last(b), 'by-rack', 'it keeps what it has');

    const changes = { labels: { rack: 'r2' } };
    await nva.client.nves.update({ id: 'host-bb', changes, etag: '', validateOnly: false }, call);
    await eventually(() => last(b) === '');
    assert.deepEqual(b.offers.at(-1), { profile: '', text: '' });
    await targets('by-rack', []);
  });

  it('are not sent to an agent of before there were any', async () => {
    const old = new FakeNve({ name: 'host-a', socket: nva.socket });
    closing.push({ close: () => old.disconnect() });
    await profile('edge', { nves: ['host-a'] });
    await old.connect();
    await eventually(() => old.deltas.some(({ complete }) => complete));
    await targets('edge', [{ nve: 'host-a', phase: 'PENDING' }]);
    assert.deepEqual(old.offers, []);
  });

  it('are checked by the schema of local ones, with the line', async () => {
    const text = 'hugepages:\n  - { size: 2M, node: 0, pages: many }\n';
    await assert.rejects(profile('bad', { profile: text }), (error: unknown) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, /^host_profile\.profile: .*line 2:33: hugepages\[0\]\.pages: /);
      return true;
    });
  });
});
