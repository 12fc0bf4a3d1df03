/** What somebody who is told of a step throws neither hangs the call nor ends the process. */
import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import { keyOf } from '../../../../src/model/item.js';
import { EmulatedVpp } from '../../../support/emulated-vpp.js';
import { vrf } from '../../../support/routing-items.js';
import { steps, VppDataplaneRig } from '../../../support/vpp-dataplane-rig.js';

describe('carrying out steps on a VPP', () => {
  let vpp: EmulatedVpp;
  let rig: VppDataplaneRig;
  const wanted = [vrf(1), vrf(2)];
  const fault = new NfvError('INTERNAL', 'that was not to be expected');

  beforeEach(async () => {
    vpp = new EmulatedVpp();
    await vpp.start();
    rig = await VppDataplaneRig.create(vpp, []);
    await rig.ready();
  });
  afterEach(async () => {
    await rig.close();
    await vpp.remove();
  });

  const planned = async () => (await rig.plan(wanted)).waves.flat().map(({ step }) => step);

  it('fails the step whose success throws, and only that', async () => {
    const { addressWatch } = rig.dataplane;
    addressWatch.placed = (payload) => {
      if (keyOf(payload) === keyOf(vrf(1))) throw fault;
    };
    const all = await planned();
    const results = await rig.dataplane.apply(all, rig.signal);
    assert.deepEqual(
      results,
      all.map(({ key }) => (key === keyOf(vrf(1)) ? fault : undefined)),
    );
  });

  it('throws what who is told of a result throws', async () => {
    const all = await planned();
    const applied = rig.dataplane.apply(all, rig.signal, () => {
      throw fault;
    });
    await assert.rejects(applied, fault);
    assert.equal(steps(await rig.plan(wanted)).length, 0);
  });
});
