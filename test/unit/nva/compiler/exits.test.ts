import assert from 'node:assert/strict';
import type { Payload } from '../../../../src/model/item.js';
import type { RouterSpec } from '../../../../src/model/router.js';
import { CompileIndex } from '../../../../src/nva/compiler/compile-index.js';
import { exitMac } from '../../../../src/nva/exit-mac.js';
import { atOnce } from '../../../../src/nva/in-turns.js';
import {
  endpointSpec,
  networkSpec,
  nveInput,
  routerSpec,
  subnetSpec,
} from '../../../support/specs.js';

/** Blue's endpoint is on nve-1; 2 and 3 lead out by network up, whose routers outside are on 2 and 4. */
const GATEWAYS = ['nve-2', 'nve-3'] as const;
const [MAC_2, MAC_3] = [exitMac('r', 'nve-2'), exitMac('r', 'nve-3')];
const ANYCAST = '00:00:5e:00:01:01';
const TRANSIT = ['192.0.0.8/32', 'fd8c:51d7:3e60::8/128'];

function led(fields: Partial<RouterSpec> = {}): CompileIndex {
  const index = new CompileIndex();
  for (const n of [1, 2, 3, 4]) {
    const after = nveInput([`192.0.2.${n}`], n === 3 ? 1480 : 1500);
    index.apply({ kind: 'Nve', id: `nve-${n}`, after });
  }
  index.apply({ kind: 'VirtualNetwork', id: 'blue', after: networkSpec({ vni: 100 }) });
  index.apply({ kind: 'VirtualNetwork', id: 'up', after: networkSpec({ vni: 200 }) });
  const blue = subnetSpec({ network: 'blue', prefix: '10.0.0.0/24', gateway: '10.0.0.1' });
  const up = subnetSpec({ network: 'up', prefix: '198.51.100.0/24', gateway: '' });
  index.apply({ kind: 'Subnet', id: 'blue-v4', after: blue });
  index.apply({ kind: 'Subnet', id: 'up-v4', after: up });
  for (const [id, network, nve, mac, ip] of [
    ['web', 'blue', 'nve-1', '02:00:00:00:00:01', '10.0.0.10'],
    ['leg-2', 'up', 'nve-2', '02:00:00:00:00:02', '198.51.100.102'],
    ['leg-4', 'up', 'nve-4', '02:00:00:00:00:04', '198.51.100.104'],
  ] as const) {
    index.apply({ kind: 'Endpoint', id, after: endpointSpec({ network, nve, mac, ips: [ip] }) });
  }
  index.apply({ kind: 'Router', id: 'r', after: router(fields) });
  return index;
}

function router(fields: Partial<RouterSpec> = {}): RouterSpec {
  const nextHops = [
    { address: '198.51.100.102', weight: 2 },
    { address: '198.51.100.104', weight: 1 },
  ];
  return routerSpec({
    transitVni: 300,
    subnets: ['blue-v4'],
    exits: [
      {
        subnet: 'up-v4',
        gateways: GATEWAYS.map((nve, i) => ({ nve, address: `198.51.100.${i + 12}` })),
      },
    ],
    routes: [{ prefix: '0.0.0.0/0', nextHops, drop: false }],
    ...fields,
  });
}

const of = (index: CompileIndex, nve: string, key: string): Payload | undefined =>
  index.full(nve).get(key)?.payload;

const via = (index: CompileIndex, nve: string, prefix: string): string[] | undefined => {
  const route = of(index, nve, `route/1/${prefix}`);
  if (route?.kind !== 'route' || route.via.kind !== 'next_hops') return undefined;
  return route.via.nextHops.map(({ address, vni, weight }) => `${address} in ${vni} *${weight}`);
};

const withdrawn = (n: number, is: boolean): Parameters<CompileIndex['apply']>[0] => {
  const after = nveInput([`192.0.2.${n}`], n === 3 ? 1480 : 1500, is);
  return { kind: 'Nve', id: `nve-${n}`, after };
};

describe('nva/compiler: exits of a router', () => {
  it('of a route by two: whose gateway has one of them sends nothing to the other’s, which would send it back', () => {
    const exits = [
      { subnet: 'up-v4', gateways: [{ nve: 'nve-2', address: '198.51.100.12' }] },
      { subnet: 'down-v4', gateways: [{ nve: 'nve-3', address: '203.0.113.13' }] },
    ];
    const nextHops = ['198.51.100.102', '203.0.113.99'].map((address) => ({ address, weight: 1 }));
    const index = led({ exits, routes: [{ prefix: '0.0.0.0/0', nextHops, drop: false }] });
    index.apply({ kind: 'VirtualNetwork', id: 'down', after: networkSpec({ vni: 201 }) });
    const after = subnetSpec({ network: 'down', prefix: '203.0.113.0/24', gateway: '' });
    index.apply({ kind: 'Subnet', id: 'down-v4', after });
    const leg = { network: 'down', nve: 'nve-3', mac: '02:00:00:00:00:03' };
    const spec = endpointSpec({ ...leg, ips: ['203.0.113.99'] });
    index.apply({ kind: 'Endpoint', id: 'leg-3', after: spec });
    assert.deepEqual(
      ['nve-1', 'nve-2', 'nve-3'].map((nve) => via(index, nve, '0.0.0.0/0')),
      [
        ['198.51.100.12 in 300 *1', '203.0.113.13 in 300 *1'],
        ['198.51.100.102 in 200 *1'],
        ['203.0.113.99 in 201 *1'],
      ],
    );
  });

  it('give an NVE that does not lead out the transit, and nothing of the network beyond', () => {
    const items = led().full('nve-1');
    assert.deepEqual(
      [...items.keys()].sort(),
      [
        'bd/100',
        'bd/300',
        'flood/100/192.0.2.2',
        'flood/100/192.0.2.3',
        'gw/1/100',
        'gw/1/300',
        'gwneigh/1/100/10.0.0.10',
        'gwneigh/1/300/198.51.100.12',
        'gwneigh/1/300/198.51.100.13',
        'mac/100/02:00:00:00:00:01',
        `mac/300/${MAC_2}`,
        `mac/300/${MAC_3}`,
        'neigh/100/10.0.0.10',
        'port/web',
        'route/1/0.0.0.0/0',
        'tunnel/100/192.0.2.2',
        'tunnel/100/192.0.2.3',
        'tunnel/300/192.0.2.2',
        'tunnel/300/192.0.2.3',
        'vrf/1',
        'vtep/192.0.2.1',
      ].sort(),
    );
    assert.deepEqual(items.get('gw/1/300')?.payload, {
      ...{ kind: 'gateway_interface', vrf: 1, vni: 300, mac: ANYCAST, addresses: TRANSIT },
      // By the smallest of the underlays.
      mtu: 1430,
    });
    assert.deepEqual(items.get('bd/300')?.payload, {
      ...{ kind: 'bridge_domain', network: 'r', vni: 300, vtep: '192.0.2.1' },
      ...{ learn: false, flood: false, arpSuppression: true, mtu: 1430, bumGroup: '' },
    });
    assert.deepEqual(items.get(`mac/300/${MAC_3}`)?.payload, {
      ...{ kind: 'mac_entry', vni: 300, mac: MAC_3 },
      via: { kind: 'remote', vtep: '192.0.2.3' },
    });
    assert.deepEqual(items.get('gwneigh/1/300/198.51.100.13')?.payload, {
      ...{ kind: 'gateway_neighbor', vrf: 1, vni: 300, ip: '198.51.100.13', mac: MAC_3 },
    });
  });

  it('lead out at their gateways, each with an address and a MAC of its own', () => {
    const index = led();
    for (const [i, nve] of GATEWAYS.entries()) {
      const own = of(index, nve, 'gw/1/200');
      assert.ok(own?.kind === 'gateway_interface');
      assert.deepEqual(own.addresses, [`198.51.100.${i + 12}/24`]);
      assert.equal(own.mac, [MAC_2, MAC_3][i]);
      const transit = of(index, nve, 'gw/1/300');
      assert.equal(transit?.kind === 'gateway_interface' && transit.mac, own.mac);
      // Straight back, without an endpoint of its own there.
      assert.ok(of(index, nve, 'gwneigh/1/100/10.0.0.10'));
      assert.ok(of(index, nve, 'mac/100/02:00:00:00:00:01'));
    }
    assert.notEqual(MAC_2, MAC_3);
    assert.notEqual(MAC_2, exitMac('other', 'nve-2'));
    assert.equal(of(index, 'nve-4', 'vrf/1'), undefined);
  });

  it('spread over the next hops at a gateway, and over the gateways elsewhere', () => {
    const index = led();
    const beyond = ['198.51.100.102 in 200 *2', '198.51.100.104 in 200 *1'];
    for (const nve of GATEWAYS) assert.deepEqual(via(index, nve, '0.0.0.0/0'), beyond);
    const gateways = ['198.51.100.12 in 300', '198.51.100.13 in 300'];
    assert.deepEqual(
      via(index, 'nve-1', '0.0.0.0/0'),
      gateways.map((each) => `${each} *3`),
    );
  });

  it('are told to the other NVEs of the network beyond, which are not the routers', () => {
    assert.deepEqual(
      [...led().full('nve-4').keys()].sort(),
      [
        'bd/200',
        'flood/200/192.0.2.2',
        'flood/200/192.0.2.3',
        'mac/200/02:00:00:00:00:02',
        'mac/200/02:00:00:00:00:04',
        `mac/200/${MAC_2}`,
        `mac/200/${MAC_3}`,
        'neigh/200/198.51.100.102',
        'neigh/200/198.51.100.104',
        'neigh/200/198.51.100.12',
        'neigh/200/198.51.100.13',
        'port/leg-4',
        'tunnel/200/192.0.2.2',
        'tunnel/200/192.0.2.3',
        'vtep/192.0.2.4',
      ].sort(),
    );
  });

  it('have no tunnel between two NVEs that both do not lead out', () => {
    const index = led();
    const after = endpointSpec({ network: 'blue', nve: 'nve-4', mac: '02:00:00:00:00:09' });
    index.apply({ kind: 'Endpoint', id: 'more', after });
    const tunnels = (nve: string): string[] =>
      [...index.full(nve).keys()].filter((key) => key.startsWith('tunnel/300/')).sort();
    assert.deepEqual(tunnels('nve-1'), ['tunnel/300/192.0.2.2', 'tunnel/300/192.0.2.3']);
    assert.deepEqual(
      tunnels('nve-2'),
      [1, 3, 4].map((n) => `tunnel/300/192.0.2.${n}`),
    );
  });

  it('leave out a gateway that was found dead, and a next hop on it, at once; both come back', () => {
    const index = led();
    const before = [...index.full('nve-1').values()].map(({ payload }) => payload);
    const deltas = index.apply(withdrawn(2, true));
    const delta = deltas.get('nve-1');
    assert.deepEqual([...(delta?.upserts.keys() ?? [])], ['route/1/0.0.0.0/0']);
    assert.deepEqual([...(delta?.removes ?? [])].sort(), [
      'flood/100/192.0.2.2',
      'gwneigh/1/300/198.51.100.12',
      `mac/300/${MAC_2}`,
      'tunnel/100/192.0.2.2',
      'tunnel/300/192.0.2.2',
    ]);
    // The next hop that is left has weight 1.
    assert.deepEqual(via(index, 'nve-1', '0.0.0.0/0'), ['198.51.100.13 in 300 *1']);
    assert.deepEqual(via(index, 'nve-3', '0.0.0.0/0'), ['198.51.100.104 in 200 *1']);
    // Its own configuration stays.
    assert.equal(deltas.has('nve-2'), false);
    index.apply(withdrawn(3, true));
    assert.equal(via(index, 'nve-1', '0.0.0.0/0'), undefined);
    index.apply(withdrawn(3, false));
    index.apply(withdrawn(2, false));
    assert.deepEqual(
      [...index.full('nve-1').values()].map(({ payload }) => payload),
      before,
    );
  });

  it('a gateway of one exit sends to those of another over the transit', () => {
    const index = led();
    index.apply({ kind: 'VirtualNetwork', id: 'far', after: networkSpec({ vni: 201 }) });
    const far = subnetSpec({ network: 'far', prefix: '203.0.113.0/24', gateway: '' });
    index.apply({ kind: 'Subnet', id: 'far-v4', after: far });
    const exits = [
      ...router().exits,
      { subnet: 'far-v4', gateways: [{ nve: 'nve-4', address: '203.0.113.14' }] },
    ];
    const nextHops = [{ address: '203.0.113.1', weight: 1 }];
    const routes = [{ prefix: '0.0.0.0/0', nextHops, drop: false }];
    index.apply({ kind: 'Router', id: 'r', after: router({ exits, routes }) });
    assert.deepEqual(via(index, 'nve-2', '0.0.0.0/0'), ['203.0.113.14 in 300 *1']);
    assert.deepEqual(via(index, 'nve-4', '0.0.0.0/0'), ['203.0.113.1 in 201 *1']);
  });

  it('an attach costs what it costs without them', () => {
    const index = led();
    const before = { ...index.counters };
    const after = endpointSpec({
      network: 'blue',
      nve: 'nve-2',
      mac: '02:00:00:00:00:09',
      ips: ['10.0.0.9'],
    });
    const deltas = index.apply({ kind: 'Endpoint', id: 'new', after });
    assert.deepEqual([...deltas.keys()].sort(), ['nve-1', 'nve-2', 'nve-3']);
    assert.deepEqual(index.counters, { ...before, endpoint: before.endpoint + 3 });
    assert.deepEqual([...(deltas.get('nve-1')?.upserts.keys() ?? [])].sort(), [
      'gwneigh/1/100/10.0.0.9',
      'mac/100/02:00:00:00:00:09',
      'neigh/100/10.0.0.9',
    ]);
  });

  it('go with the router, and nothing of them stays', () => {
    const index = led();
    index.apply({ kind: 'Router', id: 'r', after: undefined });
    assert.deepEqual([...index.full('nve-3').keys()], ['vtep/192.0.2.3']);
    assert.ok(![...index.full('nve-1').keys()].some((key) => key.includes('/300')));
  });

  it('a plan of them has all that they reach', () => {
    const index = led();
    index.apply({ kind: 'Router', id: 'r', after: router({ exits: [], transitVni: 0 }) });
    const change = { kind: 'Router', id: 'r', after: router() } as const;
    const planned = atOnce(index.fork([change])).apply(change);
    const done = index.apply(change);
    const keys = (deltas: typeof done): string[] =>
      [...deltas].map(([nve, { upserts, removes }]) =>
        [nve, ...[...upserts.keys()].sort(), '-', ...[...removes].sort()].join(' '),
      );
    assert.deepEqual(keys(planned).sort(), keys(done).sort());
    assert.deepEqual([...done.keys()].sort(), ['nve-1', 'nve-2', 'nve-3', 'nve-4']);
  });
});
