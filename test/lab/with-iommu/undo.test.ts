import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { eventually } from '../../support/eventually.js';
import { BUSY_PROFILE, makeBusy, makeIdle } from '../support/busy.js';
import * as eye from '../support/eye.js';
import { isGuest, LabHost, needGuest, PF0, PF1 } from '../support/lab-host.js';

describe('a host in use', () => {
  let host: LabHost;
  let was: string[];
  before(function () {
    needGuest(this);
    host = new LabHost('undo');
    makeBusy();
    was = eye.everything();
  });
  after(() => {
    if (isGuest()) makeIdle();
  });

  it('is not taken without being told so', async () => {
    const error = await host.refused(BUSY_PROFILE.replace('takeOver: true, ', ''));
    for (const reason of [
      'wan0 is up',
      'wan0 has the address 192.0.2.1',
      'wan0 has the address 2001:db8::1',
      'a route to 198.51.100.0/24 (table main) goes over wan0',
      'a route to 2001:db8:9::/48 (table main) goes over wan0',
      'a route to 203.0.113.0/24 (table 100) goes over wan0',
    ]) {
      assert.ok(error.includes(reason), `${reason}: ${error}`);
    }
    assert.deepEqual(eye.everything(), was);
  });

  it('shows in the plan what goes away, and applies just that plan', async () => {
    const file = host.profile(BUSY_PROFILE);
    const plan = await host.ok('plan', '-f', file);
    assert.match(plan, /interfaces .*wan0/);
    assert.match(plan, /addresses 192\.0\.2\.1\/24 on wan0, 2001:db8::1\/64 on wan0/);
    const [, hash = ''] = /^Plan ([0-9a-f]{64})$/m.exec(plan) ?? [];
    eye.setPages(0, 6);
    const changed = await host.host('apply', '-f', file, '--plan', hash);
    assert.match(changed.err, /PLAN_CHANGED/);
    eye.setPages(0, 5);
    await host.ok('apply', '-f', file, '--plan', hash);
    assert.equal(eye.driverOf(PF0), 'vfio-pci');
    assert.ok(existsSync(`/dev/vfio/${eye.groupOf(PF0) ?? ''}`));
    assert.equal(eye.vfCount(PF1), 3);
    assert.equal(eye.driverOf(eye.vfAt(PF1, 0)), 'vfio-pci');
    assert.deepEqual(eye.vfOf(PF1, 0).vlan_list, [{ vlan: 42 }]);
  });

  it('is byte for byte as it was after undo', async () => {
    await host.ok('undo');
    assert.deepEqual(eye.everything(), was);
  });

  it('is as it was when nobody confirms, without nfvctl', async () => {
    const applied = await host.apply(BUSY_PROFILE, '--confirm', '3s');
    assert.equal(applied.status, 0, applied.err);
    assert.equal(eye.driverOf(PF0), 'vfio-pci');
    await eventually(async () => (await host.ok('status')).includes('idle'), 240_000, 2000);
    assert.deepEqual(eye.everything(), was);
  });

  it('keeps its default route unless one knows, and then has to confirm', async () => {
    eye.ip('route', 'add', 'default', 'via', '192.0.2.254', 'dev', 'wan0');
    const now = eye.everything();
    try {
      assert.match(await host.refused(BUSY_PROFILE), /the default route goes over wan0/);
      const unconfirmed = await host.refused(BUSY_PROFILE, '--i-know');
      assert.match(unconfirmed, /has to be confirmed in time/);
      const { status, err } = await host.apply(BUSY_PROFILE, '--i-know', '--confirm', '10m');
      assert.equal(status, 0, err);
      await host.ok('confirm');
      await host.ok('undo');
      assert.deepEqual(eye.everything(), now);
    } finally {
      eye.ip('route', 'del', 'default');
    }
  });
});
