/** Routers in the kernel: what is made, mended, left alone and removed. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { keyOf } from '../../../../src/model/item.js';
import type { Step } from '../../../../src/reconcile/dataplane.js';
import { eventually } from '../../../support/eventually.js';
import { LinuxHost } from '../../../support/linux-host.js';
import { domain, macAt, neighbor } from '../../../support/linux-items.js';
import {
  VTEP,
  MAC,
  RED,
  BLUE,
  ID,
  base,
  redGateway,
  blueGateway,
  known4,
  known6,
  to4,
  to6,
  whole,
} from '../../../support/linux-routing-samples.js';
import { exec, needNetns } from '../../../support/netns.js';
import {
  dropRoute,
  gateway,
  gatewayNeighbor,
  GATEWAY_MAC,
  hop,
  routeTo,
  vrf,
} from '../../../support/routing-items.js';
import { skip } from '../../../support/skip.js';

/** Milliseconds in which an event comes, if one is to come. */
const LATE_MS = 1300;

describe('kernel dataplane: routers in the kernel', function () {
  this.timeout(60_000);
  let host: LinuxHost;
  let name: string;

  const inside = (...words: string[]): Promise<string> => run('ip', ...words);

  async function run(file: string, ...words: string[]): Promise<string> {
    const ran = await exec('ip', ['netns', 'exec', name, file, ...words]);
    if (ran.code !== 0) throw new Error(`${file} ${words.join(' ')}: ${ran.stderr}`);
    return ran.stdout;
  }

  const keysOf = (steps: readonly Step[]): string[] => steps.map(({ op, key }) => `${op} ${key}`);

  before(async function () {
    await needNetns(this);
    const sysctl = await exec('sh', ['-c', 'command -v sysctl']);
    if (sysctl.code !== 0) skip(this, 'no sysctl here: apt-get install procps');
    host = await LinuxHost.alone([`${VTEP}/24`]);
    await host.watch();
    await host.converge(whole, 'all');
    const [only = ''] = await host.routers();
    name = only;
    // The second look is the first at which there is a router to listen to.
    await host.converge(whole, 'all');
  });

  after(() => host.close());

  {
    const GW = `gw/${ID}/${RED}`;
    const drifts: readonly {
      readonly title: string;
      readonly act: () => Promise<unknown>;
      readonly keys: readonly string[];
      /** The kernel tells nobody: only a check of everything sees it. */
      readonly silent?: true;
    }[] = [
      {
        title: 'a route deleted',
        act: () => inside('route', 'del', '10.9.0.0/16'),
        keys: [keyOf(to4)],
      },
      {
        title: 'an IPv6 route deleted',
        act: () => inside('-6', 'route', 'del', 'fd09::/48'),
        keys: [keyOf(to6)],
      },
      {
        title: 'a route that leads elsewhere',
        act: () => inside('route', 'replace', '10.9.0.0/16', 'via', '10.1.2.9', 'proto', '78'),
        keys: [keyOf(to4)],
      },
      {
        title: 'a route with our number that nobody asked for',
        act: () => inside('route', 'add', 'blackhole', '10.10.0.0/16', 'proto', '78'),
        keys: [`route/${ID}/10.10.0.0/16`],
      },
      {
        title: 'a default route deleted',
        act: () => inside('-6', 'route', 'del', 'default'),
        keys: [`route/${ID}/::/0`],
      },
      {
        title: 'a neighbour deleted',
        act: () => inside('neigh', 'del', '10.1.1.9', 'dev', `gw${RED}`),
        keys: [keyOf(known4)],
      },
      {
        title: 'a neighbour with another MAC',
        act: () =>
          inside(
            ...['neigh', 'replace', 'fd00:1::9', 'lladdr', GATEWAY_MAC, 'dev', `gw${RED}`],
            ...['nud', 'permanent', 'extern_learn'],
          ),
        keys: [keyOf(known6)],
      },
      {
        title: "a gateway's address deleted",
        act: () => inside('addr', 'del', '10.1.1.1/24', 'dev', `gw${RED}`),
        keys: [GW],
      },
      {
        title: "a gateway's link-local address deleted",
        act: () => inside('addr', 'del', 'fe80::ff:fe00:fe01/64', 'dev', `gw${RED}`),
        keys: [GW],
      },
      {
        title: "the kernel's route to a gateway's subnet deleted",
        act: () => inside('route', 'del', '10.1.1.0/24'),
        keys: [GW],
      },
      {
        title: "the kernel's route to a gateway's IPv6 subnet deleted",
        act: () => inside('-6', 'route', 'del', 'fd00:1::/64'),
        keys: [GW],
      },
      {
        title: "a gateway's link-local route deleted",
        act: () => inside('-6', 'route', 'del', 'fe80::/64', 'dev', `gw${RED}`),
        keys: [GW],
      },
      {
        title: 'all IPv4 routes deleted',
        act: () => inside('route', 'flush', 'table', 'main'),
        keys: [GW, `gw/${ID}/${BLUE}`, keyOf(to4)],
      },
      {
        title: 'a gateway set down',
        act: () => inside('link', 'set', 'dev', `gw${RED}`, 'down'),
        keys: [GW, keyOf(to4), keyOf(to6)],
      },
      {
        title: "a gateway's MAC",
        act: () => inside('link', 'set', 'dev', `gw${RED}`, 'address', MAC),
        keys: [GW],
      },
      {
        title: 'a gateway deleted in the router',
        act: () => inside('link', 'del', 'dev', `gw${RED}`),
        keys: [GW, keyOf(to4), keyOf(to6), keyOf(known4), keyOf(known6)],
      },
      {
        title: "a gateway's end on the host taken out of the bridge",
        act: () => host.ns.ip('link', 'set', 'dev', `nfvg${RED}`, 'nomaster'),
        keys: [GW],
      },
      {
        title: 'the place of its MAC in the bridge',
        act: () => host.ns.run('bridge', 'fdb', 'del', GATEWAY_MAC, 'dev', `nfvg${RED}`, 'master'),
        keys: [GW],
      },
      {
        title: 'the filter that keeps it on the host',
        act: () => host.ns.run('tc', 'qdisc', 'del', 'dev', `nfvx${RED}`, 'clsact'),
        keys: [GW],
        silent: true,
      },
      {
        title: "the bridge's neighbour for it",
        act: () => host.ns.ip('neigh', 'del', '10.1.1.1', 'dev', `nfvb${RED}`),
        keys: [GW],
        silent: true,
      },
      {
        title: 'forwarding turned off',
        act: () => run('sysctl', '-qw', 'net.ipv4.ip_forward=0'),
        keys: [`vrf/${ID}`],
        silent: true,
      },
      {
        title: 'its namespace deleted',
        act: () => exec('ip', ['netns', 'del', name]),
        keys: [`vrf/${ID}`, GW, keyOf(to4), keyOf(to6), keyOf(known4)],
      },
    ];

    for (const { title, act, keys, silent } of drifts) {
      it(`are told of and repaired: ${title}`, async () => {
        host.changes.length = 0;
        await act();
        const told = (): Set<string> =>
          new Set(host.changes.flatMap((each) => (each === 'unknown' ? [] : [...each])));
        if (silent !== true) {
          await eventually(() => keys.every((key) => told().has(key)), 3000).catch(
            (error: unknown) => {
              throw new Error(`told: ${[...told()].join()}`, { cause: error });
            },
          );
        }
        const steps = await host.converge(whole, 'all');
        for (const key of keys)
          assert.ok(
            steps.some((step) => step.key === key),
            key,
          );
      });
    }

    it('tell nothing of what was applied', async () => {
      await host.converge(whole, 'all');
      // Of what was done to the router before, events come up to a second late, and may name all of it.
      let heard = -1;
      const isQuiet = (): boolean => {
        const earlier = heard;
        heard = host.changes.length;
        return heard === earlier;
      };
      await eventually(isQuiet, 10_000, LATE_MS);
      host.changes.length = 0;
      const more = routeTo(ID, '10.11.0.0/16', hop('10.1.2.9', BLUE));
      await host.converge([...whole, more], 'all');
      await host.converge(whole, 'all');
      const before = host.changes.length;
      await inside('route', 'del', '10.9.0.0/16');
      await eventually(() =>
        host.changes.slice(before).some((keys) => keys !== 'unknown' && keys.has(keyOf(to4))),
      );
      const told = host.changes.flatMap((keys) => (keys === 'unknown' ? [] : [...keys]));
      assert.ok(!told.includes(keyOf(more)), told.join());
      await host.converge(whole, 'all');
    });
  }

  it('are changed in place, and keep their neighbours and routes', async () => {
    const before = await inside('-j', 'link', 'show', 'dev', `gw${RED}`);
    const index = /"ifindex":(\d+)/.exec(before)?.[1];
    const changed = redGateway({
      mac: '02:00:00:00:fe:02',
      mtu: 1390,
      addresses: ['10.1.1.1/24', '10.1.1.2/24', 'fd00:3::1/64'],
    });
    const others = whole.filter(({ kind }) => kind !== 'gateway_interface');
    const steps = await host.converge([...others, changed, blueGateway], 'all');
    assert.deepEqual(keysOf(steps), [`update gw/${ID}/${RED}`]);
    const after = await inside('-j', 'link', 'show', 'dev', `gw${RED}`);
    assert.equal(/"ifindex":(\d+)/.exec(after)?.[1], index);
    assert.deepEqual(keysOf(await host.converge(whole, 'all')), [`update gw/${ID}/${RED}`]);
  });

  it('hide nothing of their network from whoever looks at both', async () => {
    const mac = macAt(RED, '02:00:00:00:00:77', '192.0.2.77');
    const known = neighbor(RED, '10.1.1.77', '02:00:00:00:00:77');
    await host.converge([...whole, mac, known], 'all');
    const keys = [mac, known].map(keyOf);
    const { objects } = await host.observe([redGateway()], [keyOf(redGateway()), ...keys]);
    // Else their removal would be taken for done.
    assert.deepEqual([...objects.keys()].sort(), [keyOf(redGateway()), ...keys].sort());
    assert.deepEqual(
      keysOf(await host.converge(whole, 'all')).sort(),
      keys.map((key) => `delete ${key}`).sort(),
    );
  });

  it('and what answers on a bridge is seen, also when its VXLAN device is gone', async () => {
    const known = neighbor(RED, '10.1.1.77', '02:00:00:00:00:77');
    await host.converge([...whole, known], 'all');
    for (const change of [
      ['set', 'dev', `nfvb${RED}`, 'alias', ''],
      ['del', `nfvx${RED}`],
    ]) {
      await host.ns.run('ip', 'link', ...change);
      const { objects } = await host.observe([], [keyOf(known)]);
      // Else its removal would be taken for done.
      assert.deepEqual([...objects.keys()], [keyOf(known)]);
    }
    const steps = keysOf(await host.converge(whole, 'all'));
    assert.ok(steps.includes(`delete ${keyOf(known)}`), steps.join());
    await host.converge(whole, 'all');
  });

  it('take their answers on the bridge with them, when nobody looks at anything else', async () => {
    const answers = (): Promise<string> =>
      host.ns.run('ip', 'neigh', 'show', 'dev', `nfvb${RED}`, 'nud', 'permanent');
    assert.match(await answers(), /^10\.1\.1\.1 /m);
    const key = keyOf(redGateway());
    const { objects } = await host.observe([], [key]);
    const from = objects.get(key);
    assert.ok(from);
    await host.succeed([{ op: 'delete', key, from }]);
    assert.doesNotMatch(await answers(), /^10\.1\.1\.1 /m);
    await host.converge(whole, 'all');
    assert.match(await answers(), /^10\.1\.1\.1 /m);
  });

  it('find a next hop of no network by the subnets of their gateways', async () => {
    const free = routeTo(ID, '10.12.0.0/16', hop('10.1.2.9'), hop('10.1.1.9', RED, 3));
    await host.converge([...whole, free], 'all');
    assert.match(
      await inside('route', 'show', '10.12.0.0/16'),
      new RegExp(`10.1.2.9 dev gw${BLUE}`),
    );
    const lost = routeTo(ID, '10.13.0.0/16', hop('172.16.0.1'));
    const [step] = await host.plan([lost]);
    assert.ok(step !== undefined);
    const [error] = await host.apply([step]);
    assert.equal(error?.code, 'ITEM_BLOCKED');
    assert.match(error.message, /no gateway of vrf\/42 has the subnet of next hop 172.16.0.1/);
    await host.converge(whole, 'all');
  });

  it('have each subnet once', async () => {
    const twice = gateway(ID, BLUE, ['10.1.1.129/25']);
    const [step] = await host.plan([twice]);
    assert.ok(step?.op === 'update');
    const [error] = await host.apply([step]);
    assert.equal(error?.code, 'GATEWAY_ADDRESS_IN_USE');
    assert.match(error.message, /10\.1\.1\.129\/25 overlaps with 10\.1\.1\.1\/24 of gw7101/);
    await host.converge(whole, 'all');
  });

  it('keep what is not ours, name it, and go on without', async () => {
    await inside('route', 'add', 'blackhole', '10.20.0.0/16', 'proto', 'static');
    await inside('link', 'add', 'name', 'theirs', 'type', 'veth', 'peer', 'name', 'theirs2');
    await inside(
      'neigh',
      'add',
      '10.1.2.77',
      'lladdr',
      MAC,
      'dev',
      `gw${BLUE}`,
      'nud',
      'permanent',
    );
    assert.deepEqual(await host.plan(whole, 'all'), []);
    for (const [payload, object] of [
      [dropRoute(ID, '10.20.0.0/16'), /a route to 10\.20\.0\.0\/16 of protocol static, not ours/],
      [dropRoute(ID, '10.1.1.0/24'), /a route to 10\.1\.1\.0\/24 of protocol kernel, not ours/],
      [gatewayNeighbor(ID, BLUE, '10.1.2.77', MAC), /somebody else's neighbour 10\.1\.2\.77/],
    ] as const) {
      const { obstacles } = await host.observe([payload]);
      const error = obstacles.get(keyOf(payload));
      assert.equal(error?.code, 'FOREIGN_OBJECT');
      assert.match(error.message, object);
    }
    // A router with an interface of somebody's is not removed.
    const seen = await host.seen(vrf(ID));
    const [error] = await host.apply([{ op: 'delete', key: `vrf/${ID}`, from: seen }]);
    assert.equal(error?.code, 'FOREIGN_OBJECT');
    assert.match(error.message, /has an interface theirs2?, not ours/);
    await inside('link', 'del', 'dev', 'theirs');
    await inside('route', 'del', '10.20.0.0/16');
    await inside('neigh', 'del', '10.1.2.77', 'dev', `gw${BLUE}`);
    await host.converge(whole, 'all');
  });

  it('leave a namespace and an interface that only have their names', async () => {
    const other = name.replace('nfvr42', 'nfvr43');
    await exec('ip', ['netns', 'add', other]);
    await exec('ip', ['-n', other, 'link', 'set', 'dev', 'lo', 'up']);
    const { obstacles } = await host.observe([vrf(43)]);
    assert.equal(obstacles.get('vrf/43')?.code, 'FOREIGN_OBJECT');
    assert.deepEqual(await host.plan(whole, 'all'), []);
    await exec('ip', ['netns', 'del', other]);
    await host.ns.ip('link', 'add', 'name', 'nfvg500', 'type', 'bridge');
    const wanted = [domain(500, VTEP), gateway(ID, 500, ['10.5.0.1/24'])];
    const seen = await host.observe(wanted);
    assert.match(String(seen.obstacles.get(`gw/${ID}/500`)), /an interface nfvg500, not ours/);
    assert.deepEqual(await host.plan(whole, 'all'), []);
    await host.ns.ip('link', 'del', 'dev', 'nfvg500');
  });

  it('are made where a creation was broken off', async () => {
    const file = name.replace('nfvr42', 'nfvr44');
    await writeFile(`/run/netns/${file}`, '');
    const empty = name.replace('nfvr42', 'nfvr45');
    await exec('ip', ['netns', 'add', empty]);
    await host.ns.ip(
      ...['link', 'add', 'name', 'nfvg501', 'group', '1852208740', 'type', 'veth'],
      ...['peer', 'name', 'half'],
    );
    const more = [...whole, vrf(44), vrf(45), domain(501, VTEP), gateway(44, 501, ['10.5.0.1/24'])];
    await host.converge(more, 'all');
    assert.equal((await host.routers()).length, 3);
    await host.converge(whole, 'all');
    assert.deepEqual(await host.routers(), [name]);
  });

  it('go, and leave nothing', async () => {
    await host.converge([], 'all');
    assert.deepEqual(await host.routers(), []);
    const links = await host.ns.json('ip', 'link', 'show');
    const names = links.map((link) => String(link['ifname']));
    assert.deepEqual(
      names.filter((each) => each.startsWith('nfv')),
      [],
    );
    assert.doesNotMatch(await host.ns.ip('netns', 'list-id'), /nfvr/);
  });

  it('leave nothing of a gateway to a network that stays', async () => {
    await host.converge(whole, 'all');
    await host.converge(base, 'all');
    const filters = await host.ns.run('tc', 'filter', 'show', 'dev', `nfvx${RED}`, 'egress');
    assert.equal(filters, '');
    assert.doesNotMatch(await host.ns.ip('neigh', 'show', 'nud', 'permanent'), /10\.1\.1\.1|fe80/);
    assert.doesNotMatch(await host.ns.run('bridge', 'fdb', 'show'), new RegExp(GATEWAY_MAC));
  });
});
