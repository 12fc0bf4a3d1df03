import assert from 'node:assert/strict';
import * as eye from '../support/eye.js';
import { LabHost, needGuest, PF0 } from '../support/lab-host.js';

const profile = (policy: 'report' | 'repair'): string => `
hugepages: [{ size: 2M, node: 1, pages: 20 }]
nics:
  - name: pf0
    match: { bdf: '${PF0}' }
    role: sriov
    sriov: { count: 2, vfs: [{ index: 1, mac: '02:00:00:00:41:01', vlan: 42, driver: none }] }
policy: { drift: ${policy} }
`;

describe('what somebody changes behind our back', () => {
  let host: LabHost;
  let was: string[];
  let wanted: string[];
  before(async function () {
    needGuest(this);
    host = new LabHost('drift');
    was = eye.everything();
    const { status, err } = await host.apply(profile('report'));
    assert.equal(status, 0, err);
    // A VF without a driver and without a name has no MAC of its own that could change.
    wanted = eye.everything();
  });

  /** Names and MACs of VF 0, which the kernel makes up each time. */
  const settled = (lines: readonly string[]): string[] =>
    lines.filter((line) => !line.includes('0000:41:10.0 ') && !line.includes('"vf":0'));

  it('is reported: VFs that are gone, a VLAN, hugepages', async () => {
    assert.match(await host.ok('drift'), /^as the profile wants it$/m);
    eye.setPages(1, 3);
    eye.ip('link', 'set', 'dev', eye.nameOf(PF0), 'vf', '1', 'vlan', '0');
    const first = await host.host('drift');
    assert.match(first.out, /node 1: 20 hugepages of 2M/);
    assert.match(first.out, /0000:41:00\.0\/vf1: vlan 42/);
    eye.setVfCount(PF0, 0);
    const second = await host.host('drift');
    assert.match(second.out, /0000:41:00\.0: 2 VFs/);
    assert.match(await host.ok('status'), /State: +drifted/);
  });

  it('is repaired where the policy says so, and undo still knows the way back', async () => {
    const { status, err } = await host.apply(profile('repair'));
    assert.equal(status, 0, err);
    eye.setPages(1, 0);
    eye.setVfCount(PF0, 0);
    eye.setVfCount(PF0, 4);
    const repaired = await host.host('drift');
    assert.match(repaired.out, /repaired/);
    assert.equal(eye.vfCount(PF0), 2);
    assert.equal(eye.vfOf(PF0, 1).address, '02:00:00:00:41:01');
    assert.deepEqual(settled(eye.everything()), settled(wanted));
    await host.ok('undo');
    await host.ok('undo');
    assert.deepEqual(eye.everything(), was);
  });
});
