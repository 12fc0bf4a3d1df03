import assert from 'node:assert/strict';
import { NfvError } from '../../../src/errors.js';
import { parseNveConfig } from '../../../src/nve/config.js';

/** What an uplink is where nothing else is said. */
const NEW_UPLINK = { interface: '', pci: '', hostInterface: '', mtu: 1500, routes: [] };
const TLS = '{ ca: /c.pem, cert: /a.pem, key: /a.key }';

/** What follows a right name, and "PLACE: reason" of each fault. */
const BAD: readonly (readonly [string, string, readonly string[]])[] = [
  ['an unknown key', 'stateDirectory: /x', ['2:1: stateDirectory: unknown key']],
  ['a key twice', 'log: {}\nlog: {}', ['3:1: log: given twice']],
  ['a relative directory', 'stateDir: state', ['2:11: stateDir: not an absolute path']],
  ['a return in two days', 'returnAfter: 48h', ['2:14: returnAfter: not a duration that will do']],
  ['no NVA', 'nva: []', ['2:6: nva: too few']],
  ['too many NVAs', `nva: [${'{ address: "unix:/a" }, '.repeat(17)}]`, ['2:6: nva: too many']],
  [
    'an NVA that is a text',
    'nva: [unix:/x]',
    ['2:7: nva[0]: text, not a mapping of keys to values'],
  ],
  [
    'an address without a port',
    `nva: [{ address: 192.0.2.1, tls: ${TLS} }]`,
    ['2:18: nva[0].address: not an address'],
  ],
  [
    'an address with port 0 to connect to',
    'nva: [{ address: "127.0.0.1:0" }]',
    ['2:18: nva[0].address: no port'],
  ],
  [
    'an NVA on another host without TLS',
    'nva:\n  - address: unix:/run/nva\n  - address: 192.0.2.1:7443',
    ['4:14: nva[1].address: it is on another host'],
  ],
  [
    'a listener for other hosts without TLS',
    'listen: [{ address: "[::]:7444" }]',
    ['2:21: listen[0].address: other hosts can reach it'],
  ],
  [
    'half of TLS',
    'listen: [{ address: "[::]:7444", tls: { ca: /c.pem, cert: a.pem } }]',
    ['2:34: listen[0].tls.key: missing', '2:59: listen[0].tls.cert: not an absolute path'],
  ],
  [
    'a socket path beyond what a socket can have',
    `listen: [{ address: "unix:/${'x'.repeat(107)}" }]`,
    ['2:21: listen[0].address: not an address'],
  ],
  [
    'a dataplane that there is none of',
    'dataplane: ovs',
    ['2:12: dataplane: not one of those allowed'],
  ],
  [
    "a path that VPP's socket cannot have",
    `vpp: { socket: "/${'x'.repeat(107)}" }`,
    ['2:16: vpp.socket: too long for a unix socket'],
  ],
  [
    'an uplink that is nothing, and one that is two',
    'vpp:\n  uplinks:\n    - addresses: [192.0.2.1/24]\n    - { interface: a, hostInterface: b, addresses: [192.0.2.2/24] }',
    ['4:7: vpp.uplinks[0].interface: give one of', '5:20: vpp.uplinks[1].interface: give one of'],
  ],
  [
    'addresses and routes that will not do',
    'vpp: { uplinks: [{ interface: a, addresses: [192.0.2.1, 224.0.0.1/4, 192.0.2.1/33], routes: [{ to: x, via: y }] }] }',
    [
      '2:46: vpp.uplinks[0].addresses[0]: not an address with a length',
      '2:57: vpp.uplinks[0].addresses[1]: not an address with a length',
      '2:70: vpp.uplinks[0].addresses[2]: not an address with a length',
      '2:100: vpp.uplinks[0].routes[0].to: not a prefix',
      '2:108: vpp.uplinks[0].routes[0].via: not a unicast IP address',
    ],
  ],
  [
    'a local profile that the agent applies',
    'host: { apply: auto }',
    ['2:16: host.apply: the agent applies no local profile'],
  ],
  [
    'a dataplane that cannot be known yet',
    'dataplane: auto\nhost: { required: true, profileFrom: nva }',
    ['2:12: dataplane: which it is cannot be seen before the host is prepared'],
  ],
  [
    'an uplink on a device that cannot be',
    'vpp: { uplinks: [{ addresses: [192.0.2.1/24], device: { pci: 41:00, driver: dev_iavf_plugin.so, name: "", port: -1, rxQueues: 300, args: "a=1 b=2" } }] }',
    [
      '2:62: vpp.uplinks[0].device.pci: not a PCI address',
      '2:77: vpp.uplinks[0].device.driver: not a driver of VPP',
      '2:103: vpp.uplinks[0].device.name: not a name for an interface',
      '2:113: vpp.uplinks[0].device.port: out of range',
      '2:127: vpp.uplinks[0].device.rxQueues: out of range',
      '2:138: vpp.uplinks[0].device.args: not arguments',
    ],
  ],
  [
    'a device without a name, and a name that VPP would cut',
    `vpp:
  uplinks:
    - { addresses: [192.0.2.1/24], device: { pci: "0000:41:00.0" } }
    - { addresses: [192.0.2.2/24], device: { pci: "0000:41:00.1", name: ${'u'.repeat(32)} } }`,
    [
      '4:36: vpp.uplinks[0].device.name: missing',
      '5:73: vpp.uplinks[1].device.name: not a name for an interface',
    ],
  ],
  [
    'one device twice',
    `vpp:
  uplinks:
    - { addresses: [192.0.2.1/24], device: { pci: "0000:41:00.0", name: a } }
    - { addresses: [192.0.2.2/24], device: { pci: "41:00.0", name: b, driver: ige } }`,
    [
      '5:36: vpp.uplinks[1].device.port: the same port as that of vpp.uplinks[0]',
      '5:79: vpp.uplinks[1].device.driver: not that of vpp.uplinks[0]',
    ],
  ],
  [
    'a tap that VPP cannot make',
    `vpp:
  uplinks:
    - { addresses: [192.0.2.1/24], tap: { hostInterface: "", netns: a/b, mac: "01:00:5e:00:00:01" } }
    - { addresses: [192.0.2.2/24], tap: { hostInterface: t0, addresses: [10.0.0.1/24, 10.0.1.1/24] } }
    - { addresses: [192.0.2.3/24], tap: { hostInterface: t1, addresses: [10.0.0.1/24], bridge: br0 } }`,
    [
      '4:58: vpp.uplinks[0].tap.hostInterface: not an interface name',
      '4:69: vpp.uplinks[0].tap.netns: not the name of a network namespace',
      '4:79: vpp.uplinks[0].tap.mac: not a unicast MAC address',
      '5:73: vpp.uplinks[1].tap.addresses: two of a family',
      '6:96: vpp.uplinks[2].tap.bridge: addresses and a bridge',
    ],
  ],
  [
    'VLANs that there are not',
    `vpp:
  uplinks:
    - { addresses: [192.0.2.1/24], vlan: { parent: "", outerVlanId: 0 } }
    - { addresses: [192.0.2.2/24], vlan: { parent: "a@b", outerVlanId: 4095, innerVlanId: -1 } }`,
    [
      '4:52: vpp.uplinks[0].vlan.parent: not a name of VPP',
      '4:69: vpp.uplinks[0].vlan.outerVlanId: out of range',
      '5:52: vpp.uplinks[1].vlan.parent: not a name of VPP',
      '5:72: vpp.uplinks[1].vlan.outerVlanId: out of range',
      '5:91: vpp.uplinks[1].vlan.innerVlanId: out of range',
    ],
  ],
  [
    'a VLAN of a VLAN',
    `vpp:
  uplinks:
    - { addresses: [192.0.2.3/24], vlan: { parent: eth0, outerVlanId: 7 } }
    - { addresses: [192.0.2.4/24], vlan: { parent: eth0.7, outerVlanId: 8 } }`,
    ['5:52: vpp.uplinks[1].vlan.parent: is a VLAN itself'],
  ],
  [
    'uplinks that are one, without an address, or with that of another',
    `vpp:
  uplinks:
    - { addresses: [192.0.2.1/24], hostInterface: u0 }
    - { addresses: [192.0.2.1/31], interface: host-u0 }
    - { addresses: [], pci: "0000:41:00.0" }`,
    [
      '5:7: vpp.uplinks[1]: the same interface as vpp.uplinks[0]',
      '5:21: vpp.uplinks[1].addresses[0]: given twice',
      '6:20: vpp.uplinks[2].addresses: none',
    ],
  ],
  [
    'directories that are relative',
    'vpp: { socketDirectories: [run], secretDirectory: etc }',
    [
      '2:28: vpp.socketDirectories[0]: not an absolute path',
      '2:51: vpp.secretDirectory: not an absolute path',
    ],
  ],
  [
    'durations that will not do',
    'drift: { interval: 30 }',
    ['2:20: drift.interval: a number without its unit'],
  ],
  [
    'a duration that is too short',
    'drift: { interval: 10ms, policy: mend }',
    [
      '2:20: drift.interval: not a duration that will do',
      '2:34: drift.policy: not one of those allowed',
    ],
  ],
  [
    'providers that are none, or one another',
    `providers:
  - { name: Phys_1, interface: eth1 }
  - { name: physnet1, interface: "eth 1" }
  - { name: physnet2, interface: eth2 }
  - { name: physnet2, interface: eth2 }`,
    [
      '3:13: providers[0].name: not an id',
      '4:34: providers[1].interface: not an interface name',
      '6:13: providers[3].name: the same name as providers[2]',
      '6:34: providers[3].interface: the same interface as providers[2]',
    ],
  ],
  ['a level of nothing', 'log: { level: trace }', ['2:15: log.level: not one of those allowed']],
  ['no YAML', 'log: {', ['3:1: ']],
];

describe('the configuration of an NVE', () => {
  it('needs a name only', () => {
    assert.deepEqual(parseNveConfig('name: host-a\n', 'nve.yaml'), {
      name: 'host-a',
      stateDir: '/var/lib/nfvd/nve',
      returnAfter: 60_000,
      nva: [{ address: { kind: 'unix', path: '/run/nfvd/nva.sock' } }],
      listen: [{ address: { kind: 'unix', path: '/run/nfvd/nve.sock' } }],
      dataplane: 'linux',
      vpp: {
        socket: '/run/vpp/api.sock',
        socketDirectories: ['/run/nfvd/vhost', '/run/nfvd/memif'],
        secretDirectory: '/etc/nfvd/secrets',
        statsSocket: '/run/vpp/stats.sock',
        puntSocket: '/run/vpp/punt.sock',
        library: '',
        uplinks: [],
      },
      providers: [],
      host: {
        required: false,
        stateDir: '/var/lib/nfvd/host',
        profileFrom: 'local',
        apply: 'manual',
      },
      drift: { interval: 30_000, policy: 'repair' },
      log: { level: 'info' },
    });
  });

  it('can say everything', () => {
    const text = `
      name: host-a
      stateDir: /srv/nve
      returnAfter: 0s
      nva:
        - { address: "[2001:db8::1]:7443", tls: ${TLS} }
        - { address: nva.example.org:7443, tls: ${TLS} }
      listen: []
      dataplane: vpp
      vpp:
        socket: /run/vpp/2/api.sock
        socketDirectories: [/srv/sockets]
        secretDirectory: /srv/secrets
        statsSocket: /run/vpp/2/stats.sock
        puntSocket: /run/vpp/2/punt.sock
        library: /opt/vpp/lib
        uplinks:
          - { interface: eth0.100, mtu: 9000, addresses: ["192.0.2.1/24", "2001:DB8:0::1/64"] }
          - hostInterface: u0
            addresses: [198.51.100.1/31]
            routes: [{ to: 10.0.0.0/8, via: 198.51.100.0 }]
          - { pci: "41:00.1", addresses: [] }
          - vlan: { parent: "0000:41:00.1", outerVlanId: 100 }
            addresses: [203.0.113.1/24]
          - device:
              pci: "0000:42:00.0"
              driver: iavf
              name: up0
              rxQueues: 2
              args: "a=1,b=2"
            addresses: [203.0.113.129/25]
          - tap: { hostInterface: vpp0, mac: "02:00:00:00:00:0A", addresses: [10.1.0.1/24] }
            addresses: [10.1.0.2/24]
          - { hostInterface: eth7, addresses: [] }
      providers:
        - { name: physnet1, interface: host-eth7 }
        - { name: physnet2, interface: TenGigabitEthernet41/0/1 }
      host: { required: true, stateDir: /srv/host, profileFrom: nva, apply: auto }
      drift: { interval: 1.5m, policy: report }
      log: { level: debug }
    `;
    const tls = { ca: '/c.pem', cert: '/a.pem', key: '/a.key', crl: '' };
    assert.deepEqual(parseNveConfig(text, 'nve.yaml'), {
      name: 'host-a',
      stateDir: '/srv/nve',
      returnAfter: 0,
      nva: [
        { address: { kind: 'tcp', host: '2001:db8::1', port: 7443 }, tls },
        { address: { kind: 'tcp', host: 'nva.example.org', port: 7443 }, tls },
      ],
      listen: [],
      dataplane: 'vpp',
      vpp: {
        socket: '/run/vpp/2/api.sock',
        socketDirectories: ['/srv/sockets'],
        secretDirectory: '/srv/secrets',
        statsSocket: '/run/vpp/2/stats.sock',
        puntSocket: '/run/vpp/2/punt.sock',
        library: '/opt/vpp/lib',
        uplinks: [
          {
            interface: 'eth0.100',
            pci: '',
            hostInterface: '',
            addresses: ['192.0.2.1/24', '2001:db8::1/64'],
            mtu: 9000,
            routes: [],
          },
          {
            interface: '',
            pci: '',
            hostInterface: 'u0',
            addresses: ['198.51.100.1/31'],
            mtu: 1500,
            routes: [{ to: '10.0.0.0/8', via: '198.51.100.0' }],
          },
          { ...NEW_UPLINK, pci: '0000:41:00.1', addresses: [] },
          {
            ...NEW_UPLINK,
            vlan: { parent: '0000:41:00.1', outerVlanId: 100, innerVlanId: 0, dot1ad: false },
            addresses: ['203.0.113.1/24'],
          },
          {
            ...NEW_UPLINK,
            device: {
              pci: '0000:42:00.0',
              driver: 'iavf',
              args: 'a=1,b=2',
              port: 0,
              name: 'up0',
              rxQueues: 2,
              txQueues: 0,
              rxQueueSize: 0,
              txQueueSize: 0,
              portArgs: '',
            },
            addresses: ['203.0.113.129/25'],
          },
          {
            ...NEW_UPLINK,
            tap: {
              hostInterface: 'vpp0',
              netns: '',
              mac: '02:00:00:00:00:0a',
              addresses: ['10.1.0.1/24'],
              bridge: '',
            },
            addresses: ['10.1.0.2/24'],
          },
          { ...NEW_UPLINK, hostInterface: 'eth7', addresses: [] },
        ],
      },
      providers: [
        { name: 'physnet1', interface: 'host-eth7' },
        { name: 'physnet2', interface: 'TenGigabitEthernet41/0/1' },
      ],
      host: { required: true, stateDir: '/srv/host', profileFrom: 'nva', apply: 'auto' },
      drift: { interval: 90_000, policy: 'report' },
      log: { level: 'debug' },
    });
  });

  for (const [title, text, expected] of BAD) {
    it(`is refused with ${title}, line and column told`, () => {
      assert.throws(
        () => parseNveConfig(`name: host-a\n${text}\n`, 'nve.yaml'),
        (error) => {
          assert.ok(error instanceof NfvError && error.code === 'CONFIG_INVALID');
          const told = error.violations.map(({ field, reason }) => `${field}: ${reason}`);
          assert.equal(told.length, expected.length, told.join('\n'));
          for (const [i, line] of expected.entries()) {
            assert.ok(told[i]?.startsWith(`nve.yaml:${line}`), `${told[i] ?? ''}, not ${line}`);
          }
          assert.ok(error.violations.every(({ remedy }) => remedy !== ''));
          return true;
        },
      );
    });
  }

  for (const [title, text] of [
    ['no name', 'log: {}'],
    ['nothing', ''],
    ['a name that is no id', 'name: Host_A'],
    ['a list', '- name: host-a'],
    ['two documents', 'name: host-a\n---\nname: host-b'],
    ['what is far too long', `name: host-a\n# ${'x'.repeat(300_000)}`],
  ] as const) {
    it(`is refused with ${title}`, () => {
      assert.throws(
        () => parseNveConfig(text, 'nve.yaml'),
        (error) =>
          error instanceof NfvError &&
          ['CONFIG_INVALID', 'MESSAGE_TOO_LARGE'].includes(error.code) &&
          error.message.includes('nve.yaml'),
      );
    });
  }
});
