import assert from 'node:assert/strict';
import { planEndpoint, planNetwork, planNve } from '../../../src/cli/plan.js';
import { ENDPOINT, NETWORK, NVE } from '../../support/samples.js';

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

describe('planEndpoint', () => {
  it('keeps the MAC that the NVA made up', () => {
    assert.equal(planEndpoint({ ...ENDPOINT.spec, mac: '' }, ENDPOINT).action, 'none');
    assert.equal(planEndpoint({ ...ENDPOINT.spec, mac: '' }, undefined).spec.mac, '');
  });

  it('moves', () => {
    const plan = planEndpoint({ ...ENDPOINT.spec, nve: 'host-b' }, ENDPOINT);
    assert.deepEqual(plan.action === 'update' && plan.changes, { nve: 'host-b' });
  });
});
