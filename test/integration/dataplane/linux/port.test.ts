/** Ports on the real kernel: veths into namespaces, and taps. */
import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { keyOf, type Payload, type PortItem } from '../../../../src/model/item.js';
import { itemOf, LinuxHost } from '../../../support/linux-host.js';
import { domain, tapPort, vethPort, vtepItem } from '../../../support/linux-items.js';
import { eventually } from '../../../support/eventually.js';
import { needNetns, Netns, stop } from '../../../support/netns.js';
import { skip } from '../../../support/skip.js';

const VTEP = '10.1.0.1';
const MAC = '02:00:00:00:00:01';
const GROUP = '1852208740';
/** Of "web", by another program: printf web | sha256sum. */
const DERIVED = 'nfvp4b5e57f6eb';

/** Opens a tap without IFF_VNET_HDR, as a virtual machine monitor may (linux/if_tun.h). */
const OPEN_TAP = `
import fcntl, struct, sys, time
tun = open('/dev/net/tun', 'r+b', buffering=0)
fcntl.ioctl(tun, 0x400454ca, struct.pack('16sH22x', sys.argv[1].encode(), 0x1002))
time.sleep(60)
`;

describe('kernel dataplane: ports', function () {
  this.timeout(20_000);
  let host: LinuxHost;
  let guest: Netns;
  const base = [vtepItem(VTEP), domain(7, VTEP), domain(8, VTEP)];

  before(async function () {
    await needNetns(this);
    host = await LinuxHost.alone([`${VTEP}/24`]);
  });

  after(() => host.close());

  beforeEach(async () => {
    guest = await Netns.create();
  });

  afterEach(async () => {
    await host.converge(base, 'all');
    await guest.close();
  });

  const link = async (name: string, ns = host.ns): Promise<Record<string, unknown>> => {
    const found = await ns.json('ip', 'link', 'show');
    const one = found.find(({ ifname }) => ifname === name);
    assert.ok(one !== undefined, `no ${name} among ${found.map((l) => l['ifname']).join()}`);
    return one;
  };

  const isUp = (found: Record<string, unknown>): boolean =>
    Array.isArray(found['flags']) && found['flags'].includes('UP');

  /** Global addresses in the guest, as `address/length`. */
  const addresses = async (name = 'eth0'): Promise<string[]> => {
    const out = await guest.ip('-o', 'addr', 'show', 'dev', name, 'scope', 'global');
    return [...out.matchAll(/inet6? (\S+)/g)].map(([, address = '']) => address).sort();
  };

  const createOnly = (payload: Payload): Promise<((Error & { code: string }) | undefined)[]> =>
    host.apply([{ op: 'create', key: keyOf(payload), item: itemOf(payload) }]);

  describe('veth', () => {
    const web = (more: Parameters<typeof vethPort>[4] = {}): PortItem =>
      vethPort('web', 7, MAC, guest.name, {
        addresses: ['192.168.7.1/24', 'fd00:7::1/64'],
        ...more,
      });

    it('puts one end into the bridge and the other into the namespace, configured', async () => {
      await host.converge([...base, web()]);
      const near = await link(DERIVED);
      assert.deepEqual(
        [near['master'], near['mtu'], near['group'], near['inet6_addr_gen_mode'], isUp(near)],
        ['nfvb7', 1400, GROUP, 'none', true],
      );
      assert.match(String(near['ifalias']), /^nfvd:port\/web@veth-/);
      const far = await link('eth0', guest);
      assert.deepEqual([far['address'], far['mtu'], isUp(far)], [MAC, 1400, true]);
      assert.deepEqual(await addresses(), ['192.168.7.1/24', 'fd00:7::1/64']);
      assert.doesNotMatch(await guest.ip('addr', 'show', 'dev', 'eth0'), /fd00.*tentative/);
    });

    const changes: readonly (readonly [string, (w: typeof web) => PortItem, string[]])[] = [
      ['mtu', (w) => w({ mtu: 1300 }), ['update']],
      ['mac', (w) => w({ mac: '02:00:00:00:00:99' }), ['update']],
      ['addresses', (w) => w({ addresses: ['192.168.7.2/24', 'fd00:7::1/64'] }), ['update']],
      ['no addresses', (w) => w({ addresses: [] }), ['update']],
      ['admin state', (w) => w({ adminUp: false }), ['update']],
      ['network', (w) => w({ vni: 8 }), ['update']],
      ['name of the guest end', (w) => w({ interface: 'net1' }), ['delete', 'create']],
      ['name of the host end', (w) => w({ hostInterface: 'webport' }), ['delete', 'create']],
    ];

    for (const [title, change, ops] of changes) {
      it(`changes ${title}, and back`, async () => {
        await host.converge([...base, web()]);
        const wanted = change(web);
        const steps = await host.converge([...base, wanted]);
        assert.deepEqual(
          steps.map(({ op }) => op),
          ops,
        );
        assert.ok(wanted.port.kind === 'veth');
        const near = await link(wanted.port.hostInterface || DERIVED);
        const far = await link(wanted.port.interface, guest);
        assert.deepEqual(
          [near['master'], near['mtu'], isUp(near), far['mtu'], far['address'], isUp(far)],
          [`nfvb${wanted.vni}`, wanted.mtu, wanted.adminUp, wanted.mtu, wanted.mac, true],
        );
        assert.deepEqual(await addresses(wanted.port.interface), [...wanted.addresses].sort());
        await host.converge([...base, web()]);
        assert.deepEqual(await addresses(), ['192.168.7.1/24', 'fd00:7::1/64']);
      });
    }

    it('takes back several addresses of a subnet, whose others the kernel takes with the first', async () => {
      const several = ['192.168.7.1/24', '192.168.7.2/24', '192.168.7.3/24'];
      await host.converge([...base, web({ addresses: several })]);
      assert.deepEqual(await addresses(), several);
      await host.converge([...base, web({ addresses: ['192.168.7.3/24'] })]);
      assert.deepEqual(await addresses(), ['192.168.7.3/24']);
      await host.converge([...base, web({ addresses: several })]);
      await host.converge([...base, web({ addresses: [] })]);
      assert.deepEqual(await addresses(), []);
    });

    it('moves to another namespace', async () => {
      await host.converge([...base, web()]);
      const other = await Netns.create();
      const moved = vethPort('web', 7, MAC, other.name, { addresses: ['192.168.7.1/24'] });
      await host.converge([...base, moved]);
      assert.equal((await link('eth0', other))['address'], MAC);
      assert.ok(!(await guest.json('ip', 'link')).some(({ ifname }) => ifname === 'eth0'));
      await host.converge([...base, web()]);
      await other.close();
    });

    it('leaves what the guest did to its end, and changes only what it gave', async () => {
      await host.converge([...base, web()]);
      await guest.ip('addr', 'add', '192.168.7.200/24', 'dev', 'eth0');
      await guest.ip('link', 'set', 'dev', 'eth0', 'down');
      await guest.ip('link', 'set', 'dev', 'eth0', 'up');
      assert.deepEqual(await host.plan([...base, web()]), []);
      await host.converge([...base, web({ addresses: ['192.168.7.2/24'] })]);
      assert.deepEqual(await addresses(), ['192.168.7.2/24', '192.168.7.200/24']);
    });

    it('makes it anew when the guest has hidden its end and its configuration changes', async () => {
      await host.converge([...base, web()]);
      await guest.ip('link', 'set', 'dev', 'eth0', 'down', 'name', 'hidden');
      assert.deepEqual(await host.plan([...base, web()]), []);
      await host.converge([...base, web({ mtu: 1300 })]);
      assert.equal((await link('eth0', guest))['mtu'], 1300);
    });

    it('says which namespace is missing, and leaves nothing half made', async () => {
      const payload = vethPort('web', 7, MAC, 'nfvt-nowhere');
      await host.converge(base);
      const [error] = await createOnly(payload);
      assert.equal(error?.code, 'NETNS_MISSING');
      assert.match(error.message, /nfvt-nowhere/);
      assert.deepEqual(await host.plan(base, 'all'), []);
    });

    it('does not take a number for a process when no namespace has that name', async () => {
      await host.converge(base);
      const [error] = await createOnly(vethPort('web', 7, MAC, String(process.pid)));
      assert.equal(error?.code, 'NETNS_MISSING');
    });

    it("names the guest's interface that is in the way", async () => {
      await host.converge(base);
      await guest.ip('link', 'add', 'name', 'eth0', 'type', 'bridge');
      const [error] = await createOnly(web());
      assert.equal(error?.code, 'FOREIGN_OBJECT');
      assert.match(
        error.message,
        new RegExp(`namespace ${guest.name} already has an interface eth0`),
      );
      assert.deepEqual(await host.plan(base, 'all'), []);
    });

    it('leaves a foreign interface of the wanted name alone, and names it', async () => {
      await host.converge(base);
      await host.ns.ip('link', 'add', 'name', 'webport', 'type', 'bridge');
      const wanted = web({ hostInterface: 'webport' });
      const { obstacles } = await host.observe([wanted]);
      assert.equal(obstacles.get('port/web')?.metadata['object'], 'webport');
      const [error] = await createOnly(wanted);
      assert.equal(error?.code, 'FOREIGN_OBJECT');
      assert.equal((await link('webport'))['ifalias'], undefined);
      await host.ns.ip('link', 'del', 'dev', 'webport');
    });

    it('recovers when the namespace was deleted and made again', async () => {
      await host.converge([...base, web()]);
      const { name } = guest;
      await guest.close();
      // The kernel takes a namespace apart in its own time.
      await eventually(async () => (await host.observe([web()])).objects.size === 0);
      guest = await Netns.create(name);
      await host.converge([...base, web()]);
      assert.deepEqual(await addresses(), ['192.168.7.1/24', 'fd00:7::1/64']);
    });

    it('completes or removes what a crash left of it', async () => {
      await host.converge(base);
      for (const name of [DERIVED, 'webport']) {
        const peer = ['peer', 'name', 'eth0', 'netns', guest.name];
        const half = (): Promise<string> =>
          host.ns.ip('link', 'add', 'name', name, 'group', GROUP, 'type', 'veth', ...peer);
        await half();
        const wanted = web({ hostInterface: name === DERIVED ? '' : name });
        const { defects } = await host.seen(wanted);
        assert.match(defects.join(), /creation was broken off/);
        await host.converge([...base, wanted]);
        await host.converge(base, 'all');
        await half();
        const steps = await host.converge(base, 'all');
        assert.deepEqual(
          steps.map(({ op, key }) => [op, key]),
          [['delete', `port/?${name}`]],
        );
      }
    });

    it('is adopted by the next agent, under whatever name', async () => {
      await host.converge([...base, web({ hostInterface: 'webport' })]);
      await host.restart();
      assert.deepEqual(await host.plan([...base, web({ hostInterface: 'webport' })]), []);
      await host.restart();
      const steps = await host.converge([...base, web()]);
      assert.deepEqual(
        steps.map(({ op }) => op),
        ['delete', 'create'],
      );
    });

    const damage: readonly (readonly [string, readonly string[], RegExp])[] = [
      ['out of the bridge', ['link', 'set', 'dev', DERIVED, 'nomaster'], /not in nfvb7/],
      ['down', ['link', 'set', 'dev', DERIVED, 'down'], /admin_up false, not true/],
      ['another mtu', ['link', 'set', 'dev', DERIVED, 'mtu', '1280'], /mtu 1280, not 1400/],
      [
        'learning',
        ['link', 'set', DERIVED, 'type', 'bridge_slave', 'learning', 'on'],
        /learning on/,
      ],
      ['not flooding', ['link', 'set', DERIVED, 'type', 'bridge_slave', 'flood', 'off'], /flood/],
      ['IPv6 addresses', ['link', 'set', 'dev', DERIVED, 'addrgenmode', 'eui64'], /IPv6 addresses/],
    ];

    for (const [title, words, difference] of damage) {
      it(`notices and mends: ${title}`, async () => {
        await host.converge([...base, web()]);
        await host.ns.ip(...words);
        const [step] = await host.plan([...base, web()]);
        assert.ok(step?.op === 'update');
        assert.match(step.differences.join('; '), difference);
        await host.converge([...base, web()]);
      });
    }

    it('follows its bridge when that begins or ceases to learn', async () => {
      const learning = async (): Promise<string> =>
        /bridge_slave.* learning (\w+)/.exec(
          await host.ns.ip('-d', 'link', 'show', DERIVED),
        )?.[1] ?? '';
      await host.converge([...base, web()]);
      assert.equal(await learning(), 'off');
      const steps = await host.plan([vtepItem(VTEP), domain(7, VTEP, { learn: true }), web()]);
      await host.succeed(steps);
      assert.equal(await learning(), 'on');
      assert.deepEqual(await host.plan([domain(7, VTEP, { learn: true }), web()]), []);
      await host.converge([...base, web()]);
      assert.equal(await learning(), 'off');
    });

    it('stays behind when its bridge goes, and is put back as it was', async () => {
      await host.converge([...base, web()]);
      const { ifindex } = await link(DERIVED);
      await guest.ip('addr', 'add', '192.168.7.200/24', 'dev', 'eth0');
      await host.ns.ip('link', 'del', 'dev', 'nfvb7');
      const steps = await host.converge([...base, web()]);
      assert.deepEqual(
        steps.map(({ op, key }) => `${op} ${key}`),
        ['update bd/7', 'update port/web'],
      );
      const now = await link(DERIVED);
      assert.deepEqual([now['ifindex'], now['master']], [ifindex, 'nfvb7']);
      assert.ok((await addresses()).includes('192.168.7.200/24'));
    });

    it('refuses a name that iproute2 would take for an index', async () => {
      await host.converge(base);
      const [error] = await createOnly(web({ hostInterface: 'if2' }));
      assert.equal(error?.code, 'ITEM_INVALID');
    });

    it('creates twice as well as once, without a new pair', async () => {
      await host.converge([...base, web()]);
      const { ifindex } = await link(DERIVED);
      assert.deepEqual(await createOnly(web()), [undefined]);
      assert.equal((await link(DERIVED))['ifindex'], ifindex);
    });

    it('undoes a creation that fails half way', async () => {
      await host.converge([vtepItem(VTEP), domain(7, VTEP)], 'all');
      const [error] = await createOnly(web({ vni: 99 }));
      assert.equal(error?.code, 'KERNEL_REFUSED');
      assert.ok(!(await host.ns.json('ip', 'link')).some(({ ifname }) => ifname === DERIVED));
      assert.ok(!(await guest.json('ip', 'link')).some(({ ifname }) => ifname === 'eth0'));
    });

    it('makes many at a time', async () => {
      const ports = Array.from({ length: 40 }, (_, i) =>
        vethPort(`many-${i}`, 7, `02:00:00:00:01:${i.toString(16).padStart(2, '0')}`, guest.name, {
          interface: `eth${i}`,
          addresses: [`192.168.7.${i + 1}/24`],
        }),
      );
      await host.converge([...base, ...ports]);
      await host.converge(base, 'all');
      assert.deepEqual(
        (await guest.json('ip', 'link')).map(({ ifname }) => ifname),
        ['lo'],
      );
    });
  });

  describe('tap', () => {
    before(async function () {
      try {
        await (await open('/dev/net/tun', 'r+')).close();
      } catch {
        skip(this, 'no /dev/net/tun here');
      }
    });

    const vm = (tap: Parameters<typeof tapPort>[3] = {}, more: Partial<PortItem> = {}): PortItem =>
      tapPort('web', 7, MAC, { ownerUid: 1234, ...tap }, more);

    const data = async (name: string): Promise<string> =>
      (await host.ns.ip('-d', 'link', 'show', 'dev', name)).replace(/\s+/g, ' ');

    it('is a persistent tap of its owner in the bridge', async () => {
      await host.converge([...base, vm()]);
      const found = await link(DERIVED);
      assert.deepEqual(
        [found['master'], found['mtu'], found['group'], isUp(found)],
        ['nfvb7', 1400, GROUP, true],
      );
      assert.match(await data(DERIVED), /tun type tap .*vnet_hdr off persist on user 1234/);
      assert.equal(found['ifalias'], 'nfvd:port/web@tap-1234-0-0');
    });

    const changes: readonly (readonly [string, PortItem, string[], RegExp])[] = [
      ['owner', vm({ ownerUid: 4321 }), ['delete', 'create'], /user 4321/],
      ['queues', vm({ multiQueue: true }), ['delete', 'create'], /multi_queue/],
      ['vnet_hdr', vm({ vnetHdr: true }), ['delete', 'create'], /vnet_hdr on/],
      ['admin state', vm({}, { adminUp: false }), ['update'], /state DOWN/],
      ['mtu', vm({}, { mtu: 1300 }), ['update'], /mtu 1300/],
      ['network', vm({}, { vni: 8 }), ['update'], /master nfvb8/],
    ];

    for (const [title, wanted, ops, expected] of changes) {
      it(`changes ${title}, and back`, async () => {
        await host.converge([...base, vm()]);
        const steps = await host.converge([...base, wanted]);
        assert.deepEqual(
          steps.map(({ op }) => op),
          ops,
        );
        assert.match(await data(DERIVED), expected);
        await host.converge([...base, vm()]);
      });
    }

    it('may have a name of its own, and become a veth', async () => {
      await host.converge([...base, vm({ interface: 'vm0' })]);
      assert.match(await data('vm0'), /tap/);
      await host.converge([...base, vethPort('web', 7, MAC, guest.name)]);
      await host.converge([...base, vm({ interface: 'vm0' })]);
      assert.deepEqual(await host.plan([...base, vm({ interface: 'vm0' })], 'all'), []);
    });

    it('is not touched because a monitor opens it, even with other flags', async function () {
      const python = await host.ns.try('python3', '--version');
      if (python.code !== 0) skip(this, 'no python3 to open a tap with');
      await host.converge([...base, vm({ vnetHdr: true })]);
      const { ifindex } = await link(DERIVED);
      const monitor = host.ns.spawn('python3', '-c', OPEN_TAP, DERIVED);
      await eventually(async () => (await data(DERIVED)).includes('vnet_hdr off'));
      await eventually(async () => (await data(DERIVED)).includes('LOWER_UP'));
      assert.deepEqual(await host.plan([...base, vm({ vnetHdr: true })]), []);
      await stop(monitor);
      assert.deepEqual(await host.plan([...base, vm({ vnetHdr: true })]), []);
      assert.equal((await link(DERIVED))['ifindex'], ifindex);
    });

    it('completes what a crash left of it, marked or not', async () => {
      await host.converge(base);
      for (const mark of [[], ['group', GROUP]]) {
        await host.ns.ip('tuntap', 'add', 'dev', DERIVED, 'mode', 'tap');
        if (mark.length > 0) await host.ns.ip('link', 'set', 'dev', DERIVED, ...mark);
        const [error] = await createOnly(vm({ interface: 'vm0' }));
        assert.equal(error, undefined);
        assert.deepEqual(await host.plan([...base, vm({ interface: 'vm0' })], 'all'), []);
        await host.converge(base, 'all');
      }
    });

    it('leaves a foreign tap alone, and names it', async () => {
      await host.converge(base);
      const name = 'vm0';
      await host.ns.ip('tuntap', 'add', 'dev', name, 'mode', 'tap', 'user', '1005');
      const [error] = await createOnly(vm({ interface: name }));
      assert.equal(error?.code, 'FOREIGN_OBJECT');
      assert.match(await data(name), /user 1005/);
      assert.deepEqual(await host.plan(base, 'all'), []);
      await host.ns.ip('link', 'del', 'dev', name);
    });
  });

  it('is one link: another with its mark goes, whatever its name', async () => {
    const item = tapPort('vm', 7, MAC, { interface: 'tap0' });
    await host.converge([...base, item]);
    const { ifalias } = await link('tap0');
    // As when a port that was renamed was not found, and made again.
    await host.ns.ip('link', 'set', 'dev', 'tap0', 'name', 'atap');
    await host.ns.ip('tuntap', 'add', 'dev', 'tap0', 'mode', 'tap', 'user', '0');
    await host.ns.ip('link', 'set', 'dev', 'tap0', 'alias', String(ifalias));
    await host.reconcile([...base, item]);
    const left = await host.ns.json('ip', 'link', 'show');
    assert.deepEqual(
      left.filter((each) => each['ifalias'] === ifalias).map(({ ifname }) => ifname),
      ['tap0'],
    );
  });
});
