/** On the emulator only: a real VPP that has too many of these hangs, sooner or later. */
import assert from 'node:assert/strict';
import { MAX_HOST_INTERFACES } from '../../../../src/dataplane/vpp/admission.js';
import type { Payload } from '../../../../src/model/item.js';
import { EmulatedVpp } from '../../../support/emulated-vpp.js';
import { domain, vtepItem } from '../../../support/linux-items.js';
import { VppDataplaneRig } from '../../../support/vpp-dataplane-rig.js';

const L = '10.9.0.1';
const UPLINK = { hostInterface: 'eth1', addresses: ['10.9.0.1/16'], mtu: 1500, routes: [] };

const port = (n: number): Payload => ({
  kind: 'port',
  endpoint: `e-${n}`,
  vni: 10,
  mac: `02:00:00:00:00:${n.toString(16).padStart(2, '0')}`,
  addresses: [],
  adminUp: true,
  mtu: 1450,
  port: { kind: 'host_interface', interface: `p${n}` },
});

describe('interfaces of the host in VPP', () => {
  let vpp: EmulatedVpp;
  let rig: VppDataplaneRig;

  beforeEach(async () => {
    vpp = new EmulatedVpp();
    await vpp.start();
    for (let n = 1; n <= 20; n++) vpp.emulator.state.hostInterfaces.add(`p${n}`);
    rig = await VppDataplaneRig.create(vpp, [UPLINK]);
    await rig.ready();
  });
  afterEach(async () => {
    await rig.close();
    await vpp.remove();
  });

  const names = async (): Promise<number> => (await rig.client.dump('af_packet_dump', {})).length;

  it('are no more than VPP can bear, uplinks among them; one too many is refused untouched', async () => {
    const fitting = Array.from({ length: MAX_HOST_INTERFACES - 1 }, (_, i) => port(i + 1));
    const base = [vtepItem(L), domain(10, L)];
    await rig.converge([...base, ...fitting]);
    assert.equal(await names(), MAX_HOST_INTERFACES);
    const wanted = [...base, ...fitting, port(20)];
    assert.deepEqual(await rig.apply(await rig.plan(wanted)), ['create port/e-20: DATAPLANE_FULL']);
    assert.equal(await names(), MAX_HOST_INTERFACES);
    // Room is made at the end of a pass, after it was looked for.
    await rig.settle([...base, ...fitting.slice(1), port(20)]);
  });

  it('are no more than that also where an uplink would be one too many', async () => {
    const ports = Array.from({ length: MAX_HOST_INTERFACES }, (_, i) => port(i + 1));
    const none = await VppDataplaneRig.create(vpp, []);
    await none.ready();
    await none.converge([domain(10, ''), ...ports]);
    await none.close();
    const wanted = [vtepItem(L), domain(10, ''), ...ports];
    assert.deepEqual(await rig.apply(await rig.plan(wanted)), [`create vtep/${L}: DATAPLANE_FULL`]);
    assert.equal(await names(), MAX_HOST_INTERFACES);
    await rig.settle(wanted.slice(0, -1));
    // One that is there already is none more.
    await rig.client.request('sw_interface_set_mtu', { sw_if_index: 1, mtu: [1400, 0, 0, 0] });
    await rig.settle(wanted.slice(0, -1));
  });

  it('are counted with uplinks that are made at the same time as ports', async () => {
    const ports = Array.from({ length: MAX_HOST_INTERFACES }, (_, i) => port(i + 1));
    const free: readonly Payload[] = ports.map((each) => ({ ...each, vni: 0 }));
    const failures = await rig.apply(await rig.plan([vtepItem(L), ...free]));
    assert.deepEqual(
      failures.map((text) => text.split(': ')[1]),
      ['DATAPLANE_FULL'],
    );
    assert.equal(await names(), MAX_HOST_INTERFACES);
  });

  it('are counted also while many are made at a time', async () => {
    const all = Array.from({ length: 20 }, (_, i) => port(i + 1));
    const failures = await rig.apply(await rig.plan([vtepItem(L), domain(10, L), ...all]));
    assert.equal(failures.length, 20 - (MAX_HOST_INTERFACES - 1));
    assert.ok(failures.every((text) => text.endsWith(': DATAPLANE_FULL')));
    assert.equal(await names(), MAX_HOST_INTERFACES);
  });
});
