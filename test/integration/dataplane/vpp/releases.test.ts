/** Routing, cross-connects and vhost-user on other VPPs than the newest whole one; on the emulator, which can be any. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import type { Payload, PortItem } from '../../../../src/model/item.js';
import { NEW_VHOST_USER, type VhostUserPort } from '../../../../src/model/vpp-ports.js';
import { EmulatedVpp } from '../../../support/emulated-vpp.js';
import { domain, vtepItem } from '../../../support/linux-items.js';
import {
  dropRoute,
  gateway,
  gatewayNeighbor,
  hop,
  routeTo,
  vrf,
  xconnect,
} from '../../../support/routing-items.js';
import { VppDataplaneRig } from '../../../support/vpp-dataplane-rig.js';
import type { EmulatorOptions } from '../../../support/vpp-emulator/emulator.js';
import { vppReleases } from '../../../support/vpp-releases.js';

const L = '10.9.0.1';
const UPLINK = { hostInterface: 'eth1', addresses: [`${L}/16`], mtu: 1500, routes: [] };
const UNDER: readonly Payload[] = [vtepItem(L), domain(10, L)];
const ROUTER: readonly Payload[] = [
  vrf(7),
  gateway(7, 10, ['192.168.1.1/24', 'fd00:1::1/64']),
  gatewayNeighbor(7, 10, '192.168.1.5', '02:00:00:00:00:05'),
  routeTo(7, '10.1.0.0/16', hop('192.168.1.5', 10)),
  dropRoute(7, 'fd01::/32'),
];
const CLIENT = { role: 'CLIENT', socketMode: 0 } as const;
const SERVER = { role: 'SERVER', socketMode: 0o600 } as const;
const port = (endpoint: string, name: string): PortItem => ({
  kind: 'port',
  endpoint,
  vni: 0,
  mac: '02:00:00:00:00:98',
  addresses: [],
  adminUp: true,
  mtu: 1400,
  port: { kind: 'host_interface', interface: name },
});
const CONNECTED: readonly Payload[] = [port('a', 'eth2'), port('b', 'eth3'), xconnect('a', 'b')];

describe('VPP dataplane: releases', function () {
  this.timeout(30_000);
  let vpp: EmulatedVpp;
  let rig: VppDataplaneRig;

  async function start(options: Partial<EmulatorOptions>): Promise<void> {
    vpp = new EmulatedVpp(options);
    await vpp.start();
    rig = await VppDataplaneRig.create(vpp, [UPLINK]);
    await rig.ready();
  }
  afterEach(async () => {
    await rig.close();
    await vpp.remove();
  });

  for (const { name, modules } of vppReleases()) {
    it(`routes and cross-connects on ${name}`, async () => {
      await start({ modules });
      const { itemKinds } = await rig.dataplane.capabilities(rig.signal);
      for (const kind of ['vrf', 'gateway_interface', 'gateway_neighbor', 'route', 'xconnect']) {
        assert.ok(itemKinds.includes(kind), kind);
      }
      const wanted = [...UNDER, ...ROUTER, ...CONNECTED];
      await rig.converge(wanted);
      assert.deepEqual(
        vpp.emulator.state.routes.tables.filter(({ id }) => id === 7).map((each) => each.name),
        ['nfvd:vrf/7', 'nfvd:vrf/7'],
      );
      await rig.converge(UNDER);
      assert.equal(vpp.emulator.state.routes.tables.length, 2);
    });
  }

  it('offers no routing where VPP does not tell where routes are from, and leaves it alone', async () => {
    await start({ without: ['fib'] });
    const { itemKinds } = await rig.dataplane.capabilities(rig.signal);
    assert.ok(itemKinds.includes('xconnect') && itemKinds.includes('mac_entry'));
    assert.deepEqual(
      itemKinds.filter((kind) => /vrf|gateway|route/.test(kind)),
      [],
    );
    const failed = await rig.apply(await rig.plan([...UNDER, ...ROUTER]));
    assert.ok(failed.includes('create vrf/7: ITEM_UNSUPPORTED'), failed.join());
    assert.equal(vpp.emulator.state.routes.tables.length, 2);
    await rig.converge([...UNDER, ...CONNECTED]);
  });

  async function assertRefused(wanted: readonly Payload[]): Promise<void> {
    const { waves, verdicts } = await rig.plan(wanted);
    assert.equal(verdicts.get('port/a')?.code, 'ITEM_UNSUPPORTED');
    assert.deepEqual(waves, []);
  }

  for (const as of [CLIENT, SERVER]) {
    const { role } = as;
    it(`leaves a vhost-user port alone of which this VPP cannot do what is asked: ${role}`, async () => {
      const crcs = { create_vhost_user_if_v2: '0x1', modify_vhost_user_if_v2: '0x1' };
      await start({ crcs });
      mkdirSync(rig.files.sockets);
      const guest = (change: Partial<VhostUserPort>): Payload[] => {
        const socket = rig.files.socket('guest');
        const spec: VhostUserPort = { ...NEW_VHOST_USER, socket, ...as, ...change };
        return [...UNDER, { ...port('a', ''), port: spec }];
      };
      await rig.converge(guest({}));
      await assertRefused(guest({ eventIdx: true }));
      assert.equal(vpp.emulator.state.vhostUsers.bySwIfIndex.size, 1);
      await rig.converge(guest({ gso: true }));
      await rig.converge([...UNDER, port('a', 'eth2')]);
      await assertRefused(guest({ eventIdx: true }));
      rig.files.remove();
    });
  }
});
