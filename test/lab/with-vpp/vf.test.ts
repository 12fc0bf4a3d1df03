/** A VF for VPP, whose PF stays with the kernel. */
import assert from 'node:assert/strict';
import * as eye from '../support/eye.js';
import { LabHost, PF0, PF1 } from '../support/lab-host.js';
import { LabVpp, needVpp, QUIET } from '../support/lab-vpp.js';

const VF_MAC = '02:00:00:00:41:00';

describe('VPP on a VF of a NIC that the kernel keeps', () => {
  let host: LabHost;
  const vpp = new LabVpp();
  let profile: string;
  let was: string[];

  before(async function () {
    const prefix = needVpp(this);
    host = new LabHost('vf');
    await vpp.open(prefix);
    was = eye.everything();
    profile = `
hugepages: [{ size: 2M, node: 0, pages: 4 }]
nics:
  - name: pf0
    match: { bdf: '${PF0}' }
    role: sriov
    sriov: { count: 2, vfs: [{ index: 0, mac: '${VF_MAC}' }, { index: 1, driver: none }] }
  - { name: vf, role: dpdk, match: { pf: pf0, vfs: 0 } }
cpu: { mainCore: 0 }
vpp:
  prefix: '${vpp.prefix}'
  group: root
  plugins: [ping_plugin.so]
  buffersPerNuma: 8192
  sections: { unix: [${QUIET}] }
`;
    const { status, err } = await host.apply(profile);
    assert.equal(status, 0, err);
  });
  after(async () => {
    await vpp.close();
  });

  it('has it as an interface, with the MAC that its PF gave it', () => {
    const hardware = vpp.hardware();
    assert.deepEqual([...hardware.keys()].sort(), ['local0', 'vf']);
    assert.match(hardware.get('vf') ?? '', /Ethernet address 02:00:00:00:41:00$/m);
    assert.match(hardware.get('vf') ?? '', /address 0000:41:10\.00 numa 0$/m);
    assert.equal(eye.driverOf(eye.vfAt(PF0, 0)), 'vfio-pci');
    assert.equal(eye.vfOf(PF0, 0).address, VF_MAC);
  });

  it('reaches the kernel over the other NIC', async () => {
    const name = eye.nameOf(PF1);
    eye.ip('link', 'set', 'dev', name, 'up');
    eye.ip('address', 'add', '192.0.2.9/24', 'dev', name);
    vpp.cli('set', 'interface', 'ip', 'address', 'vf', '192.0.2.1/24');
    vpp.cli('set', 'interface', 'state', 'vf', 'up');
    try {
      await vpp.pings('192.0.2.9');
    } finally {
      eye.ip('address', 'flush', 'dev', name);
      eye.ip('link', 'set', 'dev', name, 'down');
    }
  });

  it('has added the hugepages that its profile does not give it, and that is no drift', async () => {
    assert.ok(eye.pages(0) > 4);
    const plan = await host.ok('plan', '-f', host.profile(profile));
    assert.match(plan, /Steps: none/);
    assert.match(plan, /warns +hugepage-vpp .*VPP uses \d+ pages of 2M, and is to have 4/);
  });

  it('is stopped first when the VFs go', async () => {
    await host.ok('undo');
    assert.equal(vpp.isActive(), false);
    // Its own, which undo does not know of.
    for (const node of [0, 1]) eye.setPages(node, 0);
    assert.deepEqual(eye.everything(), was);
  });
});
