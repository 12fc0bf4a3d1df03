/** What a plan says of profiles and hosts that do not go together: one row each. */
import assert from 'node:assert/strict';
import { FakeHost } from '../../../../support/fake-sysfs/host.js';
import { MGMT, netdev, pf, PF0, PF1, twoNodes } from '../../../../support/fake-sysfs/hosts.js';
import type { FakeFunction, FakeState } from '../../../../support/fake-sysfs/state.js';
import { findingTexts, planFor } from '../../../../support/host-plans.js';

const UPLINK = `nics: [{ name: up, role: dpdk, match: { bdf: "${PF0}" } }]`;
const sriov = (text: string, pf = PF0): string =>
  `nics: [{ name: pf, role: sriov, match: { bdf: "${pf}" }, sriov: ${text} }]`;

/** Its netdev is up, and in use. */
function withAddress(fn: FakeFunction): FakeFunction {
  const addresses = [{ address: '198.51.100.1', prefixLength: 24 }];
  fn.netdev = netdev('eth0', fn.mac, { up: true, addresses });
  return fn;
}

describe('planHost, bad input', () => {
  let host: FakeHost;
  beforeEach(() => {
    host = new FakeHost(twoNodes());
  });
  afterEach(() => {
    host.close();
  });

  const rows: readonly {
    readonly what: string;
    readonly yaml: string;
    readonly change?: (state: FakeState) => void;
    readonly finds: readonly string[];
  }[] = [
    {
      what: 'a NIC that is not there',
      yaml: UPLINK.replace(PF0, '0000:42:00.0'),
      finds: ['blocks nic-missing up: there is no 0000:42:00.0 on this host'],
    },
    {
      what: 'a NIC with another MAC',
      yaml: UPLINK.replace(`"${PF0}"`, `"${PF0}", mac: "02:00:00:00:00:01"`),
      finds: [
        `blocks nic-missing up: ${PF0} is 8086:10c9 on node 0 with MAC 52:54:00:ab:00:41: not what is asked for`,
      ],
    },
    {
      what: 'two NICs that match',
      yaml: 'nics: [{ name: up, role: dpdk, match: { id: "8086:10c9" } }]',
      finds: ['blocks nic-ambiguous up: 3 NICs match: 0000:01:00.0, 0000:41:00.0, 0000:81:00.0'],
    },
    {
      what: 'one NIC twice',
      yaml: `nics: [{ name: a, role: dpdk, match: { bdf: "${PF0}" } }, { name: b, role: leave, match: { id: "8086:10c9", mac: "52:54:00:ab:00:41" } }]`,
      finds: [`blocks nic-twice b: ${PF0} is chosen by a already`],
    },
    {
      what: 'a disk controller',
      yaml: UPLINK.replace(PF0, '0000:00:1f.2'),
      finds: ['blocks nic-kind up: 0000:00:1f.2 is no NIC; its class is 010601 (storage)'],
    },
    {
      what: 'the management NIC',
      yaml: UPLINK.replace(PF0, MGMT),
      finds: [
        `blocks up ${MGMT}: mgmt0 is up`,
        `blocks address ${MGMT}: mgmt0 has the address 192.0.2.10`,
        `blocks route ${MGMT}: a route to default (table main) goes over mgmt0`,
        `guarded default-route ${MGMT}: the default route goes over mgmt0`,
      ],
    },
    {
      what: 'the NIC of an SSH session, taken over',
      yaml: UPLINK.replace('role: dpdk', 'role: dpdk, takeOver: true').replace(PF0, MGMT),
      change: (state) => {
        state.processes = [
          { pid: 9, command: 'bash', open: [], sshConnection: '203.0.113.9 1 192.0.2.10 22' },
        ];
      },
      finds: [
        `guarded ssh ${MGMT}: an SSH session (203.0.113.9) is reached over mgmt0`,
        `guarded default-route ${MGMT}: the default route goes over mgmt0`,
        `warns up ${MGMT}: mgmt0 is up`,
        `warns address ${MGMT}: mgmt0 has the address 192.0.2.10`,
        `warns route ${MGMT}: a route to default (table main) goes over mgmt0`,
      ],
    },
    {
      what: '100 VFs of 7',
      yaml: sriov('{ count: 100 }'),
      finds: [`blocks too-many-vfs pf: ${PF0} has 7 VFs, and 100 are asked for`],
    },
    {
      what: 'SR-IOV that is off in the BIOS',
      yaml: sriov('{ count: 1 }'),
      change: (state) => {
        const fn = state.functions.get(PF0);
        if (fn?.pf !== undefined) fn.pf = { ...fn.pf, totalVfs: 0 };
      },
      finds: [`blocks no-vfs pf: ${PF0} has no VFs to give`],
    },
    {
      what: 'a property that the driver cannot set',
      yaml: sriov('{ count: 1, defaults: { linkState: enable, minTxRate: 5 } }'),
      finds: [
        `blocks vf-property pf: the driver igb of ${PF0} cannot set linkState of a VF`,
        `blocks vf-property pf: the driver igb of ${PF0} cannot set minTxRate of a VF`,
      ],
    },
    {
      what: 'switchdev without an eswitch',
      yaml: sriov('{ count: 1, eswitch: switchdev }'),
      finds: [`blocks no-eswitch pf: the driver igb of ${PF0} has no switchdev mode`],
    },
    {
      what: 'a VF that VPP needs, and the PF gives away',
      yaml: `nics:
  - { name: pf, role: sriov, match: { bdf: "${PF0}" }, sriov: { count: 2, vfs: [{ index: 1, driver: none }] } }
  - { name: svc, role: dpdk, match: { pf: pf, vfs: 1 } }`,
      finds: ['blocks vf-driver pf: VPP needs VF 1 on vfio-pci, and nics[0] says none'],
    },
    {
      what: 'a node that does not exist',
      yaml: 'hugepages: [{ size: 2M, node: 7, pages: 1 }]',
      finds: ['blocks node-missing node 7: there is no node 7; there are 0, 1'],
    },
    {
      what: 'a size that the kernel does not have',
      yaml: 'hugepages: [{ size: 16M, node: 0, pages: 1 }]',
      finds: ['blocks hugepage-size node 0: this kernel has no hugepages of 16M; it has 2M, 1G'],
    },
    {
      what: 'more pages than there is memory',
      yaml: 'hugepages: [{ size: 2M, node: 0, pages: 100000 }]',
      finds: [
        'blocks hugepage-memory node 0: 100000 pages of 2M are more than its 1953 MiB of memory',
      ],
    },
    {
      what: '1G pages that were not reserved',
      yaml: 'hugepages: [{ size: 1G, node: 0, pages: 1 }]',
      finds: ['warns gigantic node 0: 1 pages of 1G were not reserved at boot, and may not be had'],
    },
    {
      what: 'a CPU that is not there, one that is shared, and workers far from the NIC',
      yaml: `cpu: { mainCore: 9, workers: "0,3" }\n${UPLINK.replace(PF0, PF1)}`,
      change: (state) => {
        state.cpus = state.cpus.map((cpu) => ({ ...cpu, node: 0 }));
      },
      finds: [
        'blocks cpu-missing CPU 9: it is not online; these are: 0-3',
        'warns cpu-not-isolated CPUs 0: other processes may run there and take time from a worker',
        'warns cpu-node up: it is on node 1, and no worker is: packets cross between the nodes',
      ],
    },
    {
      what: 'no IOMMU',
      yaml: UPLINK,
      change: (state) => {
        for (const [bdf, fn] of state.functions) {
          state.functions.set(bdf, { ...fn, group: undefined });
        }
      },
      finds: [`blocks no-iommu ${PF0}: it has no IOMMU group, so vfio-pci does not take it`],
    },
    {
      what: 'a group with a disk controller in it',
      yaml: UPLINK,
      change: (state) => {
        const fn = state.functions.get(PF0);
        if (fn !== undefined) state.functions.set(PF0, { ...fn, group: 5 });
      },
      finds: [
        `blocks group ${PF0}: 0000:00:1f.2 (storage, driver ahci) is in its IOMMU group 5 and stays with the kernel`,
        `blocks group ${PF0}: 0000:00:1f.3 (other, driver i801_smbus) is in its IOMMU group 5 and stays with the kernel`,
      ],
    },
    {
      what: 'a group with an ISA bridge in it that has a driver, and a port that has one',
      yaml: UPLINK,
      change: (state) => {
        state.functions = new Map(
          [...state.functions].flatMap(([bdf, fn]) => {
            if (bdf === '0000:00:1f.0') return [[bdf, { ...fn, driver: 'lpc_ich', group: 7 }]];
            return [[bdf, bdf === '0000:40:00.0' ? { ...fn, group: 7 } : fn]];
          }),
        );
      },
      finds: [
        `blocks group ${PF0}: 0000:00:1f.0 (bridge, driver lpc_ich) is in its IOMMU group 7 and stays with the kernel`,
      ],
    },
    {
      what: 'a part of a bond, and a VLAN made on it',
      yaml: UPLINK,
      change: (state) => {
        const fn = state.functions.get(PF0);
        if (fn !== undefined) fn.netdev = netdev('eth0', fn.mac, { master: 'bond0' });
        state.others = [
          netdev('bond0', '52:54:00:00:00:01', { kind: 'bond' }),
          netdev('eth0.5', '52:54:00:00:00:01', { kind: 'vlan', lower: 'eth0' }),
        ];
      },
      finds: [
        `blocks master ${PF0}: eth0 is a part of bond0`,
        `blocks upper ${PF0}: vlan eth0.5 is made on eth0`,
      ],
    },
    {
      what: 'the default route over a bond that it is a part of',
      yaml: UPLINK,
      change: (state) => {
        const fn = state.functions.get(PF0);
        if (fn !== undefined) fn.netdev = netdev('eth0', fn.mac, { master: 'bond0' });
        state.others = [
          netdev('bond0', '52:54:00:00:00:01', { kind: 'bond' }),
          netdev('bond0.7', '52:54:00:00:00:01', { kind: 'vlan', lower: 'bond0' }),
        ];
        state.routes = [
          { family: 6, table: 'main', destination: 'default', device: 'bond0.7', protocol: 'ra' },
        ];
      },
      finds: [
        `blocks master ${PF0}: eth0 is a part of bond0`,
        `guarded default-route ${PF0}: the default route goes over eth0`,
      ],
    },
    {
      what: 'a route with an encapsulation, which may be the default route, taken over',
      yaml: UPLINK.replace('role: dpdk', 'role: dpdk, takeOver: true'),
      change: (state) => {
        const fn = state.functions.get(PF0);
        if (fn !== undefined) withAddress(fn);
        const way = { family: 4, table: 'main', device: 'eth0', protocol: 'boot' } as const;
        state.routes = [{ ...way, destination: '203.0.113.9', encap: 'ip' }];
      },
      finds: [
        `guarded default-route ${PF0}: a route with an encapsulation, maybe the default route, goes over eth0`,
        `warns up ${PF0}: eth0 is up`,
        `warns address ${PF0}: eth0 has the address 198.51.100.1`,
        `warns route ${PF0}: a route with an encapsulation (table main) goes over eth0`,
      ],
    },
    {
      what: 'a netdev in another namespace',
      yaml: UPLINK,
      change: (state) => {
        const fn = state.functions.get(PF0);
        if (fn !== undefined) Object.assign(fn, { netdev: undefined, elsewhere: true });
      },
      finds: [
        `blocks other-namespace ${PF0}: igb has it, and no network device is seen: it is in another namespace`,
      ],
    },
    {
      what: 'a route in another table',
      yaml: UPLINK,
      change: (state) => {
        state.routes.push({
          family: 6,
          table: '77',
          destination: '2001:db8::/64',
          device: 'eth0',
          protocol: 'static',
        });
      },
      finds: [`blocks route ${PF0}: a route to 2001:db8::/64 (table 77) goes over eth0`],
    },
    {
      what: 'a PF that its driver resets, with the SSH session and the default route',
      yaml: sriov('{ count: 2 }'),
      change: (state) => {
        state.functions.set(PF0, withAddress(pf(PF0, 'i40e', { node: 0, group: 7, name: 'eth0' })));
        state.drivers.add('i40e');
        state.routes = [
          { family: 4, table: 'main', destination: 'default', device: 'eth0', protocol: 'boot' },
        ];
        state.processes = [
          { pid: 9, command: 'bash', open: [], sshConnection: '203.0.113.9 1 198.51.100.1 22' },
        ];
      },
      finds: [
        `guarded ssh ${PF0}: an SSH session (203.0.113.9) is reached over eth0, whose link goes down for a while`,
        `guarded default-route ${PF0}: the default route goes over eth0, whose link goes down for a while`,
      ],
    },
    {
      what: 'a PF with the default route that NetworkManager is to let go of',
      yaml: sriov('{ count: 2 }', MGMT),
      change: (state) => {
        state.networkManager = { unmanaged: new Set() };
      },
      finds: [
        `guarded default-route ${MGMT}: the default route goes over mgmt0, whose link goes down for a while`,
      ],
    },
    {
      what: 'a PF with the default route that stays in legacy mode, and up',
      yaml: sriov('{ count: 2, eswitch: legacy }', MGMT),
      finds: [],
    },
    {
      what: 'a PF of which it is not known what VFs it has',
      yaml: sriov('{ count: 2 }'),
      change: (state) => {
        const fn = state.functions.get(PF0);
        if (fn?.pf !== undefined) fn.pf = { ...fn.pf, numVfsText: '2 of 7' };
      },
      finds: [`blocks hung ${PF0}: its driver does not answer`],
    },
    {
      what: 'a NIC that a program holds through UIO',
      yaml: UPLINK,
      change: (state) => {
        const fn = state.functions.get(PF0);
        if (fn === undefined) return;
        const uio = { driver: 'uio_pci_generic', uio: 'uio0', netdev: undefined };
        state.functions.set(PF0, { ...fn, ...uio });
        state.processes = [{ pid: 77, command: 'testpmd', open: ['/dev/uio0'] }];
      },
      finds: [`blocks held ${PF0}: testpmd (pid 77) holds /dev/uio0`],
    },
    {
      what: 'a NIC that nobody holds through UIO any more',
      yaml: UPLINK,
      change: (state) => {
        const fn = state.functions.get(PF0);
        const uio = { driver: 'igb_uio', uio: 'uio0', netdev: undefined };
        if (fn !== undefined) state.functions.set(PF0, { ...fn, ...uio });
      },
      finds: [],
    },
    {
      what: 'an override that driverctl has left on a PF that is up',
      yaml: sriov('{ count: 0 }'),
      change: (state) => {
        const fn = state.functions.get(PF0);
        if (fn !== undefined) withAddress(fn).override = 'vfio-pci';
      },
      finds: [],
    },
    {
      what: "a NIC that an operator's startup.conf keeps from VPP",
      yaml: `${UPLINK}\nvpp: {}`,
      change: (state) => {
        for (const path of ['bin/vpp', 'lib/vpp_plugins/dpdk_plugin.so']) {
          state.files.set(`usr/${path}`, '');
        }
        state.files.set('etc/vpp/startup.conf', 'dpdk {\n  blacklist 8086:10c9\n}\n');
      },
      finds: [
        `blocks startup-conf /etc/vpp/startup.conf: line 2: "blacklist 8086:10c9" in section dpdk keeps ${PF0} from VPP`,
      ],
    },
    {
      what: 'the default route over a tap of the VPP that is to be started again',
      yaml: 'vpp: { startupConf: /etc/vpp/startup.conf }',
      change: (state) => {
        state.files.set('usr/bin/vpp', '');
        state.active.add('vpp');
        state.others = [netdev('lcp0', '52:54:00:00:00:09', { up: true, kind: 'tun' })];
        state.routes = [
          { family: 4, table: 'main', destination: 'default', device: 'lcp0', protocol: 'boot' },
        ];
        state.processes = [{ pid: 5, command: 'vpp_main', open: [], taps: ['lcp0'] }];
      },
      finds: [
        'guarded default-route VPP: the default route goes over lcp0, which goes away when VPP is stopped',
      ],
    },
    {
      what: 'a VPP that is not installed',
      yaml: 'vpp: {}',
      finds: ['blocks vpp-missing VPP: there is no VPP below /usr'],
    },
  ];
  for (const { what, yaml, change, finds } of rows) {
    it(what, async () => {
      const state = twoNodes();
      change?.(state);
      host.close();
      host = new FakeHost(state);
      const plan = await planFor(host, yaml);
      assert.deepEqual(findingTexts(plan), finds);
      for (const { remedy } of plan.findings) assert.notEqual(remedy, '');
    });
  }

  it('a VF in use by a guest, when the VFs are to go', async () => {
    const fn = host.kernel.fn(PF0);
    if (fn.netdev !== undefined) fn.netdev.up = true;
    const numvfs = `of=${host.kernel.root}/sys/bus/pci/devices/${PF0}/sriov_numvfs`;
    host.kernel.call('dd', [numvfs], '2');
    const vf = host.kernel.fn('0000:41:10.2');
    Object.assign(vf, { driver: 'vfio-pci', netdev: undefined });
    host.kernel.state.processes = [
      { pid: 77, command: 'qemu', open: [`/dev/vfio/${vf.group ?? ''}`] },
    ];
    host.kernel.show();
    const plan = await planFor(host, sriov('{ count: 4 }'));
    assert.deepEqual(findingTexts(plan), [
      `blocks held ${vf.bdf}: qemu (pid 77) holds /dev/vfio/${vf.group ?? ''}`,
    ]);
    assert.deepEqual(plan.blast.consumers, ['qemu (pid 77)']);
  });
});
