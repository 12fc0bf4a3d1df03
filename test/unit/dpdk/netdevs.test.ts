/** On answers of iproute2 6.1 about a host with an 82576, recorded on Linux 6.12. */
import assert from 'node:assert/strict';
import { parseNetdevs, parseRouteLookup, parseRoutes } from '../../../src/dpdk/netdevs.js';
import { jsonFixture } from '../../support/fixtures.js';

const read = (name: string): unknown => jsonFixture(`host/${name}-6.12.json`);

describe('parseNetdevs', () => {
  const netdevs = parseNetdevs(read('addresses'));
  const named = (name: string) => netdevs.find((netdev) => netdev.name === name);

  it('reads what else an address was made with', () => {
    // As iproute2 6.1 wrote it on Linux 6.12, but for the names.
    const told = [
      {
        ifname: 'wan0',
        flags: ['UP'],
        mtu: 1500,
        addr_info: [
          {
            family: 'inet',
            local: '192.0.2.1',
            prefixlen: 24,
            broadcast: '192.0.2.255',
            scope: 'global',
            noprefixroute: true,
            label: 'wan0:lab',
          },
          { family: 'inet', local: '192.0.2.2', prefixlen: 24, scope: 'global', label: 'wan0' },
          { family: 'inet6', local: '2001:db8::1', prefixlen: 64, scope: 'global', nodad: true },
        ],
      },
    ];
    const options = parseNetdevs(told)[0]?.addresses.map((address) => address.options.join(' '));
    assert.deepEqual(options, ['brd 192.0.2.255 label wan0:lab noprefixroute', '', 'nodad']);
  });

  it('reads what a PF tells of its VFs', () => {
    const { vfs, ...pf } = named('eth0') ?? assert.fail();
    assert.deepEqual(pf, {
      name: 'eth0',
      altnames: [],
      mac: '52:54:00:ab:00:00',
      mtu: 1500,
      up: true,
      carrier: true,
      master: undefined,
      lower: undefined,
      kind: undefined,
      addresses: [
        {
          family: 'IPV6',
          address: 'fe80::5054:ff:feab:0',
          prefixLength: 64,
          scope: 'link',
          dynamic: false,
          options: [],
        },
      ],
    });
    assert.deepEqual(vfs, [
      {
        index: 0,
        mac: '76:5b:08:96:5c:4a',
        vlan: 0,
        qos: 0,
        vlanProtocol: '802.1Q',
        spoofchk: true,
        trust: false,
        linkState: 'auto',
        minTxRate: 0,
        maxTxRate: 0,
      },
      {
        index: 1,
        mac: '02:00:00:00:00:01',
        vlan: 42,
        qos: 3,
        vlanProtocol: '802.1Q',
        spoofchk: false,
        trust: true,
        linkState: 'auto',
        minTxRate: 0,
        maxTxRate: 100,
      },
    ]);
  });

  it('reads altnames, addresses, masters and what a VLAN is made on', () => {
    const eth1 = named('eth1') ?? assert.fail();
    assert.deepEqual(eth1.altnames, ['enp129s0f0']);
    assert.deepEqual(
      eth1.addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`),
      ['192.0.2.1/24', '2001:db8::1/64', 'fe80::5054:ff:feab:1/64'],
    );
    assert.equal(named('eth2')?.master, 'br0');
    assert.equal(named('br0')?.kind, 'bridge');
    assert.deepEqual([named('v5')?.lower, named('v5')?.kind], ['eth1', 'vlan']);
  });

  it('refuses what is no answer of iproute2', () => {
    for (const value of [{}, [{ ifname: 'eth0' }], [{ ifname: 1, mtu: 1500, flags: [] }]]) {
      assert.throws(() => parseNetdevs(value), { code: 'KERNEL_REFUSED' });
    }
  });
});

describe('parseRoutes', () => {
  it('reads tables, metrics and next hops', () => {
    const routes = parseRoutes(read('routes4'), 'IPV4').filter(({ table }) => table !== 'local');
    assert.deepEqual(
      routes.map(({ table, destination, hops, metric, protocol }) => ({
        table,
        destination,
        hops: hops.map(({ device, gateway, weight }) => [device, gateway, weight]),
        metric,
        protocol,
      })),
      [
        {
          table: '77',
          destination: '198.51.100.0/24',
          hops: [['eth1', '192.0.2.254', undefined]],
          metric: 50,
          protocol: 'boot',
        },
        {
          table: 'main',
          destination: '192.0.2.0/24',
          hops: [['eth1', undefined, undefined]],
          metric: undefined,
          protocol: 'kernel',
        },
        {
          table: 'main',
          destination: '203.0.113.0/24',
          hops: [
            ['eth1', '192.0.2.253', 2],
            ['eth1', '192.0.2.252', 1],
          ],
          metric: undefined,
          protocol: 'boot',
        },
      ],
    );
  });

  it('reads IPv6, and routes without a device', () => {
    const routes = parseRoutes(read('routes6'), 'IPV6');
    assert.deepEqual(routes[1]?.hops, [
      { device: 'eth1', gateway: '2001:db8::2', weight: undefined, onlink: false },
    ]);
    const [blackhole] = parseRoutes([{ type: 'blackhole', dst: '198.51.100.0/24' }], 'IPV4');
    assert.deepEqual(blackhole?.hops, []);
  });

  it('tells the device of a look-up', () => {
    assert.equal(parseRouteLookup([{ dst: '192.0.2.9', dev: 'eth1', flags: [] }]), 'eth1');
    assert.equal(parseRouteLookup([]), undefined);
  });
});
