import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import type { Wanted } from '../../../../src/model/changes.js';
import {
  applyAll,
  claimsIn,
  endpoint,
  gone,
  HOSTS,
  linesOf,
  network,
  nve,
  plan,
  put,
  rollBack,
  router,
  specsIn,
  subnet,
} from '../../../support/changes-world.js';
import { call, NvaHarness } from '../../../support/nva-harness.js';
import { refusedWith } from '../../../support/refusals.js';
import { providerSpec } from '../../../support/specs.js';

describe('Plan', () => {
  let nva: NvaHarness;
  beforeEach(async () => {
    nva = await NvaHarness.start();
  });
  afterEach(() => nva.close());

  it('tells each resource and each NVE, in order, and writes nothing', async () => {
    const { revision } = nva.store.status();
    const made = await plan(
      nva.client,
      endpoint('web-a', { ips: ['10.0.0.10'] }),
      endpoint('web-b', { nve: 'host-b', ips: ['10.0.0.11'] }),
      network('blue', { prefixes: ['10.0.0.0/24'] }),
      ...HOSTS,
    );
    assert.deepEqual(linesOf(made), [
      'CREATE virtualNetworks/blue',
      'CREATE nves/host-a',
      'CREATE nves/host-b',
      'CREATE endpoints/web-a',
      'CREATE endpoints/web-b',
    ]);
    assert.equal(made.nveCount, 2);
    const [a] = made.nves;
    const kinds = a?.items.map(({ kind, action }) => `${action} ${kind}`);
    assert.deepEqual(kinds?.sort(), [
      'ADD bridge_domain',
      'ADD flood_member',
      'ADD mac_entry',
      'ADD mac_entry',
      'ADD neighbor_entry',
      'ADD neighbor_entry',
      'ADD port',
      'ADD tunnel',
      'ADD vtep',
    ]);
    assert.deepEqual([a?.nve, a?.upserts, a?.removes], ['host-a', 9, 0]);
    assert.equal(nva.store.status().revision, revision);
  });

  it('gives what is left open, the same each time, and has the same hash', async () => {
    const wishes = [
      ...HOSTS,
      network('blue'),
      subnet('blue-v4'),
      router('edge', { subnets: ['blue-v4'] }),
      endpoint('web', { subnets: ['blue-v4'] }),
    ];
    const first = await plan(nva.client, ...wishes);
    const second = await plan(nva.client, ...wishes.toReversed());
    const third = await plan(nva.client, ...wishes);
    assert.equal(first.hash, third.hash);
    const web = first.changes.find(({ id }) => id === 'web')?.after;
    assert.ok(web?.kind === 'Endpoint');
    assert.match(web.spec.mac, /^02:/);
    assert.deepEqual(web.spec.ips, ['10.0.0.2']);
    assert.equal(second.changes.length, first.changes.length);
  });

  it('says what the NVEs get when it is applied, exactly', async () => {
    await applyAll(nva.client, ...HOSTS, network('blue'), endpoint('web-a'));
    const before = itemsOf(nva, 'host-a');
    const wishes = [endpoint('web-b', { nve: 'host-b' }), gone('Endpoint', 'web-a')];
    const made = await plan(nva.client, ...wishes);
    await applyAll(nva.client, ...wishes);
    await nva.nva.waitApplied({ revision: 0, timeoutMs: 0 }, call);
    const after = itemsOf(nva, 'host-a');
    const effect = made.nves.find(({ nve: id }) => id === 'host-a')?.items ?? [];
    const expected = [
      ...[...after.keys()].filter((key) => !before.has(key)).map((key) => `ADD ${key}`),
      ...[...after].flatMap(([key, version]) => {
        const old = before.get(key);
        return old === undefined || old === version ? [] : [`CHANGE ${key}`];
      }),
      ...[...before.keys()].filter((key) => !after.has(key)).map((key) => `REMOVE ${key}`),
    ];
    assert.ok(expected.length > 0);
    assert.deepEqual(effect.map(({ action, key }) => `${action} ${key}`).sort(), expected.sort());
  });

  it('leaves others their turn, however much it is', async () => {
    await applyAll(nva.client, ...HOSTS, network('blue'));
    const wishes = Array.from({ length: 1000 }, (_, i) => endpoint(`web-${i}`));
    let turns = 0;
    let goesOn = true;
    const other = (): void => {
      turns++;
      if (goesOn) setImmediate(other);
    };
    setImmediate(other);
    await plan(nva.nva, ...wishes);
    goesOn = false;
    assert.ok(turns > 80, `${turns} turns`);
  });

  it('plans nothing again of what was applied', async () => {
    const wishes = [...HOSTS, network('blue'), subnet('blue-v4'), endpoint('web')];
    await applyAll(nva.client, ...wishes);
    const again = await plan(nva.client, ...wishes);
    assert.deepEqual([again.changes, again.nves], [[], []]);
  });

  it('checks what is new against what stays, wherever that stands', async () => {
    const flat = put({ kind: 'VirtualNetwork', id: 'flat', spec: providerSpec() });
    const provider = { uplink: 'physnet1', vlan: 10 };
    const vlan = put({ kind: 'VirtualNetwork', id: 'vlan', spec: providerSpec({ provider }) });
    const within = subnet('within', { prefix: '10.0.0.128/25', gateway: '10.0.0.129' });
    await applyAll(nva.client, flat, network('blue'), subnet('blue-v4'));
    await refusedWith('PROVIDER_IN_USE', plan(nva.client, vlan, flat));
    await refusedWith('INVALID_FIELD', plan(nva.client, within, subnet('blue-v4')));
    const other = subnet('blue-v4', { gateway: '10.0.0.2' });
    await refusedWith('INVALID_FIELD', plan(nva.client, within, other));
    await plan(nva.client, within, gone('Subnet', 'blue-v4'), vlan, gone('VirtualNetwork', 'flat'));
  });

  it('says what cannot be changed from what', async () => {
    const of = (vlan: number): Wanted => {
      const spec = providerSpec({ provider: { uplink: 'physnet1', vlan } });
      return put({ kind: 'VirtualNetwork', id: 'lab', spec });
    };
    await applyAll(nva.client, of(10));
    const error = await refusedWith('INVALID_FIELD', plan(nva.client, of(11)));
    const [violation] = error.violations;
    const reason = 'cannot be changed from {"uplink":"physnet1","vlan":10}';
    assert.equal(violation?.reason, reason);
  });

  it('tells everything that is wrong at once, and does not blame what refers to it', async () => {
    const error = await refusedWith(
      'INVALID_FIELD',
      plan(
        nva.client,
        network('blue', { vni: 99_999_999 }),
        endpoint('web', { nve: 'host-c' }),
        nve('host-a', 'nonsense'),
        endpoint('db', { nve: 'host-a' }),
      ),
    );
    assert.deepEqual(error.violations.map(({ field }) => field).sort(), [
      'changes[0].put.virtual_network.vni',
      'changes[2].put.nve.vtep_addresses[0]',
    ]);
  });

  it('refuses a resource that is named twice, and what cannot be changed', async () => {
    await applyAll(nva.client, network('blue', { vni: 5000 }));
    const twice = await refusedWith(
      'INVALID_FIELD',
      plan(nva.client, network('blue'), gone('VirtualNetwork', 'blue')),
    );
    assert.deepEqual(
      twice.violations.map(({ field }) => field),
      ['changes[1]'],
    );
    const fixed = await refusedWith('INVALID_FIELD', plan(nva.client, network('blue', { vni: 1 })));
    assert.deepEqual(
      fixed.violations.map(({ field }) => field),
      ['changes[0].put.virtual_network.vni'],
    );
  });

  it('takes the deletion of all that hangs together, and refuses that of a part', async () => {
    await applyAll(nva.client, ...HOSTS, network('blue'), subnet('blue-v4'), endpoint('web'));
    const error = await refusedWith(
      'RESOURCE_IN_USE',
      plan(nva.client, gone('VirtualNetwork', 'blue'), gone('Subnet', 'blue-v4')),
    );
    assert.deepEqual(
      error.violations.map(({ field }) => field),
      ['changes[0].delete'],
    );
    const all = [
      gone('VirtualNetwork', 'blue'),
      gone('Subnet', 'blue-v4'),
      gone('Endpoint', 'web'),
      gone('Nve', 'host-a'),
      gone('Nve', 'host-b'),
    ];
    await applyAll(nva.client, ...all);
    assert.deepEqual(await specsIn(nva.store), {});
  });

  it('refuses to delete what something needs that stays as it is', async () => {
    const all = [
      ...HOSTS,
      network('blue', { vni: 5000 }),
      subnet('blue-v4', { gateway: '10.0.0.1' }),
      router('edge', { subnets: ['blue-v4'], vrfId: 5001 }),
      endpoint('web', { mac: '02:00:00:00:00:0a', ips: ['10.0.0.10'] }),
    ];
    await applyAll(nva.client, ...all);
    const rows = [
      ['VirtualNetwork', 'blue', ['subnet.network', 'endpoint.network']],
      ['Nve', 'host-a', ['endpoint.nve']],
      ['Subnet', 'blue-v4', ['router.subnets[0]']],
    ] as const;
    for (const [kind, id, fields] of rows) {
      const stay = all.filter((each) => 'put' in each && each.put.id !== id);
      const { violations } = await refusedWith(
        'REFERENCE_NOT_FOUND',
        plan(nva.client, gone(kind, id), ...stay),
      );
      const told = violations.map(({ field }) => field.replace(/^changes\[\d+\]\.put\./, ''));
      for (const field of fields) assert.ok(told.includes(field), `${kind}: ${told.join()}`);
    }
  });

  /** A router that leads out by both hosts, with all that it needs. */
  const led = (fields: Parameters<typeof router>[1] = {}): Wanted[] => [
    ...HOSTS,
    network('blue', { vni: 5000 }),
    network('up', { vni: 5001 }),
    subnet('blue-v4', { gateway: '10.0.0.1' }),
    subnet('up-v4', { network: 'up', prefix: '198.51.100.0/24', gateway: '198.51.100.1' }),
    router('edge', {
      subnets: ['blue-v4'],
      exits: [
        {
          subnet: 'up-v4',
          gateways: ['host-a', 'host-b'].map((id, i) => ({
            nve: id,
            address: `198.51.100.${i + 11}`,
          })),
        },
      ],
      routes: [
        {
          prefix: '0.0.0.0/0',
          nextHops: [{ address: '198.51.100.1', weight: 1 }],
          drop: false,
        },
      ],
      ...fields,
    }),
    endpoint('web', { mac: '02:00:00:00:00:0a', ips: ['10.0.0.10'] }),
  ];

  it('takes a way out with all that it needs, gives it a VNI, and plans nothing again', async () => {
    const made = await plan(nva.client, ...led());
    const again = await plan(nva.client, ...led());
    assert.equal(again.hash, made.hash);
    const kinds = made.nves.map(({ nve: id, items }) => [
      id,
      items.filter(({ kind }) => kind === 'gateway_interface').length,
    ]);
    assert.deepEqual(kinds, [
      ['host-a', 3],
      ['host-b', 3],
    ]);
    await applyAll(nva.client, ...led());
    assert.deepEqual((await plan(nva.client, ...led())).changes, []);
    const { spec } = await nva.client.routers.get('edge', call);
    assert.ok(spec.transitVni !== 0 && ![5000, 5001].includes(spec.transitVni));
  });

  it('keeps what a way out needs, also where the router stays as it is', async () => {
    const all = led();
    await applyAll(nva.client, ...all);
    for (const [kind, id, field] of [
      ['Nve', 'host-b', 'router.exits[0].gateways[1].nve'],
      ['Subnet', 'up-v4', 'router.exits[0].subnet'],
      ['VirtualNetwork', 'up', 'subnet.network'],
    ] as const) {
      await refusedWith('RESOURCE_IN_USE', plan(nva.client, gone(kind, id)));
      const stay = all.filter((each) => 'put' in each && each.put.id !== id);
      const { violations } = await refusedWith(
        'REFERENCE_NOT_FOUND',
        plan(nva.client, gone(kind, id), ...stay),
      );
      const told = violations.map(({ field: at }) => at.replace(/^changes\[\d+\]\.put\./, ''));
      assert.ok(told.includes(field), `${kind}: ${told.join()}`);
    }
    const without = led({ exits: [], routes: [] }).filter(
      (each) => 'put' in each && !['host-b', 'up', 'up-v4'].includes(each.put.id),
    );
    const rest = [gone('Nve', 'host-b'), gone('Subnet', 'up-v4'), gone('VirtualNetwork', 'up')];
    await applyAll(nva.client, ...without, ...rest);
    assert.equal((await nva.client.routers.get('edge', call)).spec.transitVni, 0);
  });

  it('goes back to a way out that was there, and forward again', async () => {
    const { revision: before } = await applyAll(nva.client, ...led({ exits: [], routes: [] }));
    const { revision: after } = await applyAll(nva.client, ...led());
    const [specs, claims] = [await specsIn(nva.store), await claimsIn(nva.store)];
    await rollBack(nva.client, before);
    assert.deepEqual((await nva.client.routers.get('edge', call)).spec.exits, []);
    await rollBack(nva.client, after);
    assert.deepEqual(await specsIn(nva.store), specs);
    assert.deepEqual(await claimsIn(nva.store), claims);
  });

  it('lets two endpoints have each other’s addresses', async () => {
    const a = { mac: '02:00:00:00:00:0a', ips: ['10.0.0.10'] };
    const b = { mac: '02:00:00:00:00:0b', ips: ['10.0.0.11'] };
    await applyAll(nva.client, ...HOSTS, network('blue'), endpoint('a', a), endpoint('b', b));
    await applyAll(nva.client, endpoint('a', b), endpoint('b', a));
    const { spec } = await nva.client.endpoints.get('a', call);
    assert.deepEqual([spec.mac, spec.ips], [b.mac, b.ips]);
  });

  it('keeps to an etag', async () => {
    await applyAll(nva.client, network('blue'));
    const { meta, spec } = await nva.client.virtualNetworks.get('blue', call);
    const wish = put({ kind: 'VirtualNetwork', id: 'blue', spec: { ...spec, mtu: 1400 } });
    await refusedWith('ETAG_MISMATCH', plan(nva.client, { ...wish, etag: '"x"' }));
    assert.deepEqual(linesOf(await plan(nva.client, { ...wish, etag: meta.etag })), [
      'UPDATE virtualNetworks/blue',
    ]);
  });

  it('is of errors that are typed', async () => {
    const thrown = await plan(nva.client, network('Blue!')).catch((error: unknown) => error);
    assert.ok(thrown instanceof NfvError);
    assert.equal(thrown.code, 'INVALID_FIELD');
  });
});

function itemsOf(nva: NvaHarness, id: string): Map<string, string> {
  return new Map([...nva.nva.itemsOf(id)].map(({ key, version }) => [key, version]));
}
