/** Networks that are a physical one: uplinks of hosts in a switch, with a machine in it that is nobody's. */
import assert from 'node:assert/strict';
import { portName } from '../../../../src/dataplane/linux/names.js';
import { keyOf, providerPortKey, type Payload } from '../../../../src/model/item.js';
import { CompileIndex } from '../../../../src/nva/compiler/compile-index.js';
import { eventually } from '../../../support/eventually.js';
import { LinuxHost } from '../../../support/linux-host.js';
import { domain, providerNetwork, vethPort, vtepItem } from '../../../support/linux-items.js';
import { cable, exec, needNetns, Netns } from '../../../support/netns.js';
import { skip } from '../../../support/skip.js';
import {
  endpointSpec,
  networkSpec,
  nveInput,
  providerSpec,
  routerSpec,
  subnetSpec,
} from '../../../support/specs.js';

const VNI = 7100;
const PHYSICAL = '192.168.9.100';
const UPLINK = 'phy0';
const OPTIONS = { providers: `physnet1=${UPLINK} physnet2=phy1` };

const ipOf = (host: number): string => `192.168.9.${host + 1}`;
const macOf = (host: number): string => `02:00:00:00:09:0${host + 1}`;

const pings = async (from: Netns, to: string, ...more: string[]): Promise<boolean> =>
  (await from.try('ping', '-c', '1', '-W', '1', ...more, to)).code === 0;

/** What there is of a link, for the fields that we change. */
const linkOf = async (ns: Netns, name: string): Promise<Record<string, unknown>> => {
  const [row] = await ns.json('ip', 'link', 'show', 'dev', name);
  const flags = row?.['flags'];
  const { master = '', ifalias = '' } = row ?? {};
  return { master, ifalias, up: Array.isArray(flags) && flags.includes('UP') };
};

describe('kernel dataplane: provider networks', function () {
  this.timeout(30_000);
  let wire: Netns;
  let machine: Netns;
  let hosts: LinuxHost[] = [];
  let guests: Netns[] = [];

  const host = (n: number): LinuxHost => hosts[n] ?? assert.fail('no such host');
  const guest = (n: number): Netns => guests[n] ?? assert.fail('no such guest');
  const flat = (n: number): Payload[] => [
    ...providerNetwork(VNI),
    vethPort(`guest-${n}`, VNI, macOf(n), guest(n).name, {
      addresses: [`${ipOf(n)}/24`],
      mtu: 1500,
    }),
  ];

  before(async function () {
    await needNetns(this);
    const found = await exec('sh', ['-c', 'command -v ping']);
    if (found.code !== 0) skip(this, 'no ping here: apt-get install iputils-ping');
    wire = await Netns.create();
    machine = await Netns.create();
    await wire.ip('link', 'add', 'name', 'switch', 'up', 'type', 'bridge');
    await cable([machine, 'eth0'], [wire, 'm0']);
    await machine.ip('addr', 'add', `${PHYSICAL}/24`, 'dev', 'eth0');
    await wire.ip('link', 'set', 'dev', 'm0', 'master', 'switch');
    for (const n of [0, 1]) {
      const made = await LinuxHost.create(OPTIONS);
      hosts.push(made);
      guests.push(await Netns.create());
      await cable([made.ns, UPLINK], [wire, `h${n}`]);
      await wire.ip('link', 'set', 'dev', `h${n}`, 'master', 'switch');
    }
  });

  after(async () => {
    for (const each of hosts) await each.close();
    for (const each of [...guests, machine, wire]) await each.close();
    [hosts, guests] = [[], []];
  });

  afterEach(async () => {
    for (const each of hosts) await each.converge([], 'all');
  });

  const bothFlat = async (): Promise<void> => {
    for (const n of [0, 1]) await host(n).converge(flat(n));
  };

  it('carries packets of full size between hosts and to a physical machine, without a tunnel', async () => {
    await bothFlat();
    const whole = ['-M', 'do', '-s', String(1500 - 28)];
    assert.ok(await pings(guest(0), ipOf(1), ...whole));
    assert.ok(await pings(guest(1), PHYSICAL, ...whole));
    assert.ok(await pings(machine, ipOf(0), ...whole));
    const links = await host(0).ns.json('ip', 'link', 'show', 'type', 'vxlan');
    assert.deepEqual(links, []);
    // The physical network learns where they are, and so does each bridge.
    const entries = await host(0).ns.run('bridge', 'fdb', 'show', 'br', `nfvb${VNI}`);
    assert.match(entries, new RegExp(`${macOf(1)} dev ${UPLINK}`));
  });

  it('keeps its tenants from the host', async () => {
    await bothFlat();
    await host(0).ns.ip('addr', 'add', '192.168.9.200/32', 'dev', 'lo');
    assert.equal(await pings(guest(0), '192.168.9.200', '-W', '0.3'), false);
    await host(0).ns.ip('addr', 'del', '192.168.9.200/32', 'dev', 'lo');
  });

  it('loses no packet while its agent starts anew', async () => {
    await bothFlat();
    const pinging = guest(0).run('ping', '-i', '0.01', '-c', '150', '-W', '1', PHYSICAL);
    await host(0).restart();
    assert.deepEqual(await host(0).converge(flat(0), 'all'), []);
    assert.match(await pinging, / 0% packet loss/);
  });

  it('tells a port that learns no more', async () => {
    await bothFlat();
    const port = flat(0).find(({ kind }) => kind === 'port');
    assert.ok(port !== undefined);
    const { payload } = await host(0).seen(port);
    assert.ok(payload.kind === 'port');
    await host(0).ns.run('bridge', 'link', 'set', 'dev', portName(payload), 'learning', 'off');
    const steps = await host(0).converge(flat(0));
    assert.deepEqual(
      steps.map(({ op, key }) => `${op} ${key}`),
      [`update ${keyOf(port)}`],
    );
  });

  it('puts an uplink back that was taken out of its bridge, and tells it', async () => {
    await bothFlat();
    await host(0).watch();
    await host(0).ns.ip('link', 'set', 'dev', UPLINK, 'nomaster');
    await eventually(() =>
      host(0).changes.some((keys) => keys === 'unknown' || keys.has(providerPortKey(VNI))),
    );
    assert.equal(await pings(guest(0), PHYSICAL, '-W', '0.3'), false);
    const [step] = await host(0).converge(flat(0));
    assert.ok(step?.op === 'update');
    assert.deepEqual(step.differences, [`${UPLINK}: not in nfvb${VNI}`]);
    assert.ok(await pings(guest(0), PHYSICAL));
  });

  const spoils: readonly (readonly [what: string, words: string[], told: string])[] = [
    ['set down', ['down'], 'link down'],
    ['told not to learn', ['type', 'bridge_slave', 'learning', 'off'], 'learning off'],
    ['told not to flood', ['type', 'bridge_slave', 'flood', 'off'], 'does not flood'],
  ];
  for (const [what, words, told] of spoils) {
    it(`mends an uplink that was ${what}`, async () => {
      await bothFlat();
      await host(0).ns.ip('link', 'set', 'dev', UPLINK, ...words);
      const [step] = await host(0).converge(flat(0));
      assert.ok(step?.op === 'update');
      assert.deepEqual(step.differences, [`${UPLINK}: ${told}`]);
      assert.ok(await pings(guest(0), PHYSICAL));
    });
  }

  for (const state of ['up', 'down'] as const) {
    it(`gives back as it was an uplink that was ${state} and had an alias`, async () => {
      const { ns } = host(0);
      await ns.run('ip', 'link', 'set', 'dev', UPLINK, state, 'alias', 'rack 7, "left"');
      const before = await linkOf(ns, UPLINK);
      await host(0).converge(flat(0));
      assert.equal((await linkOf(ns, UPLINK))['master'], `nfvb${VNI}`);
      await host(0).restart();
      await host(0).converge([], 'all');
      assert.deepEqual(await linkOf(ns, UPLINK), before);
      assert.deepEqual(await ns.json('ip', 'link', 'show', 'type', 'bridge'), []);
      await ns.run('ip', 'link', 'set', 'dev', UPLINK, 'up', 'alias', '');
    });
  }

  it('keeps one that was renamed, and tells it; takes another that has got its name', async () => {
    await bothFlat();
    const { ns } = host(0);
    const rename = async (from: string, to: string): Promise<void> => {
      await ns.ip('link', 'set', 'dev', from, 'down');
      await ns.ip('link', 'set', 'dev', from, 'name', to);
      await ns.ip('link', 'set', 'dev', to, 'up');
    };
    await rename(UPLINK, 'other');
    const { obstacles } = await host(0).observe(flat(0), 'all');
    const error = obstacles.get(providerPortKey(VNI));
    assert.equal(error?.code, 'HOST_INTERFACE_MISSING');
    assert.match(error.message, /no interface phy0, the provider uplink physnet1; other stays/);
    await eventually(() => pings(guest(0), PHYSICAL));
    await cable([ns, UPLINK], [wire, 'again']);
    await wire.ip('link', 'set', 'dev', 'again', 'master', 'switch');
    await host(0).reconcile(flat(0));
    assert.equal((await linkOf(ns, UPLINK))['master'], `nfvb${VNI}`);
    assert.deepEqual(await linkOf(ns, 'other'), { master: '', ifalias: '', up: true });
    await eventually(() => pings(guest(0), PHYSICAL));
    await host(0).reconcile([]);
    await ns.ip('link', 'del', 'dev', UPLINK);
    await rename('other', UPLINK);
  });

  it('moves an uplink from one network to another in one plan', async () => {
    await host(0).reconcile(providerNetwork(VNI));
    await host(0).reconcile(providerNetwork(VNI + 1));
    assert.equal((await linkOf(host(0).ns, UPLINK))['master'], `nfvb${VNI + 1}`);
  });

  it('takes up where it was killed between the alias and the bridge', async () => {
    const { ns } = host(0);
    await ns.ip('link', 'set', 'dev', UPLINK, 'alias', `nfvd:provider/${VNI}@physnet1.0.u`);
    await host(0).restart();
    await host(0).converge(flat(0), 'all');
    assert.equal((await linkOf(ns, UPLINK))['master'], `nfvb${VNI}`);
  });

  it('makes tunnels of a network that had an uplink, and the other way round', async () => {
    const { ns } = host(0);
    await ns.ip('addr', 'add', '10.9.9.1/32', 'dev', 'lo');
    await ns.ip('link', 'set', 'dev', 'lo', 'up', 'mtu', '2000');
    const tunnelled = [vtepItem('10.9.9.1'), domain(VNI, '10.9.9.1')];
    await host(0).converge(providerNetwork(VNI), 'all');
    await host(0).converge(tunnelled, 'all');
    assert.equal((await linkOf(ns, `nfvx${VNI}`))['master'], `nfvb${VNI}`);
    assert.equal((await linkOf(ns, UPLINK))['master'], '');
    await host(0).converge(providerNetwork(VNI), 'all');
    assert.deepEqual(await ns.json('ip', 'link', 'show', 'type', 'vxlan'), []);
    await ns.ip('addr', 'del', '10.9.9.1/32', 'dev', 'lo');
  });

  it('is the way out of a router, where its gateway has an address of its own', async () => {
    const { ns } = host(0);
    await ns.ip('addr', 'add', '10.9.9.1/32', 'dev', 'lo');
    await ns.ip('link', 'set', 'dev', 'lo', 'up', 'mtu', '2000');
    const index = new CompileIndex();
    const own = { name: 'physnet1', interface: UPLINK, mtu: 1500, vlans: false };
    index.load({ kind: 'Nve', id: 'a', after: { ...nveInput(['10.9.9.1']), providers: [own] } });
    index.load({ kind: 'VirtualNetwork', id: 'lab', after: providerSpec({ vni: VNI }) });
    index.load({ kind: 'VirtualNetwork', id: 'blue', after: networkSpec({ vni: VNI + 1 }) });
    const out = subnetSpec({ network: 'lab', prefix: '192.168.9.0/24', gateway: '' });
    index.load({ kind: 'Subnet', id: 'out', after: out });
    const inside = subnetSpec({ network: 'blue', prefix: '10.77.0.0/24', gateway: '10.77.0.1' });
    index.load({ kind: 'Subnet', id: 'in', after: inside });
    const port = {
      kind: 'veth',
      netns: guest(0).name,
      interface: 'eth0',
      hostInterface: '',
    } as const;
    const place = { network: 'blue', nve: 'a', mac: macOf(0), ips: ['10.77.0.9'], port };
    index.load({ kind: 'Endpoint', id: 'guest-0', after: endpointSpec(place) });
    const router = routerSpec({
      ...{ vrfId: 79, transitVni: VNI + 2, subnets: ['in'] },
      exits: [{ subnet: 'out', gateways: [{ nve: 'a', address: '192.168.9.50' }] }],
      routes: [{ prefix: '0.0.0.0/0', nextHops: [{ address: PHYSICAL, weight: 1 }], drop: false }],
    });
    index.load({ kind: 'Router', id: 'r', after: router });
    const wanted = [...index.full('a').values()].map(({ payload }) => payload);
    await host(0).reconcile(wanted);
    await guest(0).ip('route', 'add', 'default', 'via', '10.77.0.1');
    await machine.ip('addr', 'add', '203.0.113.1/32', 'dev', 'eth0');
    await machine.ip('route', 'add', '10.77.0.0/24', 'via', '192.168.9.50');
    assert.ok(await pings(guest(0), '203.0.113.1'));
    assert.ok(await pings(machine, '10.77.0.9'));
    await machine.ip('route', 'del', '10.77.0.0/24');
    await machine.ip('addr', 'del', '203.0.113.1/32', 'dev', 'eth0');
    await host(0).reconcile([]);
    await ns.ip('addr', 'del', '10.9.9.1/32', 'dev', 'lo');
  });

  interface Bad {
    readonly what: string;
    readonly more?: Parameters<typeof providerNetwork>[1];
    readonly spoil?: readonly string[];
    readonly mend?: readonly string[];
    readonly code: string;
    readonly says: RegExp;
  }

  const bads: readonly Bad[] = [
    {
      what: 'an uplink that nobody configured',
      more: { uplink: 'physnet9' },
      code: 'ITEM_UNSUPPORTED',
      says: /this host has no provider uplink physnet9/,
    },
    {
      what: 'an uplink whose interface is not there',
      more: { uplink: 'physnet2' },
      code: 'HOST_INTERFACE_MISSING',
      says: /the host has no interface phy1, the provider uplink physnet2/,
    },
    {
      what: 'an uplink that carries less',
      more: { mtu: 9000 },
      code: 'UNDERLAY_MTU_TOO_SMALL',
      says: /phy0 has an MTU of 1500; for the network it takes 9000/,
    },
    {
      what: 'an uplink that has an address',
      spoil: ['addr', 'add', '198.51.100.1/24', 'dev', UPLINK],
      mend: ['addr', 'del', '198.51.100.1/24', 'dev', UPLINK],
      code: 'FOREIGN_OBJECT',
      says: /the uplink phy0 has the address 198\.51\.100\.1/,
    },
    {
      what: 'an uplink that is in a bridge of others',
      spoil: ['link', 'set', 'dev', UPLINK, 'master', 'others'],
      mend: ['link', 'set', 'dev', UPLINK, 'nomaster'],
      code: 'FOREIGN_OBJECT',
      says: /the uplink phy0 is a port of others/,
    },
  ];
  for (const { what, more, spoil, mend, code, says } of bads) {
    it(`refuses ${what}, and leaves it alone`, async () => {
      const { ns } = host(0);
      await ns.ip('link', 'add', 'name', 'others', 'type', 'bridge');
      if (spoil !== undefined) await ns.ip(...spoil);
      const before = await linkOf(ns, UPLINK);
      const wanted = providerNetwork(VNI, more);
      await assert.rejects(host(0).converge(wanted), (error: Error & { code?: string }) => {
        assert.equal(error.code, code);
        assert.match(error.message, says);
        return true;
      });
      assert.deepEqual(await linkOf(ns, UPLINK), before);
      if (mend !== undefined) await ns.ip(...mend);
      await ns.ip('link', 'del', 'dev', 'others');
    });
  }

  it('does not take an uplink back from a bridge of others that it was put into', async () => {
    const { ns } = host(0);
    await host(0).converge(flat(0));
    await ns.ip('link', 'add', 'name', 'others', 'type', 'bridge');
    await ns.ip('link', 'set', 'dev', UPLINK, 'master', 'others');
    await assert.rejects(host(0).converge(flat(0)), /phy0 was put into others, which is not ours/);
    await ns.ip('link', 'del', 'dev', 'others');
    await host(0).converge(flat(0));
  });

  it('does not take an uplink back that has got an address of the host meanwhile', async () => {
    const { ns } = host(0);
    await host(0).converge(flat(0));
    await ns.ip('link', 'set', 'dev', UPLINK, 'nomaster');
    await ns.ip('addr', 'add', '198.51.100.1/24', 'dev', UPLINK);
    await assert.rejects(host(0).converge(flat(0)), /has the address 198\.51\.100\.1/);
    assert.equal((await linkOf(ns, UPLINK))['master'], '');
    await ns.ip('addr', 'del', '198.51.100.1/24', 'dev', UPLINK);
    await host(0).converge(flat(0));
  });

  it('leaves an uplink up that has an address of the host by now', async () => {
    const { ns } = host(0);
    await ns.ip('link', 'set', 'dev', UPLINK, 'down');
    await host(0).converge(flat(0));
    await ns.ip('link', 'set', 'dev', UPLINK, 'nomaster');
    await ns.ip('addr', 'add', '198.51.100.1/24', 'dev', UPLINK);
    await host(0).converge([], 'all');
    assert.deepEqual(await linkOf(ns, UPLINK), { master: '', ifalias: '', up: true });
    await ns.ip('addr', 'del', '198.51.100.1/24', 'dev', UPLINK);
  });

  it('leaves an uplink up that is in a bridge of others by now', async () => {
    const { ns } = host(0);
    await ns.ip('link', 'set', 'dev', UPLINK, 'down');
    await host(0).converge(flat(0));
    await ns.ip('link', 'add', 'name', 'others', 'type', 'bridge');
    await ns.ip('link', 'set', 'dev', UPLINK, 'master', 'others');
    await host(0).converge([], 'all');
    assert.deepEqual(await linkOf(ns, UPLINK), { master: 'others', ifalias: '', up: true });
    await ns.ip('link', 'del', 'dev', 'others');
  });
});
