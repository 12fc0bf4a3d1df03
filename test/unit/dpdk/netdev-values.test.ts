import assert from 'node:assert/strict';
import { restoreCommands, routesOver, toNetdevValues } from '../../../src/dpdk/netdev-values.js';
import type { Netdev, Route } from '../../../src/model/host/inventory.js';

const MAC = '52:54:00:ab:00:41';
const V4 = {
  family: 'IPV4',
  address: '192.0.2.1',
  prefixLength: 24,
  scope: 'global',
  dynamic: false,
  options: ['brd', '192.0.2.255', 'noprefixroute'],
} as const;
const V6 = {
  family: 'IPV6',
  address: '2001:db8::1',
  prefixLength: 64,
  scope: 'global',
  dynamic: false,
  options: ['nodad'],
} as const;

function netdev(more: Partial<Netdev> = {}): Netdev {
  return {
    name: 'eth0',
    altnames: [],
    mac: MAC,
    mtu: 1500,
    up: true,
    carrier: true,
    master: undefined,
    lower: undefined,
    kind: undefined,
    addresses: [],
    vfs: [],
    ...more,
  };
}

function route(destination: string, more: Partial<Route> = {}): Route {
  return {
    family: 'IPV4',
    table: 'main',
    type: 'unicast',
    destination,
    hops: [{ device: 'up0', gateway: '192.0.2.254', weight: undefined, onlink: false }],
    metric: undefined,
    source: undefined,
    protocol: 'static',
    scope: undefined,
    options: [],
    isEncapsulated: false,
    ...more,
  };
}

const say = (commands: readonly (readonly string[])[]): string[] =>
  commands.map((w) => w.join(' '));

describe('restoreCommands', () => {
  const was = netdev({
    name: 'up0',
    altnames: ['enp65s0f0'],
    mtu: 9000,
    addresses: [V4, V6, { ...V4, address: '192.0.2.99', dynamic: true }],
  });
  const routes = [
    route('default', { metric: 100 }),
    route('198.51.100.0/24', {
      table: '77',
      source: '192.0.2.1',
      hops: [
        { device: 'up0', gateway: '192.0.2.253', weight: 2, onlink: true },
        { device: 'eth9', gateway: '192.0.2.252', weight: 1, onlink: false },
      ],
    }),
    route('2001:db8:1::/64', {
      family: 'IPV6',
      hops: [{ device: 'up0', gateway: undefined, weight: undefined, onlink: false }],
    }),
  ];
  const values = toNetdevValues(was, routes);

  it('says nothing where all is as it was', () => {
    assert.deepEqual(restoreCommands(was, routes, values), []);
  });

  it('makes of a fresh netdev what it was', () => {
    assert.deepEqual(say(restoreCommands(netdev({ up: false }), [], values)), [
      'link set dev eth0 name up0',
      'link property add dev up0 altname enp65s0f0',
      'link set dev up0 mtu 9000',
      'link set dev up0 up',
      'address replace 192.0.2.1/24 dev up0 scope global brd 192.0.2.255 noprefixroute',
      'address replace 2001:db8::1/64 dev up0 nodad',
      'address replace 192.0.2.99/24 dev up0 scope global brd 192.0.2.255 noprefixroute valid_lft 3600 preferred_lft 3600',
      '-6 route replace 2001:db8:1::/64 table main proto static dev up0',
      '-4 route replace default table main proto static metric 100 via 192.0.2.254 dev up0',
      '-4 route replace 198.51.100.0/24 table 77 proto static src 192.0.2.1 nexthop via 192.0.2.253 dev up0 weight 2 onlink nexthop via 192.0.2.252 dev eth9 weight 1',
    ]);
  });

  it("sets the ways to gateways before what goes over gateways, a network's own among them", () => {
    const hop = { device: 'eth0', weight: undefined, onlink: false };
    const over = route('203.0.113.0/24', {
      table: '100',
      hops: [{ ...hop, gateway: '192.0.2.9' }],
    });
    const own = route('192.0.2.0/24', {
      protocol: 'kernel',
      scope: 'link',
      source: '192.0.2.1',
      hops: [{ ...hop, gateway: undefined }],
    });
    const set = route('198.51.100.0/24', { hops: [{ ...hop, gateway: undefined }] });
    const all = [over, set, own];
    const wanted = toNetdevValues(netdev({ addresses: [V4] }), all);
    assert.deepEqual(restoreCommands(netdev({ addresses: [V4] }), all, wanted), []);
    assert.deepEqual(say(restoreCommands(netdev({ addresses: [V4] }), [], wanted)), [
      '-4 route replace 192.0.2.0/24 table main proto kernel src 192.0.2.1 scope link dev eth0',
      '-4 route replace 198.51.100.0/24 table main proto static dev eth0',
      '-4 route replace 203.0.113.0/24 table 100 proto static via 192.0.2.9 dev eth0',
    ]);
    // Without noprefixroute the kernel makes the network's own by itself.
    const plain = netdev({ addresses: [{ ...V4, options: [] }] });
    assert.equal(toNetdevValues(plain, all).routes.length, 2);
  });

  it('takes it down for a new name or MAC, and then sets all again', () => {
    const commands = say(restoreCommands(netdev({ mac: 'fe:00:00:00:00:01' }), [], values));
    assert.deepEqual(commands.slice(0, 5), [
      'link set dev eth0 down',
      'link set dev eth0 name up0',
      'link property add dev up0 altname enp65s0f0',
      `link set dev up0 address ${MAC}`,
      'link set dev up0 mtu 9000',
    ]);
  });

  it('makes room for a name that udev made an altname of', () => {
    const now = netdev({ name: 'enp65s0f0', altnames: ['up0'], up: false });
    assert.deepEqual(
      say(restoreCommands(now, [], { ...values, addresses: [], routes: [] })).slice(0, 3),
      [
        'link property del dev enp65s0f0 altname up0',
        'link set dev enp65s0f0 name up0',
        'link property add dev up0 altname enp65s0f0',
      ],
    );
  });

  it('leaves down what was down', () => {
    const down = toNetdevValues(netdev({ up: false }), []);
    assert.deepEqual(say(restoreCommands(netdev(), [], down)), ['link set dev eth0 down']);
  });

  it('adds only what is missing', () => {
    const now = { ...was, addresses: [V4, V6, { ...V4, address: '192.0.2.99' }] };
    assert.deepEqual(say(restoreCommands(now, routes.slice(0, 2), values)), [
      '-6 route replace 2001:db8:1::/64 table main proto static dev up0',
    ]);
  });
});

describe('routesOver', () => {
  it('leaves out what the kernel makes by itself', () => {
    const routes = ['kernel', 'ra', 'static', 'dhcp'].map((protocol) =>
      route('default', { protocol }),
    );
    assert.deepEqual(
      routesOver('up0', routes).map(({ protocol }) => protocol),
      ['static', 'dhcp'],
    );
    assert.deepEqual(routesOver('eth1', routes), []);
  });
});
