/** Counters of ports: the statistics are given, the ports are those of an emulated VPP. */
import assert from 'node:assert/strict';
import type { Payload } from '../../../../src/model/item.js';
import type { InterfaceCounters } from '../../../../src/vpp-api/stats/counters.js';
import { EmulatedVpp } from '../../../support/emulated-vpp.js';
import { eventually } from '../../../support/eventually.js';
import { VppDataplaneRig } from '../../../support/vpp-dataplane-rig.js';

const PORT: Payload = {
  kind: 'port',
  endpoint: 'web',
  vni: 0,
  mac: '02:00:00:00:00:01',
  addresses: [],
  adminUp: true,
  mtu: 1450,
  port: { kind: 'host_interface', interface: 'eth2' },
};

/** Of an interface that has received as many packets as its index says. */
const counted = (swIfIndex: number): InterfaceCounters => {
  const counter = (packets: number) => ({
    total: { packets: BigInt(packets), bytes: BigInt(packets * 100) },
    threads: [],
  });
  const counters = new Map([
    ['rx', counter(swIfIndex)],
    ['tx', counter(7)],
    ['drops', counter(3)],
  ]);
  return { name: `if-${swIfIndex}`, swIfIndex, counters };
};

describe('counters of ports on VPP', () => {
  let vpp: EmulatedVpp;
  let rig: VppDataplaneRig;
  beforeEach(async () => {
    vpp = new EmulatedVpp();
    await vpp.start();
    rig = await VppDataplaneRig.create(vpp, []);
    await rig.ready();
    rig.readStats = () => Promise.resolve(Array.from({ length: 10 }, (_, i) => counted(i)));
    await rig.converge([PORT]);
  });
  afterEach(async () => {
    await rig.close();
    rig.files.remove();
    await vpp.remove();
  });

  it("are those of the port's interface; of what is not there, none", async () => {
    const all = await rig.client.dump('af_packet_dump', {});
    const index = all[0]?.sw_if_index ?? assert.fail();
    assert.ok(index > 0);
    assert.deepEqual(await rig.dataplane.counters(['port/none', 'port/web']), [
      {
        key: 'port/web',
        rxPackets: index,
        rxBytes: index * 100,
        txPackets: 7,
        txBytes: 700,
        drops: 3,
      },
    ]);
  });

  it('are none of a VPP that has died, though its statistics can be read', async () => {
    await vpp.kill();
    await eventually(() => rig.status?.session === 'LOST');
    await assert.rejects(rig.dataplane.counters(['port/web']), { code: rig.status?.reasonCode });
  });

  it('are none of an interface that has its index in the next VPP', async () => {
    await vpp.kill();
    await vpp.start();
    await eventually(() => rig.status?.restarts === 1);
    assert.deepEqual(await rig.dataplane.counters(['port/web']), []);
    await rig.converge([PORT]);
    assert.equal((await rig.dataplane.counters(['port/web'])).length, 1);
  });
});
