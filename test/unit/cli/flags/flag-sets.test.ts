/** What the flags of `create` and `update` say, kind by kind. */
import assert from 'node:assert/strict';
import { Command } from 'commander';
import { ENDPOINT_FLAGS } from '../../../../src/cli/flags/endpoint-flags.js';
import type { FlagSet } from '../../../../src/cli/flags/flag-set.js';
import { NETWORK_FLAGS } from '../../../../src/cli/flags/network-flags.js';
import { NVE_FLAGS } from '../../../../src/cli/flags/nve-flags.js';
import { ROUTER_FLAGS } from '../../../../src/cli/flags/router-flags.js';
import { SUBNET_FLAGS } from '../../../../src/cli/flags/subnet-flags.js';
import { NEW_ENDPOINT } from '../../../../src/model/endpoint.js';
import { NEW_NVE } from '../../../../src/model/nve.js';
import { NEW_ROUTER } from '../../../../src/model/router.js';
import { NEW_SUBNET } from '../../../../src/model/subnet.js';
import { NEW_VIRTUAL_NETWORK } from '../../../../src/model/virtual-network.js';
import {
  ENDPOINT,
  FAILED_ENDPOINT,
  NETWORK,
  NVE,
  ROUTER,
  SUBNET,
} from '../../../support/samples.js';
import type { Port } from '../../../../src/model/endpoint.js';
import { NEW_MEMIF, NEW_VHOST_USER, NEW_VLAN } from '../../../../src/model/vpp-ports.js';
import {
  MEMIF,
  VHOST_CLIENT,
  VHOST_USER,
  VLAN,
  VPP_INTERFACE,
} from '../../../support/vpp-port-samples.js';

/** An underscore stands for a space in a word. */
function read<Spec>(flags: FlagSet<Spec>, live: Spec, argv: string, isNew = false): Partial<Spec> {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  flags.add(command, isNew);
  const words = argv.split(' ').map((word) => (word === "''" ? '' : word.replaceAll('_', ' ')));
  command.action(() => undefined).parse(words, { from: 'user' });
  return flags.read(command.opts()).changes(live);
}

describe('flags of a network', () => {
  it('all', () => {
    assert.deepEqual(
      read(
        NETWORK_FLAGS,
        NEW_VIRTUAL_NETWORK,
        '--vni 100 --prefix 10.0.0.0/24 --prefix fd00::/64 --tenant acme --mtu 1400 --bum-mode multicast --bum-group 239.1.1.1 --learning --no-arp-suppression --underlay-family ipv6 --drift-policy report --display-name Blue --label site=a',
        true,
      ),
      {
        vni: 100,
        prefixes: ['10.0.0.0/24', 'fd00::/64'],
        tenant: 'acme',
        mtu: 1400,
        bumMode: 'MULTICAST',
        bumGroup: '239.1.1.1',
        learning: true,
        arpSuppression: false,
        underlayFamily: 'IPV6',
        driftPolicy: 'REPORT',
        displayName: 'Blue',
        labels: { site: 'a' },
      },
    );
  });

  const rows: [argv: string, changes: object][] = [
    ['--mtu 0', { mtu: 0 }],
    ['--drift-policy default', { driftPolicy: 'DEFAULT' }],
    ['--no-learning --arp-suppression', { learning: false, arpSuppression: true }],
    ["--prefix ''", { prefixes: [] }],
    ["--display-name ''", { displayName: '' }],
    // The group of the mode before goes with it.
    ['--bum-mode head-end', { bumMode: 'HEAD_END', bumGroup: '' }],
    ['--bum-mode none', { bumMode: 'NONE', bumGroup: '' }],
    ['--label tier- --label site=b', { labels: { site: 'b' } }],
  ];
  for (const [argv, changes] of rows) {
    it(`only what is given: ${argv}`, () => {
      assert.deepEqual(read(NETWORK_FLAGS, NETWORK.spec, argv), changes);
    });
  }

  const wrong: [argv: string, message: string][] = [
    ['--vni 0', '--vni: 0: not a VNI'],
    ['--vni 16777216', '--vni: 16777216: not a VNI'],
    // Modulo 2^32 it would be 1.
    ['--vni 4294967297', '--vni: 4294967297: not a VNI'],
    ['--vni -1', '--vni: -1: not a whole number'],
    ['--mtu 99999', '--mtu: 99999: out of range'],
    ['--bum-mode flood', '--bum-mode: flood: not one of those allowed'],
    ['--underlay-family ipv5', '--underlay-family: ipv5: not one of those allowed'],
    ['--label x', '--label: x: not a label'],
  ];
  for (const [argv, message] of wrong) {
    it(`refuse ${argv}`, () => {
      assert.throws(() => read(NETWORK_FLAGS, NEW_VIRTUAL_NETWORK, argv), { message });
    });
  }
});

describe('flags of an NVE', () => {
  const rows: [argv: string, changes: object][] = [
    ['--vtep 10.77.0.1 --vtep fd77::1', { vtepAddresses: ['10.77.0.1', 'fd77::1'] }],
    ['--reset-identity', { nodeUuid: '' }],
    ['--label rack-', { labels: {} }],
    ['--display-name x', { displayName: 'x' }],
  ];
  for (const [argv, changes] of rows) {
    it(`only what is given: ${argv}`, () => {
      assert.deepEqual(read(NVE_FLAGS, NVE.spec, argv), changes);
    });
  }

  it('need an address for a new one', () => {
    assert.throws(() => read(NVE_FLAGS, NEW_NVE, '--display-name x', true), /--vtep/);
  });
});

describe('flags of a subnet', () => {
  it('all', () => {
    assert.deepEqual(
      read(
        SUBNET_FLAGS,
        NEW_SUBNET,
        '--network blue --prefix 10.0.0.0/24 --gateway 10.0.0.254 --pool 10.0.0.10-10.0.0.99 --pool 10.0.0.200-10.0.0.200 --display-name x --label a=b',
        true,
      ),
      {
        network: 'blue',
        prefix: '10.0.0.0/24',
        gateway: '10.0.0.254',
        pools: SUBNET.spec.pools,
        displayName: 'x',
        labels: { a: 'b' },
      },
    );
  });

  const rows: [argv: string, changes: object][] = [
    ['--gateway none', { gateway: '' }],
    ['--gateway fd00::1', { gateway: 'fd00::1' }],
    ["--pool ''", { pools: [] }],
    ['--pool fd00::8-fd00::f', { pools: [{ first: 'fd00::8', last: 'fd00::f' }] }],
    ['--label site-', { labels: {} }],
  ];
  for (const [argv, changes] of rows) {
    it(`only what is given: ${argv}`, () => {
      assert.deepEqual(read(SUBNET_FLAGS, SUBNET.spec, argv), changes);
    });
  }

  const wrong: [argv: string, isNew: boolean, message: RegExp][] = [
    ['--prefix 10.0.0.0/24', true, /'--network <name>' not specified/],
    ['--network blue', true, /'--prefix <prefix>' not specified/],
    ['--network blue', false, /unknown option '--network'/],
    ['--prefix 10.0.0.0/24', false, /unknown option '--prefix'/],
    ['--network Blue --prefix 10.0.0.0/24', true, /^network NAME: Blue: not an id$/],
    ['--pool 10.0.0.1', false, /^--pool: 10\.0\.0\.1: not a range of addresses$/],
    ['--pool 10.0.0.1-', false, /^--pool: 10\.0\.0\.1-: not a range of addresses$/],
    ['--pool 1-2-3', false, /^--pool: 1-2-3: not a range of addresses$/],
  ];
  for (const [argv, isNew, message] of wrong) {
    it(`refuse ${argv}${isNew ? ', of a new one' : ''}`, () => {
      assert.throws(() => read(SUBNET_FLAGS, SUBNET.spec, argv, isNew), { message });
    });
  }
});

describe('flags of a router', () => {
  it('all', () => {
    assert.deepEqual(
      read(
        ROUTER_FLAGS,
        NEW_ROUTER,
        '--tenant acme --vrf-id 7 --gateway-mac 02:00:5e:00:00:01 --subnet blue-v4 --route 0.0.0.0/0_via_10.0.0.2,10.0.0.3@3 --route 192.0.2.0/24_drop --exit up-v4=host-a:198.51.100.11,host-b:198.51.100.12 --transit-vni 4097 --display-name x --label a=b',
        true,
      ),
      {
        ...ROUTER.spec,
        displayName: 'x',
        labels: { a: 'b' },
      },
    );
  });

  const rows: [argv: string, changes: object][] = [
    ["--subnet ''", { subnets: [] }],
    ['--subnet a --subnet b', { subnets: ['a', 'b'] }],
    ["--route ''", { routes: [] }],
    ["--exit ''", { exits: [] }],
    [
      '--exit up=a:2001:db8::1',
      { exits: [{ subnet: 'up', gateways: [{ nve: 'a', address: '2001:db8::1' }] }] },
    ],
    ['--label tier-', { labels: {} }],
  ];
  for (const [argv, changes] of rows) {
    it(`only what is given: ${argv}`, () => {
      assert.deepEqual(read(ROUTER_FLAGS, ROUTER.spec, argv), changes);
    });
  }

  const wrong: [argv: string, message: RegExp][] = [
    ['--vrf-id 0', /^--vrf-id: 0: not the id of tables$/],
    // Modulo 2^32 it would be 1.
    ['--vrf-id 4294967297', /^--vrf-id: 4294967297: not the id of tables$/],
    ['--vrf-id x', /^--vrf-id: x: not a whole number$/],
    ['--subnet Blue', /^subnet NAME: Blue: not an id$/],
    ['--route 0.0.0.0/0', /^--route: 0\.0\.0\.0\/0: not a route$/],
    ['--exit up', /^--exit: up: not an exit$/],
    ['--exit up=a', /^--exit: up=a: not an exit$/],
    ['--exit Up=a:192.0.2.1', /^subnet NAME: Up: not an id$/],
    ['--exit up=A:192.0.2.1', /^nve NAME: A: not an id$/],
    ['--transit-vni 0', /^--transit-vni: 0: not a VNI$/],
  ];
  for (const [argv, message] of wrong) {
    it(`refuse ${argv}`, () => {
      assert.throws(() => read(ROUTER_FLAGS, NEW_ROUTER, argv, true), { message });
    });
  }

  it('have none for what is fixed', () => {
    assert.throws(() => read(ROUTER_FLAGS, ROUTER.spec, '--vrf-id 7'), /unknown option '--vrf-id'/);
    assert.throws(() => read(ROUTER_FLAGS, ROUTER.spec, '--tenant a'), /unknown option '--tenant'/);
  });
});

describe('flags of an endpoint', () => {
  it('all, with a veth', () => {
    assert.deepEqual(
      read(
        ENDPOINT_FLAGS,
        NEW_ENDPOINT,
        '--network blue --nve host-a --mac 02:00:00:00:00:01 --ip 10.0.0.11 --ip fd00::11 --veth-netns web-1 --veth-interface eth1 --veth-host-interface v1 --admin-state down --display-name x --label a=b',
        true,
      ),
      {
        network: 'blue',
        nve: 'host-a',
        mac: '02:00:00:00:00:01',
        ips: ['10.0.0.11', 'fd00::11'],
        port: { kind: 'veth', netns: 'web-1', interface: 'eth1', hostInterface: 'v1' },
        adminState: 'DOWN',
        displayName: 'x',
        labels: { a: 'b' },
      },
    );
  });

  const tap = { kind: 'tap', interface: '', ownerUid: 0, multiQueue: false, vnetHdr: false };
  const fresh: [argv: string, port: object][] = [
    ['--veth-netns x', { kind: 'veth', netns: 'x', interface: 'eth0', hostInterface: '' }],
    ['--tap', tap],
    ['--tap-interface t0 --tap-owner-uid 107', { ...tap, interface: 't0', ownerUid: 107 }],
    ['--tap --tap-multi-queue --tap-vnet-hdr', { ...tap, multiQueue: true, vnetHdr: true }],
    ['--host-interface eth5', { kind: 'host_interface', interface: 'eth5' }],
    ['--vhost-user-socket /a', { ...NEW_VHOST_USER, socket: '/a' }],
    [
      '--vhost-user-socket /run/nfvd/vhost/web --vhost-user-socket-mode 0600 --vhost-user-owner-uid 64055 --vhost-user-owner-gid 106 --vhost-user-gso --vhost-user-packed-ring --vhost-user-event-idx --no-vhost-user-mrg-rxbuf --no-vhost-user-indirect-desc',
      VHOST_USER,
    ],
    [
      '--vhost-user-socket /a --vhost-user-role client',
      { ...NEW_VHOST_USER, socket: '/a', role: 'CLIENT', socketMode: 0 },
    ],
    ['--memif-socket /a', { ...NEW_MEMIF, socket: '/a' }],
    [
      '--memif-socket /run/nfvd/memif/cnf --memif-role slave --memif-id 7 --memif-ring-size 2048 --memif-buffer-size 4096 --memif-secret-name cnf',
      MEMIF,
    ],
    ['--vlan-parent a --vlan-outer-vlan-id 7', { ...NEW_VLAN, parent: 'a', outerVlanId: 7 }],
    [
      '--vlan-parent host-eth1 --vlan-outer-vlan-id 100 --vlan-inner-vlan-id 200 --vlan-dot1ad',
      VLAN,
    ],
    ['--vpp-interface GigabitEthernet3/0/1', VPP_INTERFACE],
  ];
  for (const [argv, port] of fresh) {
    it(`a new port: ${argv}`, () => {
      const changes = read(ENDPOINT_FLAGS, NEW_ENDPOINT, `--network a --nve b ${argv}`, true);
      assert.deepEqual(changes.port, port);
    });
  }

  const veth = ENDPOINT.spec.port;
  const live: [argv: string, spec: typeof ENDPOINT.spec, changes: object][] = [
    ['--nve host-b', ENDPOINT.spec, { nve: 'host-b' }],
    ["--ip ''", ENDPOINT.spec, { ips: [] }],
    ['--subnet a --subnet b', ENDPOINT.spec, { subnets: ['a', 'b'] }],
    ["--subnet ''", ENDPOINT.spec, { subnets: [] }],
    [
      '--allowed-address 10.0.0.100 --allowed-address fd00::100=00:00:5e:00:02:01',
      ENDPOINT.spec,
      {
        allowedAddresses: [
          { ip: '10.0.0.100', mac: '' },
          { ip: 'fd00::100', mac: '00:00:5e:00:02:01' },
        ],
      },
    ],
    ["--allowed-address ''", ENDPOINT.spec, { allowedAddresses: [] }],
    ['--veth-interface eth7', ENDPOINT.spec, { port: { ...veth, interface: 'eth7' } }],
    ['--tap', ENDPOINT.spec, { port: tap }],
    [
      '--no-tap-multi-queue',
      FAILED_ENDPOINT.spec,
      { port: { ...FAILED_ENDPOINT.spec.port, multiQueue: false } },
    ],
    [
      '--veth-netns x',
      FAILED_ENDPOINT.spec,
      { port: { kind: 'veth', netns: 'x', interface: 'eth0', hostInterface: '' } },
    ],
  ];
  const at = (port: Port): typeof ENDPOINT.spec => ({ ...ENDPOINT.spec, port });
  live.push(
    [
      '--no-vhost-user-gso --vhost-user-mrg-rxbuf',
      at(VHOST_USER),
      { port: { ...VHOST_USER, gso: false, disableMrgRxbuf: false } },
    ],
    ['--vhost-user-role client', at(VHOST_USER), { port: VHOST_CLIENT }],
    [
      '--vhost-user-role server',
      at(VHOST_CLIENT),
      { port: { ...VHOST_CLIENT, role: 'SERVER', socketMode: 0o660 } },
    ],
    ['--memif-id 8', at(MEMIF), { port: { ...MEMIF, id: 8 } }],
    ['--no-vlan-dot1ad', at(VLAN), { port: { ...VLAN, dot1ad: false } }],
  );
  for (const [argv, spec, changes] of live) {
    it(`only what is given: ${argv}`, () => {
      assert.deepEqual(read(ENDPOINT_FLAGS, spec, argv), changes);
    });
  }

  const wrong: [argv: string, message: RegExp][] = [
    ['--tap --veth-netns x', /^--tap: with --veth: two kinds of port$/],
    ['--host-interface a --tap', /^--host-interface: with --tap: two kinds of port$/],
    ['--memif-id 7 --vlan-parent a', /^--vlan: with --memif: two kinds of port$/],
    ['--vpp-interface a --vhost-user-socket /a', /^--vpp-interface: with --vhost-user: two kinds/],
    ['--vhost-user-socket-mode 0888', /^--vhost-user-socket-mode: 0888: not a mode$/],
    ['--vhost-user-role master', /^--vhost-user-role: master: not one of those allowed$/],
    ['--vlan-outer-vlan-id x', /^--vlan-outer-vlan-id: x: not a whole number$/],
    ['--tap-owner-uid 4294967296', /^--tap-owner-uid: 4294967296: out of range$/],
    ['--subnet A', /^subnet NAME: A: not an id$/],
    ['--nve Host', /^nve NAME: Host: not an id$/],
    ['--admin-state sideways', /^--admin-state: sideways: not one of those allowed$/],
    ['--network blue', /unknown option '--network'/],
  ];
  for (const [argv, message] of wrong) {
    it(`refuse ${argv}`, () => {
      assert.throws(() => read(ENDPOINT_FLAGS, ENDPOINT.spec, argv), { message });
    });
  }
});
