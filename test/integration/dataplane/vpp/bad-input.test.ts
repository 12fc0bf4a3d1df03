/**
 * What is wrong with one item fails that item, with a code, and the rest is applied. Most of it the API refuses
 * before (checkPort, checkItem): this is what is left for the dataplane.
 */
import assert from 'node:assert/strict';
import type { Port } from '../../../../src/model/endpoint.js';
import type { Payload, PortItem } from '../../../../src/model/item.js';
import { NEW_MEMIF, NEW_VHOST_USER, NEW_VLAN } from '../../../../src/model/vpp-ports.js';
import { EmulatedVpp } from '../../../support/emulated-vpp.js';
import { domain, neighbor, tunnelTo, vtepItem } from '../../../support/linux-items.js';
import { gateway, vrf } from '../../../support/routing-items.js';
import { VppDataplaneRig } from '../../../support/vpp-dataplane-rig.js';
import { EmulatorEye, tunnelsOf } from '../../../support/vpp-eye.js';
import { GID, UID } from '../../../support/vpp-plugging.js';

const [L, R] = ['10.9.0.1', '10.9.0.2'];
const UPLINK = { hostInterface: 'eth1', addresses: [`${L}/24`], mtu: 1500, routes: [] };
const MAC = '02:00:00:00:00:01';

const portOf = (endpoint: string, port: Port): PortItem => ({
  kind: 'port',
  endpoint,
  vni: 10,
  mac: MAC,
  addresses: [],
  adminUp: true,
  mtu: 1450,
  port,
});
const bad = (port: Port): Payload => portOf('bad', port);
const veth = (netns: string): Port => ({
  kind: 'veth',
  netns,
  interface: 'eth0',
  hostInterface: '',
});
const vhost = (socket: string): Port => ({
  ...NEW_VHOST_USER,
  socket,
  ownerUid: UID,
  ownerGid: GID,
});

/** What there is beside. */
const REST: readonly Payload[] = [
  vtepItem(L),
  domain(10, L),
  domain(11, L),
  tunnelTo(10, R, L),
  neighbor(10, '192.168.1.1', MAC),
  vrf(7),
  gateway(7, 10, ['192.168.2.1/24']),
  portOf('good', { kind: 'host_interface', interface: 'eth0' }),
];

interface Row {
  readonly what: string;
  readonly item: (rig: VppDataplaneRig) => Payload;
  readonly fails: string;
  /** Of VPP. */
  readonly without?: string;
}

const LONG = 'x'.repeat(64);

const ROWS: readonly Row[] = [
  {
    what: 'a namespace whose name VPP would cut',
    item: () => bad(veth(LONG)),
    fails: 'create port/bad: ITEM_UNSUPPORTED',
  },
  {
    what: 'an interface of the host whose name the kernel would cut',
    item: () => bad({ kind: 'host_interface', interface: 'eth0567890123456' }),
    fails: 'create port/bad: HOST_INTERFACE_MISSING',
  },
  {
    what: 'an interface of the host whose name VPP would cut',
    item: () => bad({ kind: 'host_interface', interface: LONG }),
    fails: 'create port/bad: VPP_FIELD_INVALID',
  },
  {
    what: 'an interface of VPP whose name is longer than any',
    item: () => bad({ kind: 'vpp_interface', interface: LONG }),
    fails: 'create port/bad: VPP_INTERFACE_MISSING',
  },
  {
    what: 'a VLAN of an interface whose name is longer than any',
    item: () => bad({ ...NEW_VLAN, parent: LONG, outerVlanId: 7 }),
    fails: 'create port/bad: VPP_INTERFACE_MISSING',
  },
  {
    what: 'a tunnel to ourselves',
    item: () => tunnelTo(10, L, L),
    fails: `create tunnel/10/${L}: VTEP_UNROUTABLE`,
  },
  {
    what: 'an address that another interface of the table has',
    item: () => gateway(7, 11, ['192.168.2.9/28']),
    fails: 'create gw/7/11: GATEWAY_ADDRESS_IN_USE',
  },
  {
    what: 'a socket’s path of 108 bytes',
    item: ({ files }) => {
      const beginning = files.socket('x');
      return bad(vhost(beginning.padEnd(108, 'x')));
    },
    fails: 'create port/bad: SOCKET_PATH_REFUSED',
  },
  {
    what: 'a vhost-user port without the plugin',
    without: 'vhost_user',
    item: ({ files }) => bad(vhost(files.socket('web'))),
    fails: 'create port/bad: VPP_MESSAGE_MISSING',
  },
  {
    what: 'a memif without the plugin',
    without: 'memif',
    item: ({ files }) => bad({ ...NEW_MEMIF, socket: files.socket('m') }),
    fails: 'create port/bad: VPP_MESSAGE_MISSING',
  },
  {
    what: 'a tap without the plugin',
    without: 'tapv2',
    item: () => bad(veth('guest')),
    fails: 'create port/bad: VPP_MESSAGE_MISSING',
  },
];

describe('bad input to VPP’s dataplane', function () {
  this.timeout(30_000);
  let vpp: EmulatedVpp;
  let rig: VppDataplaneRig;

  afterEach(async () => {
    await rig.close();
    rig.files.remove();
    await vpp.remove();
  });

  for (const { what, item, fails, without } of ROWS) {
    it(`fails by itself: ${what}`, async () => {
      vpp = new EmulatedVpp(without === undefined ? {} : { without: [without] });
      await vpp.start();
      rig = await VppDataplaneRig.create(vpp, [UPLINK]);
      await rig.ready();
      const wanted = [...REST, item(rig)];
      assert.deepEqual(await rig.apply(await rig.plan(wanted)), [fails]);
      const eye = new EmulatorEye(vpp.emulator);
      assert.deepEqual((await eye.domain(10))?.members, [
        'host-eth0 0',
        'loop0 0',
        'vxlan_tunnel0 1',
      ]);
      assert.deepEqual(await tunnelsOf(eye), [`10 ${L} ${R}`]);
      assert.deepEqual(await eye.plugged(), []);
      assert.deepEqual(
        (await eye.interfaces()).map((each) => each.split(' ')[0]),
        ['host-eth0', 'host-eth1', 'local0', 'loop0', 'vxlan_tunnel0'],
      );
      // And goes on to, at the next pass, where nothing else is left to do.
      assert.deepEqual(await rig.apply(await rig.plan(wanted)), [fails]);
      await rig.assertConverged(REST);
    });
  }
});
