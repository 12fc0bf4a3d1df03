/**
 * The connection to VPP breaks, or VPP is killed, at a request of a configuration: it is made all the same,
 * and nothing is left of it when it is taken away.
 */
import assert from 'node:assert/strict';
import type { Payload } from '../../../../src/model/item.js';
import { NEW_MEMIF, NEW_VHOST_USER, NEW_VLAN } from '../../../../src/model/vpp-ports.js';
import { EmulatedVpp } from '../../../support/emulated-vpp.js';
import { eventually } from '../../../support/eventually.js';
import {
  domain,
  floodTo,
  macAt,
  macOf,
  neighbor,
  tunnelTo,
  vtepItem,
} from '../../../support/linux-items.js';
import { PortFiles } from '../../../support/port-files.js';
import {
  dropRoute,
  gateway,
  gatewayNeighbor,
  hop,
  routeTo,
  routeToVrf,
  vrf,
  xconnect,
} from '../../../support/routing-items.js';
import { VppDataplaneRig } from '../../../support/vpp-dataplane-rig.js';
import { EmulatorEye, everything } from '../../../support/vpp-eye.js';

const LONG = process.env['NFVD_TEST_LONG'] === '1';
const L = '10.9.0.1';
const UPLINK = { hostInterface: 'eth1', addresses: ['10.9.0.1/16'], mtu: 1500, routes: [] };
/** What changes something. */
const CHANGES = /add_del|_set_|bridge_flags|create|delete/;

/** What the owner of the test's process may do without being root. */
const OWN = { ownerUid: process.getuid?.() ?? 0, ownerGid: process.getgid?.() ?? 0 };

/** Ten networks of 20 objects each, the last with a group and ports. */
function configuration(sockets: (name: string) => string): Payload[] {
  const networks = Array.from({ length: 10 }, (_, n) => 100 + n).flatMap((vni): Payload[] => {
    const remotes = [2, 3, 4].map((i) => `10.9.${vni - 100}.${i}`);
    const bumGroup = vni === 109 ? '239.1.1.1' : '';
    const macs = Array.from({ length: 6 }, (_, i) => `02:00:00:00:${vni - 100}0:0${i}`);
    return [
      domain(vni, L, { bumGroup }),
      ...remotes.map((remote) => tunnelTo(vni, remote, L)),
      ...(bumGroup === '' ? remotes.map((remote) => floodTo(vni, remote)) : []),
      ...macs.map((mac, i) => macAt(vni, mac, remotes[i % 3] ?? '')),
      ...macs.map((mac, i) => neighbor(vni, `192.168.0.${i + 1}`, mac)),
    ];
  });
  const port = {
    kind: 'port',
    endpoint: 'web',
    vni: 109,
    mac: '02:00:00:00:00:99',
    addresses: [],
    adminUp: true,
    mtu: 1400,
    port: { kind: 'host_interface', interface: 'eth0' },
  } as const;
  const others = [
    { ...NEW_VHOST_USER, ...OWN, socket: sockets('vm') },
    { ...NEW_MEMIF, socket: sockets('cnf') },
    { ...NEW_VLAN, parent: 'host-eth1', outerVlanId: 100 },
  ].map((each): Payload => ({ ...port, endpoint: each.kind, mac: '', port: each }));
  return [vtepItem(L), ...networks, port, macOf(109, port.mac, port.endpoint), ...others];
}

/** A router with two networks and routes, and two ports that are cross-connected. */
function routing(): Payload[] {
  const port = (endpoint: string, name: string): Payload => ({
    kind: 'port',
    endpoint,
    vni: 0,
    mac: '02:00:00:00:00:98',
    addresses: [],
    adminUp: true,
    mtu: 1400,
    port: { kind: 'host_interface', interface: name },
  });
  return [
    vtepItem(L),
    domain(100, L),
    domain(101, L),
    vrf(7),
    vrf(8),
    gateway(7, 100, ['192.168.1.1/24', 'fd00:1::1/64']),
    gateway(7, 101, ['192.168.2.1/24']),
    gatewayNeighbor(7, 100, '192.168.1.5', '02:00:00:00:00:05'),
    routeTo(7, '10.1.0.0/16', hop('192.168.1.5', 100), hop('192.168.2.5', 101)),
    routeTo(7, 'fd01::/32', hop('fd00:1::5', 100)),
    routeToVrf(7, '10.2.0.0/16', 8),
    dropRoute(8, '10.3.0.0/16'),
    port('a', 'eth2'),
    port('b', 'eth3'),
    xconnect('a', 'b'),
  ];
}

for (const [title, wantedOf, every] of [
  ['200 objects', configuration, LONG ? 1 : 29],
  ['routing and a cross-connect', routing, 1],
] as const) {
  describe(`VPP dataplane with ${title}`, function () {
    losses(this, wantedOf, every);
  });
}

/** @param every how many changes there are from one loss to the next */
function losses(
  suite: Mocha.Suite,
  wantedOf: (sockets: (name: string) => string) => readonly Payload[],
  every: number,
): void {
  suite.timeout(LONG ? 600_000 : 120_000);
  const files = new PortFiles();
  const wanted = wantedOf((name) => files.socket(name));
  let vpp: EmulatedVpp;
  let rig: VppDataplaneRig;
  let whole: object;
  let bare: object;
  let requests: number;

  beforeEach(async () => {
    vpp = new EmulatedVpp();
    await vpp.start();
    rig = await VppDataplaneRig.create(vpp, [UPLINK], files);
    await rig.ready();
    await rig.converge([vtepItem(L)]);
    bare = await state();
    const before = vpp.emulator.received.length;
    await rig.converge(wanted);
    const made = vpp.emulator.received.slice(before);
    requests = made.filter(({ name }) => CHANGES.test(name)).length;
    whole = await state();
    await rig.converge([vtepItem(L)]);
  });
  afterEach(async () => {
    await rig.close();
    await vpp.remove();
  });

  after(() => {
    files.remove();
  });

  const state = (): Promise<object> => everything(new EmulatorEye(vpp.emulator));

  /** Does it at the n-th change that is asked for; answers when it is done. */
  function at(n: number, isCarriedOut: boolean, what: () => void): () => boolean {
    let count = 0;
    vpp.emulator.gate = ({ name }) => {
      if (!CHANGES.test(name) || ++count < n) return true;
      if (count > n) return isCarriedOut;
      // The answer is lost too, if there is one.
      if (isCarriedOut) setImmediate(what);
      else what();
      return isCarriedOut;
    };
    return () => count >= n;
  }

  function* points(): Iterable<number> {
    for (let n = 1; n <= requests; n += every) yield n;
  }

  for (const isCarriedOut of [false, true]) {
    it(`loses the connection ${isCarriedOut ? 'after' : 'before'} a change, at each in turn`, async () => {
      assert.ok(requests > wanted.length);
      for (const n of points()) {
        const isOver = at(n, isCarriedOut, () => {
          vpp.emulator.dropClients();
        });
        await rig.apply(await rig.plan(wanted));
        await eventually(isOver);
        vpp.emulator.gate = () => true;
        await eventually(() => rig.settled(wanted));
        assert.deepEqual(await state(), whole, `at ${n}`);
        await eventually(() => rig.settled([vtepItem(L)]));
        assert.deepEqual(await state(), bare, `at ${n}`);
      }
    });
  }

  it('loses VPP at a change, at each in turn', async () => {
    for (const n of points()) {
      let restarted: Promise<void> | undefined;
      const restart = async (): Promise<void> => {
        await vpp.kill();
        await vpp.start();
      };
      at(n, false, () => {
        restarted = restart();
      });
      await rig.apply(await rig.plan(wanted));
      await restarted;
      vpp.emulator.gate = () => true;
      await eventually(() => rig.settled(wanted));
      assert.deepEqual(await state(), whole, `at ${n}`);
      await eventually(() => rig.settled([vtepItem(L)]));
    }
  });
}
