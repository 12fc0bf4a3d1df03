/** test/vpp/buffers.test.ts has what a real VPP's rings take. */
import assert from 'node:assert/strict';
import { KEPT_BUFFERS, TAP_BUFFERS } from '../../../../src/dataplane/vpp/packet-buffers.js';
import type { Port } from '../../../../src/model/endpoint.js';
import type { Payload, PortItem } from '../../../../src/model/item.js';
import { NEW_MEMIF } from '../../../../src/model/vpp-ports.js';
import { changesSent } from '../../../support/changes-sent.js';
import { EmulatedVpp } from '../../../support/emulated-vpp.js';
import { domain, vtepItem } from '../../../support/linux-items.js';
import { VppDataplaneRig } from '../../../support/vpp-dataplane-rig.js';

const L = '10.9.0.1';
const UPLINK = { hostInterface: 'eth1', addresses: [`${L}/16`], mtu: 1500, routes: [] };
const BASE: readonly Payload[] = [vtepItem(L), domain(10, L)];

const portOf = (n: number, port: Port): PortItem => ({
  kind: 'port',
  endpoint: `e-${n}`,
  vni: 10,
  mac: `02:00:00:00:00:${n.toString(16).padStart(2, '0')}`,
  addresses: [],
  adminUp: true,
  mtu: 1450,
  port,
});
const tap = (n: number): PortItem =>
  portOf(n, { kind: 'veth', netns: `g${n}`, interface: 'eth0', hostInterface: '' });

describe('packet buffers of VPP', function () {
  this.timeout(30_000);
  let vpp: EmulatedVpp;
  let rig: VppDataplaneRig;
  let other: VppDataplaneRig | undefined;

  beforeEach(async () => {
    vpp = new EmulatedVpp();
    await vpp.start();
    rig = await VppDataplaneRig.create(vpp, [UPLINK]);
    await rig.ready();
    await rig.converge(BASE);
  });
  afterEach(async () => {
    await other?.close();
    other = undefined;
    await rig.close();
    rig.files.remove();
    await vpp.remove();
  });

  /** What fails of one pass, and which messages were sent that change VPP. */
  async function pass(wanted: readonly Payload[]): Promise<readonly [readonly string[], string[]]> {
    const plan = await rig.plan(wanted);
    const { received } = vpp.emulator;
    const from = received.length;
    const failures = await rig.apply(plan);
    return [failures, changesSent(received.slice(from))];
  }

  it('are enough for the rings of a tap, else nothing is sent for it', async () => {
    const { state } = vpp.emulator;
    state.buffers = TAP_BUFFERS + KEPT_BUFFERS - 1;
    const wanted = [...BASE, tap(1)];
    assert.deepEqual(await pass(wanted), [['create port/e-1: DATAPLANE_FULL'], []]);
    state.buffers++;
    await rig.converge(wanted);
    assert.equal(state.taps.bySwIfIndex.size, 1);
  });

  it('are enough for the rings of an uplink that is a tap, else nothing is sent for it', async () => {
    const { state } = vpp.emulator;
    const end = { hostInterface: 'vpp0', netns: '', mac: '', addresses: [], bridge: '' };
    const uplink = { tap: end, addresses: ['10.8.0.1/24'], mtu: 1500, routes: [] };
    other = await VppDataplaneRig.create(vpp, [UPLINK, uplink]);
    await other.ready();
    state.buffers = TAP_BUFFERS + KEPT_BUFFERS - 1;
    const from = vpp.emulator.received.length;
    const wanted = [...BASE, vtepItem('10.8.0.1')];
    const steps = (await other.plan(wanted)).waves.flat().map(({ step }) => step);
    const [error] = await other.dataplane.apply(steps, other.signal);
    assert.equal(error?.code, 'DATAPLANE_FULL');
    assert.match(error.message, /; the uplink tap-vpp0 takes 256, /);
    assert.deepEqual(changesSent(vpp.emulator.received.slice(from)), []);
    state.buffers++;
    await other.converge(wanted);
    // It is one that is there now.
    state.buffers--;
    await other.converge(wanted);
  });

  it('say why, and what helps', async () => {
    vpp.emulator.state.buffers = 1000;
    const plan = await rig.plan([...BASE, tap(1)]);
    const [step] = plan.waves.flat().map((each) => each.step);
    const [error] = await rig.dataplane.apply(step === undefined ? [] : [step], rig.signal);
    assert.equal(
      error?.message,
      'VPP has 1000 packet buffers free; port/e-1 takes 256, and 1024 are kept for packets',
    );
    assert.match(error.remedy, /buffers-per-numa/);
  });

  it('are counted also while many taps are made at a time', async () => {
    const { state } = vpp.emulator;
    state.buffers = KEPT_BUFFERS + 5 * TAP_BUFFERS;
    const all = Array.from({ length: 20 }, (_, i) => tap(i + 1));
    const [failures] = await pass([...BASE, ...all]);
    assert.equal(failures.length, 15);
    assert.ok(failures.every((text) => text.endsWith(': DATAPLANE_FULL')));
    assert.equal(state.taps.bySwIfIndex.size, 5);
    // What is given back, at the end of a pass, is there for others.
    await rig.settle([...BASE, ...all.slice(0, 5)]);
  });

  it('are the rings’ of a memif that is a slave, and nobody’s of a master', async () => {
    vpp.emulator.state.buffers = 2048 + KEPT_BUFFERS - 1;
    const memif = (role: 'MASTER' | 'SLAVE'): Payload =>
      portOf(1, { ...NEW_MEMIF, socket: rig.files.socket('m'), ringSize: 2048, role });
    const [failures, sent] = await pass([...BASE, memif('SLAVE')]);
    assert.deepEqual([failures, sent], [['create port/e-1: DATAPLANE_FULL'], []]);
    await rig.converge([...BASE, memif('MASTER')]);
  });

  it('are asked for by no port that keeps none, and by none that is there', async () => {
    await rig.converge([...BASE, tap(1)]);
    vpp.emulator.state.buffers = 0;
    const nic = portOf(2, { kind: 'host_interface', interface: 'eth0' });
    await rig.converge([...BASE, tap(1), nic]);
    await rig.converge([...BASE, { ...tap(1), adminUp: false }, nic]);
  });
});
