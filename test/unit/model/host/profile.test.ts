import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import { EMPTY_PROFILE, parseHostProfile } from '../../../../src/model/host/profile.js';

const parse = (text: string) => parseHostProfile(text, 'host.yaml').value;

describe('parseHostProfile', () => {
  it('reads a whole profile', () => {
    const profile = parse(`
hugepages:
  - { size: 2M, node: 0, pages: 1024 }
  - { size: 1G, node: 1, pages: 4 }
nics:
  - name: uplink
    match: { id: "8086:10C9", node: 0 }
    role: dpdk
    rxQueues: 2
    takeOver: true
  - name: guests
    match: { bdf: "81:00.0", mac: 52-54-00-AB-00-01 }
    role: sriov
    sriov:
      count: 7
      defaults: { trust: true, driver: vfio-pci }
      vfs:
        - { index: 0, mac: "02:00:00:00:00:01", vlan: 42, qos: 3 }
        - { index: "2-3,5", maxTxRate: 1000, minTxRate: 100, linkState: enable }
  - name: service
    match: { pf: guests, vfs: 6 }
    role: dpdk
cpu: { mainCore: 1, workers: "2-3" }
vpp: { sections: { logging: [default-log-level debug] } }
policy: { drift: repair, vfioOwner: { uid: 64055, gid: 108 } }
`);
    assert.deepEqual(profile.hugepages, [
      { size: 2048, node: 0, pages: 1024 },
      { size: 1048576, node: 1, pages: 4 },
    ]);
    const [uplink, guests, service] = profile.nics;
    assert.deepEqual(uplink?.match, { id: { vendor: '8086', device: '10c9' }, node: 0 });
    assert.deepEqual(guests?.match, { bdf: '0000:81:00.0', mac: '52:54:00:ab:00:01' });
    assert.deepEqual(guests.sriov, {
      count: 7,
      defaults: { trust: true, driver: 'vfio-pci' },
      vfs: [
        { index: [0], mac: '02:00:00:00:00:01', vlan: 42, qos: 3 },
        { index: [2, 3, 5], maxTxRate: 1000, minTxRate: 100, linkState: 'enable' },
      ],
    });
    assert.deepEqual(service?.match, { pf: 'guests', vfs: [6] });
    assert.deepEqual(profile.cpu, { mainCore: 1, workers: [2, 3] });
    assert.equal(profile.vpp?.startupConf, '/etc/vpp/startup.conf');
    assert.equal(profile.policy.noIommu, 'refuse');
  });

  it('takes an empty file for a profile that asks for nothing', () => {
    assert.deepEqual(parse(''), EMPTY_PROFILE);
    assert.deepEqual(parse('# nothing\n'), EMPTY_PROFILE);
  });

  it('knows the line of every part', () => {
    const document = parseHostProfile(
      '\nhugepages:\n  - { size: 2M, node: 3, pages: 1 }\n',
      'h.yaml',
    );
    assert.equal(document.where(['hugepages', 0, 'node']), 'h.yaml:3:23: hugepages[0].node');
  });

  const NIC = 'nics: [{ name: up, role: dpdk, match: { bdf: "0000:41:00.0" } }]';
  const pf = (sriov: string): string =>
    `nics: [{ name: pf, role: sriov, match: { bdf: "0000:41:00.0" }, sriov: ${sriov} }]`;

  const bad: readonly (readonly [string, string, string])[] = [
    [
      'a BDF with a typo',
      'nics: [{ name: up, role: dpdk, match: { bdf: "0000:41:0O.0" } }]',
      'host.yaml:1:46: nics[0].match.bdf: 0000:41:0O.0: not a PCI address',
    ],
    [
      'a key that is not known',
      NIC.replace('role', 'rolle'),
      'host.yaml:1:20: nics[0].rolle: rolle: unknown key',
    ],
    [
      'a role that is not known',
      NIC.replace('dpdk', 'pdk'),
      'host.yaml:1:26: nics[0].role: pdk: not one of those allowed',
    ],
    [
      'a NIC that is not named',
      NIC.replace('bdf: "0000:41:00.0"', 'node: 0'),
      'host.yaml:1:39: nics[0].match: {"node":0}: names no NIC',
    ],
    [
      'a name twice',
      NIC.replace(' }]', ' }, { name: up, role: leave, match: { mac: "02:00:00:00:00:01" } }]'),
      'host.yaml:1:74: nics[1].name: up: nics[0] has the same name',
    ],
    [
      'a multicast MAC',
      pf('{ count: 1, vfs: [{ index: 0, mac: "01:00:5e:00:00:01" }] }'),
      'nics[0].sriov.vfs[0].mac: 01:00:5e:00:00:01: not the MAC of a station',
    ],
    [
      'a MAC twice',
      pf(
        '{ count: 2, vfs: [{ index: 0, mac: "02:00:00:00:00:01" }, { index: 1, mac: "02:00:00:00:00:01" }] }',
      ),
      'nics[0].sriov.vfs[1].mac: 02:00:00:00:00:01: VF 0 of pf has the same MAC',
    ],
    [
      'one MAC for several VFs',
      pf('{ count: 2, vfs: [{ index: 0-1, mac: "02:00:00:00:00:01" }] }'),
      'nics[0].sriov.vfs[0].mac: 02:00:00:00:00:01: 2 VFs would have the same MAC',
    ],
    [
      'a VF beyond the count',
      pf('{ count: 2, vfs: [{ index: 1-3, trust: true }] }'),
      'nics[0].sriov.vfs[0].index: 1-3: there are 2 VFs, none with index 2-3',
    ],
    [
      'a VF named twice',
      pf('{ count: 4, vfs: [{ index: 0-1 }, { index: "1,3" }] }'),
      'nics[0].sriov.vfs[1].index: 1,3: VF 1 is named already',
    ],
    [
      'a VLAN beyond 4094',
      pf('{ count: 1, defaults: { vlan: 4095 } }'),
      'nics[0].sriov.defaults.vlan: 4095: out of range',
    ],
    [
      'a priority without a VLAN',
      pf('{ count: 1, vfs: [{ index: 0, qos: 3 }] }'),
      'nics[0].sriov.vfs[0].qos: 3: a priority without a VLAN',
    ],
    [
      'a priority for all, without a VLAN',
      pf('{ count: 2, defaults: { qos: 3 }, vfs: [{ index: 0, vlan: 7 }] }'),
      'nics[0].sriov.defaults.qos: 3: a priority without a VLAN',
    ],
    [
      'a priority for all, and one VF without a VLAN',
      pf('{ count: 2, defaults: { vlan: 7, qos: 3 }, vfs: [{ index: 0, vlan: 0 }] }'),
      'nics[0].sriov.vfs[0]: {"index":0,"vlan":0}: a priority without a VLAN',
    ],
    [
      'a protocol without a VLAN',
      pf('{ count: 1, vfs: [{ index: 0, vlanProtocol: 802.1ad }] }'),
      'nics[0].sriov.vfs[0].vlanProtocol: 802.1ad: 802.1ad without a VLAN',
    ],
    [
      'a minimum above the maximum',
      pf('{ count: 1, vfs: [{ index: 0, minTxRate: 20, maxTxRate: 10 }] }'),
      'nics[0].sriov.vfs[0].minTxRate: 20: greater than maxTxRate',
    ],
    ['a PF without VFs', NIC.replace('dpdk', 'sriov'), 'role sriov without VFs'],
    [
      'VFs without the role',
      pf('{ count: 1 }').replace('role: sriov', 'role: dpdk'),
      'nics[0].sriov: {"count":1}: a NIC with role dpdk has no VFs',
    ],
    [
      'a VF of a NIC that is no PF',
      NIC.replace('bdf: "0000:41:00.0"', 'pf: other, vfs: 0'),
      'nics[0].match.pf: other: not a NIC with role sriov in this profile',
    ],
    [
      'a VF that its PF does not get',
      pf('{ count: 2 }').replace(']', ', { name: v, role: dpdk, match: { pf: pf, vfs: "1-2" } }]'),
      'nics[1].match.vfs: 1-2: pf has 2 VFs, none with index 2',
    ],
    [
      'a size without a unit',
      'hugepages: [{ size: 2048, node: 0, pages: 1 }]',
      'hugepages[0].size: 2048: a number, not text',
    ],
    [
      'a size that is none',
      'hugepages: [{ size: 2MB, node: 0, pages: 1 }]',
      'hugepages[0].size: 2MB: not a size',
    ],
    [
      'hugepages of a node twice',
      'hugepages: [{ size: 2M, node: 0, pages: 1 }, { size: 2M, node: 0, pages: 2 }]',
      'hugepages[1]: {"size":"2M","node":0,"pages":2}: node 0 has pages of this size already, in hugepages[0]',
    ],
    [
      'a main core among the workers',
      'cpu: { mainCore: 2, workers: 1-3 }',
      'cpu.workers: 1-3: the main core 2 is a worker too',
    ],
    [
      'a path that would break the file',
      'vpp: { apiSocket: "/run/a b" }',
      'vpp.apiSocket: /run/a b: not an absolute path without spaces',
    ],
    ['a plugin that is no file', 'vpp: { plugins: [dpdk] }', 'vpp.plugins[0]: dpdk: not a file'],
    ['two documents', '{}\n---\n{}\n', 'host.yaml:3:1: ---: a second document'],
  ];
  for (const [what, text, expected] of bad) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => parse(text),
        (error) => {
          assert.ok(error instanceof NfvError);
          assert.equal(error.code, 'PROFILE_INVALID');
          assert.ok(error.message.includes(expected), error.message);
          for (const { remedy } of error.violations) assert.notEqual(remedy, '');
          return true;
        },
      );
    });
  }
});
