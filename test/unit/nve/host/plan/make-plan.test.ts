import assert from 'node:assert/strict';
import { describeStep } from '../../../../../src/model/host/steps.js';
import { FakeHost } from '../../../../support/fake-sysfs/host.js';
import { netdev, PF0, PF1, twoNodes } from '../../../../support/fake-sysfs/hosts.js';
import type { FakeState } from '../../../../support/fake-sysfs/state.js';
import { findingTexts, planFor, stepTexts } from '../../../../support/host-plans.js';

const UPLINK = `nics: [{ name: up, role: dpdk, match: { bdf: "${PF0}" } }]`;
const sriov = (text: string, pf = PF0): string =>
  `nics: [{ name: pf, role: sriov, match: { bdf: "${pf}" }, sriov: ${text} }]`;

describe('planHost', () => {
  let host: FakeHost;
  beforeEach(() => {
    host = new FakeHost(twoNodes());
  });
  afterEach(() => {
    host.close();
  });
  function withHost(state: FakeState): FakeHost {
    host.close();
    host = new FakeHost(state);
    return host;
  }

  it('has nothing to do for a profile that asks for nothing', async () => {
    const plan = await planFor(host, '');
    assert.deepEqual([plan.steps, plan.findings], [[], []]);
  });

  it('puts an uplink on vfio-pci, and knows the way back', async () => {
    const fn = host.kernel.fn(PF0);
    fn.netdev = netdev('eth0', fn.mac, { altnames: ['enp65s0f0'], mtu: 9000 });
    host.kernel.show();
    const plan = await planFor(host, UPLINK);
    assert.deepEqual(stepTexts(plan), ['load module vfio-pci', `${PF0}: driver vfio-pci`]);
    assert.deepEqual(findingTexts(plan), []);
    const [, bind] = plan.steps;
    assert.deepEqual(bind?.undo.map(describeStep), [
      `${PF0}: driver igb`,
      `${PF0}: netdev eth0 as it was`,
    ]);
    const [, restore] = bind.undo;
    assert.deepEqual(restore?.kind === 'netdev' && restore.values, {
      name: 'eth0',
      altnames: ['enp65s0f0'],
      mac: fn.mac,
      mtu: 9000,
      up: false,
      addresses: [],
      routes: [],
    });
    assert.deepEqual(plan.blast.netdevs, ['eth0']);
  });

  it('makes VFs in the order that nothing is lost: quiet, made, set up, then bound', async () => {
    const profile = sriov(`{
      count: 3,
      defaults: { trust: true },
      vfs: [{ index: 0, mac: "02:00:00:00:00:01", vlan: 42, driver: vfio-pci }, { index: 2, driver: none }]
    }`);
    assert.deepEqual(stepTexts(await planFor(host, profile)), [
      'load module vfio-pci',
      `${PF0}: link up`,
      `${PF0}: VFs get no driver by themselves`,
      `${PF0}: 3 VFs`,
      `${PF0}/vf0: mac 02:00:00:00:00:01, vlan 42, trust true`,
      `${PF0}/vf1: trust true`,
      `${PF0}/vf2: trust true`,
      `${PF0}: VFs get driver by themselves`,
      `${PF0}/vf0: driver vfio-pci`,
      `${PF0}/vf1: the kernel's driver`,
    ]);
  });

  it('goes from one number of VFs to another through none, and knows what each VF was', async () => {
    const fn = host.kernel.fn(PF0);
    if (fn.netdev !== undefined) fn.netdev.up = true;
    host.kernel.call('dd', [`of=${host.kernel.root}/sys/bus/pci/devices/${PF0}/sriov_numvfs`], '2');
    const plan = await planFor(host, sriov('{ count: 4 }'));
    assert.deepEqual(stepTexts(plan).slice(0, 3), [
      `${PF0}: VFs get no driver by themselves`,
      `${PF0}: 0 VFs`,
      `${PF0}: 4 VFs`,
    ]);
    assert.deepEqual(plan.steps[1]?.undo.map(describeStep).slice(0, 4), [
      `${PF0}: 2 VFs`,
      `${PF0}/vf0: mac fe:00:00:00:00:01, vlan 0, qos 0, vlanProtocol 802.1Q, spoofchk true, trust false, linkState auto, minTxRate 0, maxTxRate 0`,
      `${PF0}/vf0: driver igbvf`,
      `${PF0}/vf0: netdev eth2 as it was`,
    ]);
    assert.deepEqual(plan.blast.vfs, ['0000:41:10.0', '0000:41:10.2']);
  });

  it('gives VFs that are named by their PF to VPP', async () => {
    const plan = await planFor(
      host,
      `nics:
  - { name: pf, role: sriov, match: { bdf: "${PF0}" }, sriov: { count: 2 } }
  - { name: svc, role: dpdk, match: { pf: pf, vfs: 1 } }`,
    );
    assert.deepEqual(stepTexts(plan).slice(-2), [
      `${PF0}/vf0: the kernel's driver`,
      `${PF0}/vf1: driver vfio-pci`,
    ]);
  });

  const eswitch: readonly (readonly [string, readonly string[]])[] = [
    ['ice', ['no driver', 'switchdev', '2 VFs', 'driver by']],
    ['mlx5_core', ['no driver', '2 VFs', 'switchdev', 'driver by']],
    ['bnxt_en', ['link up', 'no driver', '2 VFs', 'switchdev', 'driver by']],
  ];
  for (const [driver, order] of eswitch) {
    it(`switches the eswitch when ${driver} wants it`, async () => {
      withHost(twoNodes(driver));
      const texts = stepTexts(await planFor(host, sriov('{ count: 2, eswitch: switchdev }')));
      const upto = texts.slice(
        0,
        texts.findIndex((text) => text.includes('vf0')),
      );
      const link = driver === 'bnxt_en' ? upto : upto.filter((text) => !text.includes('link up'));
      assert.equal(link.length, order.length, texts.join('\n'));
      for (const [i, part] of order.entries()) assert.ok(link[i]?.includes(part), texts.join('\n'));
    });
  }

  it('leaves the VFs of a PF that has no eswitch alone where legacy is asked for', async () => {
    const attribute = `${host.kernel.root}/sys/bus/pci/devices/${PF0}/sriov_numvfs`;
    host.kernel.call('dd', [`of=${attribute}`], '2');
    assert.deepEqual(stepTexts(await planFor(host, sriov('{ count: 2, eswitch: legacy }'))), []);
  });

  it('leaves mlx5 on its own driver, which VPP shares with the kernel', async () => {
    withHost(twoNodes('mlx5_core'));
    assert.deepEqual(stepTexts(await planFor(host, UPLINK)), []);
  });

  it('takes a netdev out of NetworkManager, and gives it back', async () => {
    host.kernel.state.networkManager = { unmanaged: new Set() };
    host.kernel.show();
    const plan = await planFor(host, UPLINK);
    const step = plan.steps[1];
    assert.equal(step && describeStep(step.step), `${PF0}: left alone by NetworkManager`);
    assert.deepEqual(step?.undo.map(describeStep), [`${PF0}: managed by NetworkManager`]);
  });

  it('names a NIC by MAC, by id and node, and by a MAC it had before', async () => {
    const by = async (match: string, knownMacs = new Map<string, string>()) => {
      const yaml = `nics: [{ name: up, role: dpdk, match: ${match} }]`;
      return stepTexts(await planFor(host, yaml, { knownMacs })).at(-1);
    };
    assert.equal(await by('{ mac: "52:54:00:ab:00:81" }'), `${PF1}: driver vfio-pci`);
    assert.equal(await by('{ id: "8086:10c9", node: 1 }'), `${PF1}: driver vfio-pci`);
    const fn = host.kernel.fn(PF1);
    Object.assign(fn, { driver: undefined, netdev: undefined });
    host.kernel.show();
    const known = new Map([[PF1, '52:54:00:ab:00:81']]);
    assert.equal(await by('{ mac: "52:54:00:ab:00:81" }', known), `${PF1}: driver vfio-pci`);
  });

  it('has the same hash for the same plan, and another for a host that changed', async () => {
    const first = await planFor(host, UPLINK);
    assert.equal((await planFor(host, UPLINK)).hash, first.hash);
    const fn = host.kernel.fn(PF0);
    if (fn.netdev !== undefined) fn.netdev.mtu = 9000;
    assert.notEqual((await planFor(host, UPLINK)).hash, first.hash);
  });

  describe('hugepages', () => {
    const WANTED = 'hugepages: [{ size: 2M, node: 0, pages: 100 }]';
    const pool = () => host.kernel.state.pools.get(0)?.get(2048) ?? assert.fail();
    const pages = async (
      ledger: readonly { node: number; sizeKb: number; pages: number }[] = [],
    ) => {
      host.kernel.show();
      return stepTexts(await planFor(host, WANTED, { ledger }));
    };

    it('adds what is missing, on top of what others use', async () => {
      assert.deepEqual(await pages(), ['node 0: 100 hugepages of 2M']);
      Object.assign(pool(), { total: 40, used: 30 });
      assert.deepEqual(await pages(), ['node 0: 130 hugepages of 2M']);
    });

    it('takes pages that were reserved and nobody uses', async () => {
      Object.assign(pool(), { total: 100 });
      assert.deepEqual(await pages(), []);
      Object.assign(pool(), { total: 500 });
      assert.deepEqual(await pages(), []);
    });

    it("does not count VPP's own pages as those of others", async () => {
      Object.assign(pool(), { total: 100, used: 20 });
      host.kernel.state.processes = [
        { pid: 5, command: 'vpp_main', open: [], hugepages: { node: 0, sizeKb: 2048, pages: 20 } },
      ];
      assert.deepEqual(await pages(), []);
    });

    it('counts those that others use on this node, and of this size', async () => {
      Object.assign(pool(), { total: 100, used: 0 });
      host.kernel.state.processes = [
        { pid: 6, command: 'qemu', open: [], hugepages: { node: 1, sizeKb: 2048, pages: 60 } },
      ];
      assert.deepEqual(await pages(), []);
    });

    it('leaves VPP the pages that it has added by itself, and says so', async () => {
      Object.assign(pool(), { total: 128, used: 121 });
      host.kernel.state.processes = [
        { pid: 5, command: 'vpp_main', open: [], hugepages: { node: 0, sizeKb: 2048, pages: 121 } },
      ];
      const ledger = [{ node: 0, sizeKb: 2048, pages: 100 }];
      assert.deepEqual(await pages(ledger), []);
      const { findings } = await planFor(host, WANTED, { ledger });
      assert.deepEqual(
        findings.map(({ effect, subject, reason }) => [effect, subject, reason]),
        [['warns', 'node 0', 'VPP uses 121 pages of 2M, and is to have 100']],
      );
    });

    it('gives back only what it had added', async () => {
      Object.assign(pool(), { total: 500 });
      assert.deepEqual(await pages([{ node: 0, sizeKb: 2048, pages: 50 }]), [
        'node 0: 450 hugepages of 2M',
      ]);
      const plan = await planFor(host, '', { ledger: [{ node: 0, sizeKb: 2048, pages: 50 }] });
      assert.deepEqual(stepTexts(plan), ['node 0: 450 hugepages of 2M']);
    });
  });
});
