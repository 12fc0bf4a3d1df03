/** Virtual addresses on a VPP that is emulated: what it tells, and what is sent to guests. */
import assert from 'node:assert/strict';
import type { GuestDoor, OpenOutlet } from '../../../../src/dataplane/vpp/watch/guest-door.js';
import type { AddressSighting } from '../../../../src/model/allowed-address.js';
import type { Payload, PortItem } from '../../../../src/model/item.js';
import { EmulatedVpp } from '../../../support/emulated-vpp.js';
import { eventually } from '../../../support/eventually.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { domain, providerNetwork, vtepItem } from '../../../support/linux-items.js';
import { MemoryLog } from '../../../support/null-log.js';
import { FEATURE } from '../../../support/vpp-emulator/features/bridge-domain.js';
import type { Request } from '../../../support/vpp-emulator/request.js';
import {
  NO_GUESTS,
  steps,
  VppDataplaneRig,
  type RigOptions,
} from '../../../support/vpp-dataplane-rig.js';

const L = '10.9.0.1';
const UPLINK = { hostInterface: 'eth0', addresses: [`${L}/16`], mtu: 1500, routes: [] };
const PHYS = { hostInterface: 'eth3', addresses: [], mtu: 1500, routes: [] };
const PROVIDERS = [{ name: 'physnet1', interface: 'host-eth3' }];
const MAC = '02:00:00:00:00:01';
const HEX_MAC = MAC.replaceAll(':', '');
const VIP = '10.0.0.100';
const VIP6 = 'fd00::100';
const [HEX_VIP, HEX_VIP6] = ['0a000064', 'fd000000000000000000000000000100'];
const VNI = 10;

const port = (endpoint: string, hostInterface: string, more: Partial<PortItem> = {}): PortItem => ({
  ...{ kind: 'port', endpoint, vni: VNI, mac: MAC, addresses: ['10.0.0.1/24'] },
  ...{ adminUp: true, mtu: 1500 },
  port: { kind: 'host_interface', interface: hostInterface },
  ...more,
});
const MAY = {
  allowedAddresses: [
    { ip: VIP, mac: MAC },
    { ip: VIP6, mac: MAC },
  ],
};
const watched = port('web', 'eth1', MAY);
const plain = port('plain', 'eth2');
const ITEMS: readonly Payload[] = [vtepItem(L), domain(VNI, L), watched, plain];

class Guests implements GuestDoor {
  readonly sent: string[] = [];
  opened = 0;
  onOpen: () => void = () => undefined;
  /** Held up before they are sent. */
  held: Promise<void> = Promise.resolve();
  open(): Promise<void> {
    this.opened++;
    this.onOpen();
    return Promise.resolve();
  }
  close(): void {
    this.opened = 0;
  }
  async ask({ index, isThere }: OpenOutlet, ip: string): Promise<void> {
    await this.held;
    if (isThere()) this.sent.push(`ask ${index} ${ip}`);
  }
  async announce(at: OpenOutlet, ip: string, mac: string, isRouter: boolean): Promise<void> {
    await this.held;
    const who = isRouter ? ' router' : '';
    if (at.isThere()) this.sent.push(`tell ${at.index} ${ip} ${mac}${who}`);
  }
}

describe('virtual addresses on a VPP', () => {
  let vpp: EmulatedVpp;
  let rig: VppDataplaneRig;
  let guests: Guests;
  let seen: AddressSighting[];
  let now: number;
  let clock: FakeClock;
  let log: MemoryLog;

  const start = async (
    door: GuestDoor,
    options = {},
    more: RigOptions = {},
    providers = PROVIDERS,
  ): Promise<void> => {
    vpp = new EmulatedVpp(options);
    await vpp.start();
    log = new MemoryLog();
    clock = new FakeClock();
    const own = { guests: door, clock, log, ...more };
    rig = await VppDataplaneRig.create(vpp, [UPLINK, PHYS], undefined, undefined, providers, own);
    await rig.ready();
    seen = [];
    now = 0;
    rig.dataplane.addressWatch.onSeen((each) => seen.push(each));
  };
  const sees = async (): Promise<boolean> =>
    (await rig.dataplane.capabilities(rig.signal)).seesAddresses === true;

  const indexOf = (endpoint: string): number => {
    const all = [...vpp.emulator.state.interfaces.values()];
    const found = all.find(({ tag }) => tag.replace(/=.*/, '') === `nfvd:port/${endpoint}`);
    return found?.swIfIndex ?? assert.fail(endpoint);
  };
  const arp = (endpoint: string, ip = HEX_VIP, mac = HEX_MAC): void => {
    vpp.emulator.arp({ swIfIndex: indexOf(endpoint), ip, mac }, now);
  };
  const asked = (): number =>
    vpp.emulator.received.filter(({ name }) => name === 'want_l2_arp_term_events').length;
  const subscribed = (): Promise<unknown> =>
    eventually(() => (vpp.emulator.state.wishes.get('want_l2_arp_term_events')?.size ?? 0) === 1);

  afterEach(async () => {
    await rig.close();
    await vpp.remove();
  });

  describe('with a way to its guests', () => {
    beforeEach(async () => {
      guests = new Guests();
      await start(guests);
      await rig.converge(ITEMS);
    });

    it('are a capability', async () => {
      assert.ok(await sees());
    });

    it('are asked for of VPP only while there is something to look for', async () => {
      assert.equal(asked(), 0);
      const { addressWatch } = rig.dataplane;
      addressWatch.watch([watched]);
      await subscribed();
      addressWatch.watch([]);
      const wishes = vpp.emulator.state.wishes.get('want_l2_arp_term_events');
      await eventually(() => wishes?.size === 0);
      addressWatch.watch([watched]);
      await subscribed();
    });

    it('are seen at ports that may have them, with the MAC that goes with them', async () => {
      rig.dataplane.addressWatch.watch([watched]);
      await subscribed();
      arp('plain');
      arp('web', '0a000001');
      arp('web', HEX_VIP, '020000000009');
      vpp.emulator.arp({ swIfIndex: 0, ip: HEX_VIP, mac: HEX_MAC }, now);
      arp('web', HEX_VIP6);
      arp('web');
      await eventually(() => seen.length === 2);
      assert.deepEqual(seen, [
        { endpoint: 'web', ip: VIP6, mac: MAC },
        { endpoint: 'web', ip: VIP, mac: MAC },
      ]);
    });

    it('are told by VPP once in ten seconds, unless it tells of another between', async () => {
      rig.dataplane.addressWatch.watch([watched]);
      await subscribed();
      arp('web');
      now = 9999;
      arp('web');
      arp('plain');
      arp('web');
      now = 20_000;
      arp('web');
      arp('web', HEX_VIP6);
      await eventually(() => seen.at(-1)?.ip === VIP6);
      assert.equal(seen.length, 4);
    });

    it('are asked for at ports that are there', async () => {
      const { addressWatch } = rig.dataplane;
      addressWatch.watch([watched]);
      await subscribed();
      const web = indexOf('web');
      const all = ['10.0.0.1', VIP, VIP6, '10.0.0.1'].map((ip) => `ask ${web} ${ip}`);
      await eventually(() => guests.sent.length === 4);
      assert.deepEqual(guests.sent.splice(0), all);
      addressWatch.ask([watched, port('gone', 'eth3', MAY)]);
      addressWatch.ask([watched]);
      await eventually(() => guests.sent.length >= 4);
      assert.deepEqual(guests.sent, all);
    });

    it('are asked for at a port that was mended, or whose bridge domain was', async () => {
      rig.dataplane.addressWatch.watch([watched]);
      await subscribed();
      const web = indexOf('web');
      const isAsked = (): Promise<unknown> =>
        eventually(() => guests.sent.splice(0).includes(`ask ${web} ${VIP}`));
      await isAsked();
      const down = { sw_if_index: web, flags: [] };
      await rig.client.request('sw_interface_set_flags', down);
      const [mending, ...others] = steps(await rig.plan(ITEMS));
      assert.match(mending ?? '', /^update port\/web /);
      assert.deepEqual(others, []);
      await rig.converge(ITEMS);
      await isAsked();
      await rig.client.request('bridge_flags', {
        ...{ bd_id: VNI, is_set: false },
        flags: ['BRIDGE_API_FLAG_ARP_TERM'],
      });
      await rig.converge(ITEMS);
      await isAsked();
    });

    it('are announced at all ports of the network', async () => {
      const entry = { kind: 'neighbor_entry', vni: VNI, ip: VIP, mac: MAC } as const;
      await rig.dataplane.addressWatch.announce(entry);
      await rig.dataplane.addressWatch.announce({ ...entry, vni: 99 });
      assert.deepEqual(
        guests.sent.sort(),
        ['web', 'plain'].map((each) => `tell ${indexOf(each)} ${VIP} ${MAC}`).sort(),
      );
    });

    for (const vlan of [0, 100]) {
      const where = vlan === 0 ? 'a physical network' : 'a VLAN of one';
      it(`are announced in ${where}, a router’s as such, and in no tunnel`, async () => {
        await rig.converge([...ITEMS, ...providerNetwork(30, { vlan })]);
        const here = { vni: 30, ip: VIP6, mac: MAC, isRouter: true } as const;
        await rig.dataplane.addressWatch.announce(here);
        const name = vlan === 0 ? 'host-eth3' : 'host-eth3.100';
        const all = [...vpp.emulator.state.interfaces.values()];
        const index = all.find((each) => each.name === name)?.swIfIndex;
        assert.deepEqual(guests.sent, [`tell ${String(index)} ${VIP6} ${MAC} router`]);
      });
    }

    it('are not asked for, nor announced, at a port whose removal has begun', async () => {
      let release: () => void = () => undefined;
      rig.dataplane.addressWatch.watch([watched]);
      await subscribed();
      await eventually(() => guests.sent.length === 4);
      guests.sent.splice(0);
      guests.held = new Promise((resolve) => (release = resolve));
      rig.dataplane.addressWatch.ask([watched]);
      const entry = { kind: 'neighbor_entry', vni: VNI, ip: VIP, mac: MAC } as const;
      const announced = rig.dataplane.addressWatch.announce(entry);
      const plainIndex = indexOf('plain');
      const requests: Request[] = [];
      vpp.emulator.gate = (request) => {
        if (request.name !== 'af_packet_delete') return true;
        requests.push(request);
        return false;
      };
      const removed = rig.apply(await rig.plan(ITEMS.filter((each) => each !== watched)));
      await eventually(() => requests.length === 1);
      release();
      await announced;
      assert.deepEqual(guests.sent, [`tell ${plainIndex} ${VIP} ${MAC}`]);
      for (const request of requests) vpp.emulator.answer(request);
      assert.deepEqual(await removed, []);
    });

    it('are looked for again at a VPP that is another', async () => {
      rig.dataplane.addressWatch.watch([watched]);
      await subscribed();
      await vpp.kill();
      await eventually(() => rig.status?.session === 'LOST');
      assert.equal(guests.opened, 0);
      await vpp.start();
      await rig.ready();
      await subscribed();
      guests.sent.splice(0);
      await rig.converge(ITEMS);
      assert.equal(guests.opened, 1);
      const web = indexOf('web');
      await eventually(() => guests.sent.includes(`ask ${web} ${VIP}`));
      arp('web');
      await eventually(() => seen.length === 1);
      assert.ok(await sees());
    });

    it('are not looked up by VPP in the MAC table at a port that may come to have a virtual MAC', async () => {
      const taking = { ...watched, allowedAddresses: [{ ip: VIP, mac: '00:00:5e:00:01:33' }] };
      for (const learn of [true, false]) {
        const items = [vtepItem(L), domain(VNI, L, { learn }), watched, plain];
        await rig.converge(items);
        const learns = (endpoint: string): boolean => {
          const features = vpp.emulator.state.bridgeDomains.byId
            .get(VNI)
            ?.members.get(indexOf(endpoint))?.features;
          return ((features ?? assert.fail(endpoint)) & FEATURE.learn) !== 0;
        };
        rig.dataplane.addressWatch.watch([watched]);
        rig.changes.splice(0);
        rig.dataplane.addressWatch.watch([taking]);
        assert.deepEqual(rig.changes, [{ otherwise: new Set([`bd/${VNI}`]) }]);
        await rig.converge(items);
        assert.equal(learns('web'), !learn);
        assert.ok(learns('plain'));
        // Also when it is made anew.
        await rig.converge(items.filter((each) => each !== watched));
        await rig.converge(items);
        assert.equal(learns('web'), !learn);
        rig.dataplane.addressWatch.watch([watched]);
        await rig.converge(items);
        assert.ok(learns('web'));
        // Or where it has none any more, and another one still has.
        const { allowedAddresses = [] } = watched;
        const other = { ...plain, allowedAddresses };
        rig.dataplane.addressWatch.watch([taking, other]);
        await rig.converge(items);
        assert.equal(learns('web'), !learn);
        rig.changes.splice(0);
        rig.dataplane.addressWatch.watch([other]);
        assert.deepEqual(rig.changes, [{ otherwise: new Set([`bd/${VNI}`]) }]);
        await rig.converge(items);
        assert.ok(learns('web'));
        rig.dataplane.addressWatch.watch([]);
      }
    });

    it('are seen where the network suppresses no ARP: VPP terminates it, with nothing to answer', async () => {
      const open = [vtepItem(L), domain(VNI, L, { arpSuppression: false }), watched, plain];
      await rig.converge(open);
      rig.changes.splice(0);
      rig.dataplane.addressWatch.watch([watched]);
      assert.deepEqual(rig.changes, [{ otherwise: new Set([`bd/${VNI}`]) }]);
      await subscribed();
      arp('web');
      await rig.converge(open);
      arp('web', HEX_VIP6);
      await eventually(() => seen.length === 1);
      assert.equal(seen[0]?.ip, VIP6);
      rig.dataplane.addressWatch.watch([]);
      await rig.converge(open);
      const [told] = await rig.client.dump('bridge_domain_dump', {
        bd_id: VNI,
        sw_if_index: ~0 >>> 0,
      });
      assert.equal(told?.arp_term, false);
    });
  });

  it('are no capability of one without a way to its guests', async () => {
    await start(NO_GUESTS);
    assert.ok(!(await sees()));
    assert.deepEqual(
      log.lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields),
      [{ code: 'KERNEL_REFUSED', error: '/run/vpp/punt.sock: EACCES' }],
    );
  });

  it('are a capability of one that was too busy to answer, once it has', async () => {
    guests = new Guests();
    guests.onOpen = () => {
      vpp.emulator.gate = ({ name }) => name !== 'control_ping';
    };
    // Nothing else is to be asked of it: a dump ends with a ping, too.
    await start(guests, {}, { deadlineMs: 200 }, []);
    await eventually(() => log.lines.some(({ message }) => message.startsWith('VPP is slow')));
    assert.ok(!(await sees()));
    vpp.emulator.gate = () => true;
    let told = 0;
    rig.dataplane.onStatus(() => told++);
    assert.equal(told, 1);
    await clock.advance(1000);
    await eventually(() => told === 2);
    assert.ok(await sees());
  });

  it('are no capability of one whose message is another, which can do all else', async () => {
    await start(new Guests(), { crcs: { want_l2_arp_term_events: '0badcafe' }, withoutJson: true });
    assert.ok(!(await sees()));
    await rig.converge(ITEMS);
  });
});
