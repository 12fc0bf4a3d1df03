import assert from 'node:assert/strict';
import type { Uplink } from '../../../../src/dataplane/vpp/uplink/uplink.js';
import { EmulatedVpp } from '../../../support/emulated-vpp.js';
import { eventually } from '../../../support/eventually.js';
import { domain, vtepItem } from '../../../support/linux-items.js';
import type { Request } from '../../../support/vpp-emulator/request.js';
import { VppDataplaneRig } from '../../../support/vpp-dataplane-rig.js';
import { uplinkDevices } from '../../../support/vpp-uplink-devices.js';
import { uplinkAddresses } from '../../../support/vpp-uplink-addresses.js';
import { uplinkGroups } from '../../../support/vpp-uplink-groups.js';
import { uplinkHosts } from '../../../support/vpp-uplink-hosts.js';
import { uplinkRoutes } from '../../../support/vpp-uplink-routes.js';
import { uplinkTaps } from '../../../support/vpp-uplink-taps.js';
import { uplinkVlans } from '../../../support/vpp-uplink-vlans.js';
import { at, L, UplinkWorld, WANTED } from '../../../support/vpp-uplink-world.js';

const PARTS = {
  create: () => new EmulatedVpp(),
  hostInterface: 'eth0',
  functions: () => ['0000:41:00.0', '0000:41:00.1'],
};

const DEVICE = {
  pci: '0000:41:00.0',
  driver: 'nfvt',
  args: '',
  port: 0,
  name: 'up0',
  rxQueues: 0,
  txQueues: 0,
  rxQueueSize: 0,
  txQueueSize: 0,
  portArgs: '',
};
const TAP = { hostInterface: 'vpp0', netns: '', mac: '', addresses: [], bridge: '' };

describe('uplinks on the emulator', function () {
  this.timeout(30_000);

  describe('that are a VLAN', () => {
    uplinkVlans(PARTS);
  });
  describe('on a port of a native driver', () => {
    uplinkDevices(PARTS);
  });
  describe('on an interface of the kernel', () => {
    uplinkHosts(PARTS);
  });
  describe('with tunnels to groups', () => {
    let vpp: EmulatedVpp | undefined;
    uplinkGroups({
      ...PARTS,
      create: () => (vpp = new EmulatedVpp()),
      outletOf(group) {
        const { vxlan, interfaces } = vpp?.emulator.state ?? assert.fail('no VPP');
        const digits = group.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
        const via = vxlan.groups.get(digits.join(''));
        const isThere = via !== undefined && interfaces.get(via.swIfIndex) === via;
        return Promise.resolve(isThere ? via.name : '');
      },
    });
  });
  describe('whose addresses change', () => {
    uplinkAddresses(PARTS);
  });
  describe('whose routes change', () => {
    uplinkRoutes(PARTS);
  });
  describe('that are a tap', () => {
    uplinkTaps(PARTS);
  });

  describe('leave nothing behind when they are given up while their number is found out to be spoiled', () => {
    const rows: readonly (readonly [string, (request: Request) => boolean, boolean])[] = [
      [
        'by a question',
        (each) => each.name === 'cli_inband' && each.text('cmd').startsWith('show adj '),
        true,
      ],
      ['before what is asked', ({ name }) => name === 'sw_interface_dump', true],
      ['with what takes its place', ({ name }) => name === 'create_loopback_instance', true],
      [
        'before that has a tag',
        (each) => each.name === 'sw_interface_tag_add_del' && each.text('tag').includes('/spare-'),
        false,
      ],
    ];
    const vlan = (outerVlanId: number): readonly Uplink[] => [
      { ...at({ hostInterface: 'eth0' }), addresses: [] },
      at({ vlan: { parent: 'host-eth0', outerVlanId, innerVlanId: 0, dot1ad: false } }),
    ];
    const wanted = [...WANTED, domain(7, L, { bumGroup: '239.1.1.1' })];
    let vpp: EmulatedVpp;
    let world: UplinkWorld;
    beforeEach(async () => {
      vpp = new EmulatedVpp();
      world = await UplinkWorld.create({ ...PARTS, create: () => vpp });
    });
    afterEach(() => world.close());

    for (const [what, isIt, isCarriedOut] of rows) {
      it(what, async () => {
        await (await world.agent(...vlan(100))).converge(wanted);
        const agent = await world.agent(...vlan(200));
        const plan = await agent.plan(wanted);
        const controller = new AbortController();
        let isMade = false;
        vpp.emulator.gate = (request) => {
          isMade ||= request.name === 'create_subif';
          if (!isMade || controller.signal.aborted || !isIt(request)) return true;
          controller.abort();
          return isCarriedOut;
        };
        for (const wave of plan.waves) {
          const steps = wave.map(({ step }) => step);
          await agent.dataplane.apply(steps, controller.signal);
        }
        assert.ok(controller.signal.aborted);
        vpp.emulator.gate = () => true;
        const left = (await world.names()).filter((name) => !name.startsWith('vxlan'));
        assert.deepEqual(left, ['host-eth0']);
        await agent.settle(wanted);
        assert.ok(!(await world.names()).includes('loop0'));
      });
    }
  });

  for (const [without, uplink, code] of [
    ['dev', { device: DEVICE }, 'ITEM_UNSUPPORTED'],
    ['tapv2', { tap: TAP }, 'VPP_MESSAGE_MISSING'],
    ['af_packet', { hostInterface: 'eth0' }, 'VPP_MESSAGE_MISSING'],
  ] as const) {
    it(`fail alone where VPP has no messages of ${without}, which are named`, async () => {
      const world = await UplinkWorld.create({
        ...PARTS,
        create: () => new EmulatedVpp({ without: [without] }),
      });
      const agent = await world.agent(at(uplink));
      const plan = await agent.plan(WANTED);
      const steps = plan.waves.flat().map(({ step }) => step);
      const [error] = await agent.dataplane.apply(steps, agent.signal);
      assert.equal(error?.code, code);
      assert.match(error.message, /dev_attach|tap_create|af_packet_create/);
      await world.close();
    });
  }

  /** What of each uplink is there when all of it is. */
  const ALL = [
    { ...at({ device: DEVICE, mtu: 3000 }), addresses: ['10.1.0.1/24'] },
    {
      ...at({ tap: TAP, routes: [{ to: '10.77.0.0/16', via: '10.2.0.254' }] }),
      addresses: ['10.2.0.1/24'],
    },
    { ...at({ hostInterface: 'eth0' }), addresses: [] },
    at({ vlan: { parent: 'host-eth0', outerVlanId: 7, innerVlanId: 0, dot1ad: false } }),
    {
      ...at({ vlan: { parent: 'up0', outerVlanId: 8, innerVlanId: 9, dot1ad: false } }),
      addresses: ['10.3.0.1/24'],
    },
  ];
  const ALL_WANTED = ['10.1.0.1', '10.2.0.1', '10.3.0.1', '10.9.0.1'].map(vtepItem);
  const WHOLE = ['host-eth0', 'host-eth0.7', 'local0', 'tap0', 'up0', 'up0.80009'];
  /** What changes VPP. */
  const isChange = ({ name, values: { cmd } }: Pick<Request, 'name' | 'values'>): boolean =>
    /add_del|_add$|_set_|create|delete|^dev_/.test(name) ||
    (name === 'cli_inband' && typeof cmd === 'string' && cmd.startsWith('device '));

  for (const isCarriedOut of [false, true]) {
    it(`are made, and ended, though the connection is lost ${isCarriedOut ? 'after' : 'before'} a change, at each in turn`, async function () {
      this.timeout(120_000);
      const vpp = new EmulatedVpp();
      await vpp.start();
      const [all, none] = await Promise.all(
        [ALL, []].map((uplinks) => VppDataplaneRig.create(vpp, uplinks)),
      );
      assert.ok(all !== undefined && none !== undefined);
      await Promise.all([all.ready(), none.ready()]);
      const names = (): readonly string[] =>
        [...vpp.emulator.state.interfaces.values()].map(({ name }) => name).sort();
      const ownRoutes = (): number => vpp.emulator.state.routes.inTable(false, 0).length;
      for (let n = 1, isOver = false; !isOver; n++) {
        let count = 0;
        vpp.emulator.gate = (request) => {
          if (!isChange(request) || ++count < n) return true;
          if (count > n) return isCarriedOut;
          setImmediate(() => {
            vpp.emulator.dropClients();
          });
          return isCarriedOut;
        };
        await all.apply(await all.plan(ALL_WANTED));
        isOver = count < n;
        vpp.emulator.gate = () => true;
        await eventually(() => all.settled(ALL_WANTED));
        assert.deepEqual(names(), WHOLE, `at ${n}`);
        assert.equal(ownRoutes(), 1, `at ${n}`);
        assert.equal(vpp.emulator.state.fibSources.length, 1, `at ${n}`);
        await eventually(() => none.settled([]));
        assert.deepEqual(names(), ['local0'], `at ${n}`);
        assert.equal(ownRoutes(), 0, `at ${n}`);
        assert.equal(vpp.emulator.state.devices.attached.size, 0, `at ${n}`);
      }
      await Promise.all([all.close(), none.close()]);
      await vpp.remove();
    });
  }
});
