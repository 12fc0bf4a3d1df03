import assert from 'node:assert/strict';
import { PROVIDER_DEFAULTS } from '../../../../src/model/virtual-network.js';
import type { ErrorCode } from '../../../../src/errors.js';
import type { Grant } from '../../../../src/model/access-policy.js';
import type { Call } from '../../../../src/model/api.js';
import type { Port } from '../../../../src/model/endpoint.js';
import type { Collection } from '../../../../src/model/names.js';
import { GuardingNva } from '../../../../src/nva/access/guarding.js';
import { callWith, grant, NEW, TAP, tapIn, twoTenants, verbs } from '../../../support/guarded.js';
import type { MemoryNva } from '../../../support/memory-nva.js';
import { refusedWith } from '../../../support/refusals.js';
import { networkSpec, routerSpec, subnetSpec } from '../../../support/specs.js';
import { MEMIF, VHOST_USER, VLAN, VPP_INTERFACE } from '../../../support/vpp-port-samples.js';

type Access = 'writes' | 'reads' | 'hidden';

/** What a role allows for what is blue's, what is red's, and what is nobody's. */
interface Row {
  readonly title: string;
  readonly grants: readonly Grant[];
  readonly access: readonly [blue: Access, red: Access, nobody: Access];
}

const ROWS: readonly Row[] = [
  { title: 'admin', grants: [grant('admin')], access: ['writes', 'writes', 'writes'] },
  {
    title: 'admin of some ports',
    grants: [grant('admin', undefined, ['tap'])],
    access: ['writes', 'writes', 'writes'],
  },
  { title: 'operator', grants: [grant('operator')], access: ['writes', 'writes', 'reads'] },
  {
    title: 'operator of blue',
    grants: [grant('operator', ['blue'])],
    access: ['writes', 'hidden', 'hidden'],
  },
  {
    title: 'tenant blue',
    grants: [grant('tenant', ['blue'], ['tap'])],
    access: ['writes', 'hidden', 'hidden'],
  },
  { title: 'viewer', grants: [grant('viewer')], access: ['reads', 'reads', 'reads'] },
  {
    title: 'viewer of blue',
    grants: [grant('viewer', ['blue'])],
    access: ['reads', 'hidden', 'hidden'],
  },
  {
    title: 'tenant blue and viewer of red',
    grants: [grant('tenant', ['blue']), grant('viewer', ['red'])],
    access: ['writes', 'reads', 'hidden'],
  },
  {
    title: 'tenant of neither',
    grants: [grant('tenant', ['green'])],
    access: ['hidden', 'hidden', 'hidden'],
  },
];

const OF_TENANTS = ['virtualNetworks', 'endpoints', 'subnets', 'routers'] as const;
const OF_NOBODY = ['nves', 'hostProfiles'] as const;

/** What a new one is refused with by who may not even read what it would belong to. */
const HIDDEN_CREATE: Record<Collection, ErrorCode> = {
  virtualNetworks: 'ACCESS_DENIED',
  routers: 'ACCESS_DENIED',
  nves: 'ACCESS_DENIED',
  hostProfiles: 'ACCESS_DENIED',
  endpoints: 'REFERENCE_NOT_FOUND',
  subnets: 'REFERENCE_NOT_FOUND',
};

describe('the rights of a caller', () => {
  let nva: MemoryNva;
  let api: GuardingNva;

  beforeEach(async () => {
    nva = await twoTenants();
    api = new GuardingNva(nva);
  });

  const checkWrites = async (collection: Collection, id: string, call: Call): Promise<void> => {
    const of = verbs(api)[collection];
    assert.equal((await of.get(id, call)).id, id);
    assert.ok((await of.ids(call)).includes(id));
    assert.equal((await of.create(id, call)).id, `${id}-new`);
    assert.equal((await of.update(id, call)).id, id);
    await of.delete(`${id}-new`, call);
    assert.equal(nva[collection].find(`${id}-new`), undefined);
    assert.deepEqual(nva[collection].find(id)?.spec.labels, { changed: 'yes' });
  };
  const checkReads = async (collection: Collection, id: string, call: Call): Promise<void> => {
    const of = verbs(api)[collection];
    assert.equal((await of.get(id, call)).id, id);
    assert.ok((await of.ids(call)).includes(id));
    await refusedWith('ACCESS_DENIED', of.create(id, call));
    await refusedWith('ACCESS_DENIED', of.update(id, call));
    await refusedWith('ACCESS_DENIED', of.delete(id, call));
  };
  const checkHidden = async (collection: Collection, id: string, call: Call): Promise<void> => {
    const of = verbs(api)[collection];
    const error = await refusedWith('NOT_FOUND', of.get(id, call));
    const absent = await refusedWith('NOT_FOUND', of.get('none', call));
    assert.equal(error.message.replace(`/${id} `, '/none '), absent.message);
    assert.ok(!(await of.ids(call)).includes(id));
    await refusedWith(HIDDEN_CREATE[collection], of.create(id, call));
    await refusedWith('NOT_FOUND', of.update(id, call));
    // As of what is not there.
    await of.delete(id, call);
  };
  const CHECKS = { writes: checkWrites, reads: checkReads, hidden: checkHidden };

  for (const { title, grants, access } of ROWS) {
    const [blue, red, nobody] = access;
    const cases = [
      ...OF_TENANTS.map((collection) => [collection, 'blue', blue] as const),
      ...OF_TENANTS.map((collection) => [collection, 'red', red] as const),
      ...OF_NOBODY.map((collection) => [collection, 'host-a', nobody] as const),
    ];
    for (const [collection, id, may] of cases) {
      it(`${title}: ${may} ${collection}/${id}`, async () => {
        const { revision } = nva;
        await CHECKS[may](collection, id, callWith(...grants));
        if (may !== 'writes') assert.equal(nva.revision, revision, 'nothing was changed');
      });
    }
  }

  const blue = callWith(grant('tenant', ['blue'], ['tap']));

  it('tells who may do nothing so, whatever the call', async () => {
    const nobody = callWith();
    const calls: Promise<unknown>[] = [
      api.trace({ from: 'blue', to: 'blue', reportedOnly: false }, nobody),
      api.readCounters(['blue'], nobody),
      api.waitApplied({ revision: 0, timeoutMs: 0 }, nobody),
      all(api.watch({ kinds: [], filter: '', startRevision: 0 }, nobody)),
      ...Object.values(verbs(api)).flatMap((of) => [
        ...[of.get('blue', nobody), of.ids(nobody), of.create('blue', nobody)],
        ...[of.update('blue', nobody), of.delete('blue', nobody)],
      ]),
    ];
    const refused = await Promise.all(calls.map((each) => refusedWith('ACCESS_DENIED', each)));
    assert.equal(refused.length, 34);
    assert.equal(refused[0]?.message, 'user/alice has no rights here');
  });

  it('gives this process all of them', async () => {
    const { caller, ...own } = blue;
    assert.ok(caller);
    assert.deepEqual(await verbs(api).endpoints.ids(own), ['blue', 'red']);
  });

  it('lists only what may be read, whatever the filter', async () => {
    const filter = 'nve = "host-a"';
    const page = await api.endpoints.list({ pageSize: 0, pageToken: '', filter }, blue);
    assert.deepEqual(
      page.resources.map(({ id }) => id),
      ['blue'],
    );
    const other = { pageSize: 0, pageToken: '', filter: 'network = "red"' };
    assert.deepEqual((await api.endpoints.list(other, blue)).resources, []);
  });

  it('has no page for what others have', async () => {
    for (const [filter, ids] of [
      ['', ['blue']],
      ['network = "red"', []],
    ] as const) {
      const page = await api.endpoints.list({ pageSize: 1, pageToken: '', filter }, blue);
      assert.deepEqual(
        page.resources.map(({ id }) => id),
        ids,
      );
      assert.equal(page.nextPageToken, '');
    }
  });

  it('traces only between endpoints that may be read', async () => {
    assert.equal(
      (await api.trace({ from: 'blue', to: 'blue', reportedOnly: false }, blue)).state,
      'OK',
    );
    for (const [from, to] of [
      ['blue', 'red'],
      ['red', 'blue'],
    ] as const) {
      const error = await refusedWith(
        'NOT_FOUND',
        api.trace({ from, to, reportedOnly: false }, blue),
      );
      assert.equal(error.message, 'endpoints/red does not exist');
    }
  });

  it('reads the counters only of endpoints that may be read', async () => {
    assert.equal((await api.readCounters(['blue'], blue)).length, 1);
    await refusedWith('NOT_FOUND', api.readCounters(['blue', 'red'], blue));
    assert.equal(nva.calls.filter((method) => method === 'readCounters').length, 1);
  });

  it('tells a tenant which NVEs lag, and nothing of what others have there', async () => {
    const failures = [{ key: 'port/red', code: 'INTERNAL', message: 'red tap' }];
    const lag = { nve: 'host-a', code: 'NVE_PENDING', reason: 'port/red', appliedRevision: 1 };
    nva.laggards = [{ ...lag, failures }];
    const wait = { revision: 0, timeoutMs: 0 };
    const reason = 'it has not applied all it should';
    assert.deepEqual((await api.waitApplied(wait, blue)).laggards, [
      { ...lag, reason, failures: [] },
    ]);
    const { laggards } = await api.waitApplied(wait, callWith(grant('viewer')));
    assert.deepEqual(laggards, nva.laggards);
  });

  it('lets nobody hand on, by validation or by an etag, what may not be done', async () => {
    const change = { id: 'red', etag: 'e1', validateOnly: true };
    await refusedWith('NOT_FOUND', api.endpoints.update({ ...change, changes: {} }, blue));
    await api.endpoints.delete({ ...change, validateOnly: false }, blue);
    assert.ok(nva.endpoints.find('red'));
    const spec = networkSpec({ tenant: 'red' });
    const request = { id: 'new', spec, requestId: '', validateOnly: true };
    await refusedWith('ACCESS_DENIED', api.virtualNetworks.create(request, blue));
  });

  it('keeps an etag that was given', async () => {
    const change = { id: 'blue', changes: { displayName: 'x' }, validateOnly: false };
    await refusedWith('ETAG_MISMATCH', api.endpoints.update({ ...change, etag: 'e0' }, blue));
  });

  it("does not route another tenant's subnet", async () => {
    const spec = routerSpec({ tenant: 'blue', vrfId: 0, subnets: ['red'] });
    const hidden = await refusedWith(
      'REFERENCE_NOT_FOUND',
      api.routers.create({ ...NEW, id: 'thief', spec }, blue),
    );
    assert.match(hidden.message, /subnets\/red/);
    const changes = { subnets: ['blue', 'red'] };
    const update = { id: 'blue', changes, etag: '', validateOnly: false };
    await refusedWith('REFERENCE_NOT_FOUND', api.routers.update(update, blue));
    const both = callWith(grant('tenant', ['blue']), grant('viewer', ['red']));
    await refusedWith('ACCESS_DENIED', api.routers.update(update, both));
    const gateways = [{ nve: 'host', address: '10.0.0.11' }];
    const out = { ...update, changes: { exits: [{ subnet: 'red', gateways }] } };
    await refusedWith('REFERENCE_NOT_FOUND', api.routers.update(out, blue));
    await refusedWith('ACCESS_DENIED', api.routers.update(out, both));
  });

  it("names another tenant's subnet as if there were none, whatever else is wrong", async () => {
    const told = async (refused: Promise<unknown>, subnet: string): Promise<string> => {
      const { message, remedy } = await refusedWith('REFERENCE_NOT_FOUND', refused);
      assert.ok(message.includes(`subnets/${subnet}: does not exist`), message);
      return `${message}\n${remedy}`.replaceAll(`/${subnet}:`, '/it:');
    };
    const naming = (subnet: string): Promise<string>[] => {
      const change = { id: 'blue', etag: '', validateOnly: false };
      const subnets = [subnet];
      const gateways = [{ nve: 'none', address: '10.0.0.11' }];
      // Each is refused for the second reason, too, where nobody looks at what may be read.
      const faulty = { tenant: 'blue', vrfId: 0, gatewayMac: 'none', subnets };
      const created = tapIn('blue', { mac: 'none', subnets });
      return [
        told(api.endpoints.create({ ...NEW, id: 'new', spec: created }, blue), subnet),
        told(api.endpoints.update({ ...change, changes: { mac: 'none', subnets } }, blue), subnet),
        told(api.routers.create({ ...NEW, id: 'new', spec: routerSpec(faulty) }, blue), subnet),
        told(
          api.routers.update({ ...change, changes: { exits: [{ subnet, gateways }] } }, blue),
          subnet,
        ),
      ];
    };
    assert.deepEqual(await Promise.all(naming('red')), await Promise.all(naming('none')));
    assert.equal((await Promise.all(naming('none'))).length, 4);
  });

  it('routes its own', async () => {
    const spec = subnetSpec({ network: 'blue', prefix: '10.1.0.0/24', gateway: '10.1.0.1' });
    await api.subnets.create({ ...NEW, id: 'blue-2', spec }, blue);
    const changes = { subnets: ['blue', 'blue-2'] };
    const update = { id: 'blue', changes, etag: '', validateOnly: false };
    const router = await api.routers.update(update, blue);
    assert.deepEqual(router.spec.subnets, ['blue', 'blue-2']);
  });

  const VETH: Port = { kind: 'veth', netns: 'g', interface: 'eth0', hostInterface: '' };
  const HOST: Port = { kind: 'host_interface', interface: 'eth1' };
  const PORTS: readonly Port[] = [TAP, VETH, HOST, VHOST_USER, MEMIF, VLAN, VPP_INTERFACE];
  for (const port of PORTS) {
    it(`gives ${port.kind} ports to who has them, and to nobody else`, async () => {
      const spec = tapIn('blue', { port });
      const others = PORTS.map(({ kind }) => kind).filter((kind) => kind !== port.kind);
      const without = callWith(grant('tenant', ['blue'], others), grant('operator', ['red']));
      const withIt = callWith(grant('tenant', ['blue'], [port.kind]));
      const refused = [
        api.endpoints.create({ ...NEW, id: 'new', spec }, without),
        api.endpoints.update(
          { id: 'blue', changes: { port }, etag: '', validateOnly: false },
          without,
        ),
      ];
      for (const each of refused) {
        const error = await refusedWith('ACCESS_DENIED', each);
        assert.equal(error.message, `user/alice may not give an endpoint a ${port.kind} port`);
      }
      await api.endpoints.create({ ...NEW, id: 'new', spec }, withIt);
      assert.equal(nva.endpoints.find('new')?.spec.port.kind, port.kind);
    });
  }

  it('leaves physical networks to operators, also where they are a tenant’s', async () => {
    const physical = { ...PROVIDER_DEFAULTS, provider: { uplink: 'physnet1', vlan: 0 } };
    const spec = networkSpec({ tenant: 'blue', vni: 77, ...physical });
    const request = { ...NEW, id: 'wire', spec };
    const error = await refusedWith('ACCESS_DENIED', api.virtualNetworks.create(request, blue));
    assert.equal(error.message, 'user/alice may not give a network a provider');
    const both = callWith(grant('tenant', ['blue']), grant('operator', ['red']));
    await refusedWith('ACCESS_DENIED', api.virtualNetworks.create(request, both));
    await api.virtualNetworks.create(request, callWith(grant('operator', ['blue'])));
  });

  it('holds an admin, too, to the ports that were given', async () => {
    const admin = callWith(grant('admin', undefined, ['veth']));
    const request = { ...NEW, id: 'new', spec: tapIn('blue') };
    await refusedWith('ACCESS_DENIED', api.endpoints.create(request, admin));
  });
});

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}
