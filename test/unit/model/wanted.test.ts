import assert from 'node:assert/strict';
import {
  planEndpoint,
  planNetwork,
  planNve,
  planRouter,
  planSubnet,
} from '../../../src/model/wanted.js';
import { checkSubnet, FIRST_ADDRESS, type SubnetSpec } from '../../../src/model/subnet.js';
import type { PlacedEndpoint } from '../../../src/model/migration.js';
import { ENDPOINT, NETWORK, NVE, ROUTER, SUBNET } from '../../support/samples.js';
import { migrationTo } from '../../support/specs.js';

describe('planNetwork', () => {
  it('creates what is not there', () => {
    assert.deepEqual(planNetwork(NETWORK.spec, undefined), {
      action: 'create',
      spec: NETWORK.spec,
    });
  });

  it('does nothing where nothing differs, in whatever order labels are', () => {
    const wanted = { ...NETWORK.spec, labels: { tier: '', site: 'a' } };
    assert.equal(planNetwork(wanted, NETWORK).action, 'none');
  });

  it('changes just what differs', () => {
    const wanted = { ...NETWORK.spec, mtu: 1400, prefixes: ['10.0.0.0/24'], labels: {} };
    assert.deepEqual(planNetwork(wanted, NETWORK), {
      action: 'update',
      changes: { mtu: 1400, prefixes: ['10.0.0.0/24'], labels: {} },
      spec: wanted,
    });
  });

  it('keeps the VNI that the NVA chose', () => {
    const wanted = { ...NETWORK.spec, vni: 0 };
    assert.deepEqual(planNetwork(wanted, NETWORK), { action: 'none', spec: NETWORK.spec });
    assert.equal(planNetwork(wanted, undefined).spec.vni, 0);
  });

  it('tries what the NVA will refuse: it knows why', () => {
    const plan = planNetwork({ ...NETWORK.spec, vni: 5 }, NETWORK);
    assert.deepEqual(plan.action === 'update' && plan.changes, { vni: 5 });
  });
});

describe('planNve', () => {
  it('leaves the bound identity alone', () => {
    assert.deepEqual(planNve({ ...NVE.spec, nodeUuid: '' }, NVE), {
      action: 'none',
      spec: NVE.spec,
    });
  });

  it('minds the order of VTEP addresses, which says which is used', () => {
    const vtepAddresses = NVE.spec.vtepAddresses.toReversed();
    const plan = planNve({ ...NVE.spec, vtepAddresses }, NVE);
    assert.deepEqual(plan.action === 'update' && plan.changes, { vtepAddresses });
  });
});

describe('planSubnet', () => {
  it('does nothing where the gateway is the first address, said or not', () => {
    const spec = { ...SUBNET.spec, gateway: '10.0.0.1' };
    const wanted = checkSubnet({ ...spec, gateway: FIRST_ADDRESS });
    assert.deepEqual(planSubnet(wanted, { ...SUBNET, spec }), { action: 'none', spec });
  });

  it('changes just what differs', () => {
    const plan = planSubnet({ ...SUBNET.spec, gateway: '' }, SUBNET);
    assert.deepEqual(plan.action === 'update' && plan.changes, { gateway: '' });
    assert.equal(planSubnet(SUBNET.spec, undefined).action, 'create');
  });
});

describe('planRouter', () => {
  it('keeps the id of tables that the NVA chose', () => {
    const wanted = { ...ROUTER.spec, vrfId: 0 };
    assert.deepEqual(planRouter(wanted, ROUTER), { action: 'none', spec: ROUTER.spec });
    assert.equal(planRouter(wanted, undefined).spec.vrfId, 0);
  });

  it("keeps its transit's VNI as long as it has an exit", () => {
    const wanted = { ...ROUTER.spec, transitVni: 0 };
    assert.deepEqual(planRouter(wanted, ROUTER), { action: 'none', spec: ROUTER.spec });
    const without = planRouter({ ...wanted, exits: [] }, ROUTER);
    assert.deepEqual(without.action === 'update' && without.changes, { exits: [], transitVni: 0 });
  });

  it('changes just what differs', () => {
    const plan = planRouter({ ...ROUTER.spec, routes: [] }, ROUTER);
    assert.deepEqual(plan.action === 'update' && plan.changes, { routes: [] });
  });
});

describe('planEndpoint', () => {
  it('keeps the MAC that the NVA made up', () => {
    assert.equal(planEndpoint({ ...ENDPOINT.spec, mac: '' }, ENDPOINT, []).action, 'none');
    assert.equal(planEndpoint({ ...ENDPOINT.spec, mac: '' }, undefined, []).spec.mac, '');
  });

  it('keeps the migration that there is, whatever was', () => {
    const was = migrationTo('host-b', { phase: 'SWITCHING' });
    const is = migrationTo('host-b', { phase: 'FINISHED' });
    const live = { spec: { ...ENDPOINT.spec, migration: is } };
    const old: PlacedEndpoint = { ...ENDPOINT.spec, migration: was };
    for (const wanted of [ENDPOINT.spec, old]) {
      assert.deepEqual(planEndpoint(wanted, live, []), { action: 'none', spec: live.spec });
      assert.deepEqual(planEndpoint(wanted, ENDPOINT, []).spec, ENDPOINT.spec);
      assert.deepEqual(planEndpoint(wanted, undefined, []).spec, ENDPOINT.spec);
      const elsewhere = { spec: { ...live.spec, network: 'other' } };
      assert.deepEqual(planEndpoint(wanted, elsewhere, []).spec, ENDPOINT.spec);
    }
  });

  it('moves', () => {
    const plan = planEndpoint({ ...ENDPOINT.spec, nve: 'host-b' }, ENDPOINT, []);
    assert.deepEqual(plan.action === 'update' && plan.changes, { nve: 'host-b' });
  });

  const v6 = { ...SUBNET.spec, prefix: 'fd00::/64', gateway: '', pools: [] };
  const other = { ...SUBNET.spec, prefix: '10.7.0.0/24', gateway: '', pools: [] };
  const kept: [name: string, wanted: string[], subnets: SubnetSpec[], ips: string[]][] = [
    ['those it was given', [], [v6, SUBNET.spec], ['10.0.0.11', 'fd00::11']],
    ['the one it was given beside one it names', ['10.0.0.11'], [v6], ['10.0.0.11', 'fd00::11']],
    ['none where it names another of the subnet', ['10.0.0.7'], [SUBNET.spec], ['10.0.0.7']],
    ['none of a subnet that it does not name', [], [SUBNET.spec], ['10.0.0.11']],
    ['none where it has none', [], [other], []],
    ['none where there are no subnets', [], [], []],
  ];
  for (const [name, wanted, subnets, ips] of kept) {
    it(`keeps of its addresses ${name}`, () => {
      const { spec } = planEndpoint({ ...ENDPOINT.spec, ips: wanted }, ENDPOINT, subnets);
      assert.deepEqual(spec.ips, ips);
    });
  }

  it('keeps one address of a subnet in which it has several', () => {
    const live = { ...ENDPOINT, spec: { ...ENDPOINT.spec, ips: ['10.0.0.11', '10.0.0.12'] } };
    const { spec } = planEndpoint({ ...ENDPOINT.spec, ips: [] }, live, [SUBNET.spec]);
    assert.deepEqual(spec.ips, ['10.0.0.11']);
  });
});
