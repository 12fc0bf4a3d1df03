/** Who may plan, apply, confirm and see what of changes: every role, on what is blue's, red's and nobody's. */
import assert from 'node:assert/strict';
import type { ErrorCode } from '../../../../src/errors.js';
import type { Grant } from '../../../../src/model/access-policy.js';
import type { Call } from '../../../../src/model/api.js';
import type { Wanted } from '../../../../src/model/changes.js';
import { GuardingNva } from '../../../../src/nva/access/guarding.js';
import {
  applyAll,
  endpoint,
  gone,
  HOSTS,
  linesOf,
  network,
  nve,
  router,
  specsIn,
  subnet,
  wanted,
} from '../../../support/changes-world.js';
import { callWith, grant } from '../../../support/guarded.js';
import { NvaHarness } from '../../../support/nva-harness.js';
import { refusedWith } from '../../../support/refusals.js';
import { VLAN } from '../../../support/vpp-port-samples.js';

type Access = 'writes' | 'reads' | 'hidden';

interface Row {
  readonly title: string;
  readonly grants: readonly Grant[];
  readonly access: readonly [blue: Access, red: Access, nobody: Access];
}

const ROWS: readonly Row[] = [
  { title: 'admin', grants: [grant('admin')], access: ['writes', 'writes', 'writes'] },
  { title: 'operator', grants: [grant('operator')], access: ['writes', 'writes', 'reads'] },
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

const ALL = { pageSize: 0, pageToken: '', filter: '' };
const SUBNET = { blue: '10.0.0.0/24', red: '10.1.0.0/24' } as const;

/** Of each kind that belongs to a tenant: one that is there, changed; a new one; and its deletion. */
const OF_TENANT: readonly ((tenant: 'blue' | 'red') => {
  readonly changed: Wanted;
  readonly fresh: Wanted;
  readonly deleted: Wanted;
  /** What a new one is refused with by who may not even read what it would belong to. */
  readonly hidden: ErrorCode;
})[] = [
  (tenant) => ({
    changed: network(tenant, { tenant, mtu: 1400 }),
    fresh: network(`${tenant}-new`, { tenant }),
    deleted: gone('VirtualNetwork', `${tenant}-free`),
    hidden: 'ACCESS_DENIED',
  }),
  (tenant) => ({
    changed: router(tenant, { tenant, labels: { x: 'y' } }),
    fresh: router(`${tenant}-new`, { tenant }),
    deleted: gone('Router', tenant),
    hidden: 'ACCESS_DENIED',
  }),
  (tenant) => ({
    changed: subnet(tenant, { ...subnetOf(tenant), labels: { x: 'y' } }),
    fresh: subnet(`${tenant}-new`, { network: tenant, prefix: '10.9.0.0/24', gateway: '10.9.0.1' }),
    deleted: gone('Subnet', tenant),
    hidden: 'REFERENCE_NOT_FOUND',
  }),
  (tenant) => ({
    changed: endpoint(tenant, { network: tenant, labels: { x: 'y' } }),
    fresh: endpoint(`${tenant}-new`, { network: tenant }),
    deleted: gone('Endpoint', tenant),
    hidden: 'REFERENCE_NOT_FOUND',
  }),
];

function subnetOf(tenant: 'blue' | 'red'): { network: string; prefix: string; gateway: string } {
  const prefix = SUBNET[tenant];
  return { network: tenant, prefix, gateway: prefix.replace('.0/24', '.1') };
}

describe('the rights of a caller, of changes', () => {
  let nva: NvaHarness;
  let api: GuardingNva;
  /** The revision before there was anything of a tenant. */
  let start: number;
  let specs: Record<string, string>;

  before(async () => {
    nva = await NvaHarness.start();
    api = new GuardingNva(nva.nva);
    start = (await applyAll(nva.client, ...HOSTS)).revision;
    for (const tenant of ['blue', 'red'] as const) {
      await applyAll(
        nva.client,
        network(tenant, { tenant }),
        network(`${tenant}-free`, { tenant }),
        router(tenant, { tenant }),
        subnet(tenant, subnetOf(tenant)),
        endpoint(tenant, { network: tenant }),
      );
    }
    specs = await specsIn(nva.store);
  });
  after(() => nva.close());

  const plan = (call: Call, ...all: readonly Wanted[]): Promise<string[]> =>
    api.changes.plan(wanted(...all), call).then(linesOf);
  const hash = 'f'.repeat(64);
  const apply = (call: Call, ...all: readonly Wanted[]): Promise<unknown> =>
    api.changes.apply({ plan: wanted(...all), hash, requestId: '', confirmWithinMs: 0 }, call);

  for (const { title, grants, access } of ROWS) {
    const call = callWith(...grants);
    const [blue, red, nobody] = access;
    for (const [tenant, may] of [
      ['blue', blue],
      ['red', red],
    ] as const) {
      it(`${title}: ${may} what is ${tenant}’s`, async () => {
        for (const { changed, fresh, deleted, hidden } of OF_TENANT.map((of) => of(tenant))) {
          if (may === 'writes') {
            assert.equal((await plan(call, changed)).length, 1);
            assert.equal((await plan(call, fresh)).length, 1);
            assert.equal((await plan(call, deleted)).length, 1);
            // It gets as far as the hash, which is of no plan.
            await refusedWith('PLAN_CHANGED', apply(call, fresh));
          } else {
            const code = may === 'reads' ? 'ACCESS_DENIED' : hidden;
            await refusedWith(may === 'reads' ? code : 'ALREADY_EXISTS', plan(call, changed));
            await refusedWith(code, plan(call, fresh));
            if (may === 'reads') await refusedWith(code, plan(call, deleted));
            else assert.deepEqual(await plan(call, deleted), [], 'as of what is not there');
            await refusedWith(code === 'ACCESS_DENIED' ? code : 'PLAN_CHANGED', apply(call, fresh));
          }
        }
        const { changes } = await api.changes.list(ALL, call);
        const seen = changes.flatMap(linesOf).some((line) => line.endsWith(`endpoints/${tenant}`));
        assert.equal(seen, may !== 'hidden');
        assert.deepEqual(await specsIn(nva.store), specs, 'nothing was changed');
      });
    }

    it(`${title}: ${nobody} NVEs, and is told what they are sent as far as that`, async () => {
      const wish = nve('host-c', '192.0.2.3');
      if (nobody === 'writes') assert.equal((await plan(call, wish)).length, 1);
      else await refusedWith('ACCESS_DENIED', plan(call, wish));
      const { changes } = await api.changes.list(ALL, call);
      const seen = changes.flatMap(linesOf).some((line) => line.endsWith('nves/host-a'));
      assert.equal(seen, nobody !== 'hidden');
      if (blue !== 'writes') return;
      const made = await api.changes.plan(wanted(endpoint('e', { network: 'blue' })), call);
      assert.ok(made.nves.every(({ upserts }) => upserts > 0));
      assert.equal(
        made.nves.some(({ items }) => items.length > 0),
        nobody !== 'hidden',
      );
    });
  }

  const blue = callWith(grant('tenant', ['blue'], ['tap']));

  it('say where in a plan what may not be read is named, as of what does not exist, and all of it', async () => {
    const call = callWith(grant('tenant', ['blue']));
    const wishes = wanted(
      network('blue', { tenant: 'blue' }),
      endpoint('mine-1', { network: 'red' }),
      subnet('mine-2', { ...subnetOf('red'), network: 'nowhere' }),
      subnet('mine-3', subnetOf('red')),
    );
    const { violations } = await refusedWith('REFERENCE_NOT_FOUND', api.changes.plan(wishes, call));
    assert.deepEqual(violations.map(({ field, reason }) => `${field}: ${reason}`).sort(), [
      'changes[1].put.endpoint.network: does not exist',
      'changes[2].put.subnet.network: does not exist',
      'changes[3].put.subnet.network: does not exist',
    ]);
  });

  it('keep a tenant to its kinds of port, and its routers to its own subnets', async () => {
    await refusedWith('ACCESS_DENIED', plan(blue, endpoint('e', { port: VLAN })));
    const joined = router('blue', { tenant: 'blue', subnets: ['blue', 'red'] });
    await refusedWith('REFERENCE_NOT_FOUND', plan(blue, joined));
    const exits = [{ subnet: 'red', gateways: [{ nve: 'host-a', address: '10.0.0.11' }] }];
    const led = await refusedWith(
      'REFERENCE_NOT_FOUND',
      plan(blue, router('blue', { tenant: 'blue', exits })),
    );
    assert.match(led.message, /subnets\/red/);
  });

  it("name another tenant's subnet as if there were none, whatever else is wrong", async () => {
    const refused = async (wish: (subnet: string) => Wanted): Promise<string[]> => {
      const told = ['red', 'none'].map(async (subnet) => {
        const { violations } = await refusedWith('REFERENCE_NOT_FOUND', plan(blue, wish(subnet)));
        return JSON.stringify(violations).replaceAll(`subnets/${subnet}`, 'subnets/it');
      });
      return Promise.all(told);
    };
    for (const wish of [
      (subnet: string) => endpoint('e', { network: 'blue', mac: 'none', subnets: [subnet] }),
      (subnet: string) => endpoint('blue', { network: 'blue', subnets: [subnet] }),
      (subnet: string) => router('r', { tenant: 'blue', gatewayMac: 'none', subnets: [subnet] }),
    ]) {
      const [red, none] = await refused(wish);
      assert.equal(red, none);
      assert.match(String(red), /"value":"subnets\/it","reason":"does not exist"/);
    }
    const both = callWith(grant('tenant', ['blue'], ['tap']), grant('viewer', ['red']));
    const named = endpoint('e', { network: 'blue', subnets: ['red'] });
    const readable = await refusedWith('INVALID_FIELD', plan(both, named));
    assert.match(readable.message, /a subnet of virtualNetworks\/red, not of blue/);
  });

  it('leave physical networks to operators; a tenant may change its own in other things', async () => {
    const wire = (mtu: number): Wanted =>
      network('blue-wire', {
        ...{ tenant: 'blue', encapsulation: 'NONE', learning: true, arpSuppression: false },
        ...{ mtu, provider: { uplink: 'physnet1', vlan: 0 } },
      });
    await refusedWith('ACCESS_DENIED', plan(blue, wire(0)));
    await applyAll(nva.client, wire(0));
    assert.deepEqual(await plan(blue, wire(1400)), ['UPDATE virtualNetworks/blue-wire']);
    await applyAll(nva.client, gone('VirtualNetwork', 'blue-wire'));
  });

  it('count a network that is planned as its tenant’s', async () => {
    const lines = await plan(
      blue,
      network('n', { tenant: 'blue' }),
      endpoint('e', { network: 'n' }),
    );
    assert.equal(lines.length, 2);
    await refusedWith(
      'ACCESS_DENIED',
      plan(blue, network('n', { tenant: 'red' }), endpoint('e', { network: 'n' })),
    );
  });

  it('are none for who may do nothing, whatever the call', async () => {
    const nobody = callWith();
    const calls: Promise<unknown>[] = [
      plan(nobody, network('n')),
      apply(nobody, network('n')),
      api.changes.plan({ rollbackTo: 0 }, nobody),
      api.changes.confirm({ revision: 0, undo: false }, nobody),
      api.changes.list(ALL, nobody),
      api.changes.get('1', nobody),
    ];
    for (const each of calls) await refusedWith('ACCESS_DENIED', each);
  });

  it('keep a rollback to what one may write', async () => {
    const made = await api.changes.plan({ rollbackTo: start }, blue);
    assert.ok(linesOf(made).every((line) => line.includes('/blue')));
    assert.ok(made.changes.length > 0);
    assert.deepEqual(await specsIn(nva.store), specs);
  });
});
