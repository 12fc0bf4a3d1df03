/** Ways between routers in the kernel, when they or a router's namespace go behind the agent's back. */
import assert from 'node:assert/strict';
import { keyOf } from '../../../../src/model/item.js';
import { eventually } from '../../../support/eventually.js';
import { LinuxHost, rankOf } from '../../../support/linux-host.js';
import { base, BLUE, RED, VTEP } from '../../../support/linux-routing-samples.js';
import { exec, needNetns } from '../../../support/netns.js';
import { gateway, routeToVrf, vrf } from '../../../support/routing-items.js';

const there4 = routeToVrf(42, '10.1.2.0/24', 43);
const there6 = routeToVrf(42, 'fd00:2::/64', 43);
const back4 = routeToVrf(43, '10.1.1.0/24', 42);
const joined = [
  ...base,
  vrf(42),
  vrf(43),
  gateway(42, RED, ['10.1.1.1/24', 'fd00:1::1/64']),
  gateway(43, BLUE, ['10.1.2.1/24', 'fd00:2::1/64']),
  there4,
  there6,
  back4,
];

describe('kernel dataplane: ways from one router to another', function () {
  this.timeout(60_000);
  let host: LinuxHost;

  before(async function () {
    await needNetns(this);
    host = await LinuxHost.alone([`${VTEP}/24`]);
    await host.watch();
    await host.converge(joined, 'all');
    // The second look is the first at which there is a router to listen to.
    await host.converge(joined, 'all');
  });

  after(() => host.close());

  const nameOf = async (id: number): Promise<string> => {
    const names = await host.routers();
    return names.find((name) => name.startsWith(`nfvr${id}-`)) ?? '';
  };

  const ip = async (...words: string[]): Promise<void> => {
    const ran = await exec('ip', words);
    if (ran.code !== 0) throw new Error(`ip ${words.join(' ')}: ${ran.stderr}`);
  };

  const isTold = (...keys: string[]): Promise<unknown> =>
    eventually(() => keys.every((key) => host.changes.some((each) => has(each, key))), 5000);

  for (const [title, ...words] of [
    ['set down', 'set', 'dev', 'vrf43', 'down'],
    ['deleted', 'del', 'dev', 'vrf43'],
  ] as const) {
    it(`are told of with the routes by them, when they are ${title}`, async () => {
      host.changes.length = 0;
      await ip('-n', await nameOf(42), 'link', ...words);
      await isTold(keyOf(there4), keyOf(there6));
      const keys = (await host.converge(joined, 'all')).map(({ key }) => key);
      assert.ok(
        [there4, there6].every((each) => keys.includes(keyOf(each))),
        keys.join(),
      );
    });
  }

  it('are told of and repaired when only the end is set down that no route leads into', async () => {
    const oneWay = joined.filter((each) => each !== back4);
    await host.converge(oneWay, 'all');
    host.changes.length = 0;
    await ip('-n', await nameOf(43), 'link', 'set', 'dev', 'vrf42', 'down');
    await isTold(keyOf(there4), keyOf(there6));
    const { objects } = await host.observe(oneWay, [keyOf(there4)]);
    assert.deepEqual(objects.get(keyOf(there4))?.defects, [
      'vrf43: its end in the other router is down',
    ]);
    const repaired = (await host.converge(oneWay, 'all')).map(({ key }) => key);
    assert.deepEqual(repaired.sort(), [keyOf(there4), keyOf(there6)].sort());
    await host.converge(joined, 'all');
  });

  it('last as long as a namespace without a name: who looks at what is told sees their routes go', async () => {
    const router = await nameOf(42);
    const before = await wayIn(router);
    host.changes.length = 0;
    await ip('netns', 'del', await nameOf(43));
    // The agent's own `ip` holds the old namespace until the new one is there, and with it the way.
    await eventually(async () => {
      await repairTold();
      const routes = `${await inside(router, 'route')}${await inside(router, '-6', 'route')}`;
      const isThere = [there4, there6].every(({ prefix }) => routes.includes(prefix));
      return isThere && (await wayIn(router)) !== before;
    }, 5000);
    await host.converge(joined, 'all');
  });

  it('end with a router that was removed when somebody had deleted its namespace', async () => {
    await host.converge(joined, 'all');
    await ip('netns', 'del', await nameOf(42));
    const gone = [vrf(42), gateway(42, RED, []), there4, there6].map(keyOf);
    const { objects } = await host.observe([], gone);
    // So there is no step for it, in which the agent's `ip` would be let go of.
    assert.ok(!objects.has('vrf/42'));
    const left = await nameOf(43);
    await eventually(async () => !(await inside(left, '-o', 'link')).includes('vrf42'), 5000);
    await host.converge(joined, 'all');
  });

  it('whose making was broken off are no obstacle, to those that need them and to their removal', async () => {
    await host.converge([vrf(42), vrf(43)], 'all');
    const [near, far] = [await nameOf(42), await nameOf(43)];
    const halfMade = async (): Promise<void> => {
      await ip('-n', near, 'link', 'del', 'dev', 'vrf43');
      await ip(
        ...['-n', near, 'link', 'add', 'name', 'vrf43', 'address', '02:00:00:00:00:01', 'type'],
        ...['veth', 'peer', 'name', 'vrf42', 'address', '02:00:00:00:00:02', 'netns', far],
      );
    };
    await halfMade();
    await host.converge(joined, 'all');
    await host.converge([vrf(42), vrf(43)], 'all');
    await halfMade();
    await host.converge([], 'all');
    assert.deepEqual(await host.routers(), []);
  });

  /** Index of the end of the way in it. */
  const wayIn = async (router: string): Promise<string> =>
    /^(\d+): vrf43@/m.exec(await inside(router, '-o', 'link'))?.[1] ?? '';

  const inside = async (router: string, ...words: string[]): Promise<string> =>
    (await exec('ip', ['-n', router, ...words])).stdout;

  async function repairTold(): Promise<void> {
    const told = host.changes.splice(0);
    const payloads = joined.filter((each) => told.some((keys) => has(keys, keyOf(each))));
    const steps = await host.plan(payloads);
    for (let rank = 0; rank <= 7; rank++) {
      await host.succeed(
        steps.filter((step) => step.op !== 'delete' && rankOf(step.item.payload) === rank),
      );
    }
  }
});

const has = (told: ReadonlySet<string> | 'unknown', key: string): boolean =>
  told !== 'unknown' && told.has(key);
