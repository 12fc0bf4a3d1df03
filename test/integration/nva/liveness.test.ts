/** NVEs that are gone: a real NVA and store, agents that speak the real protocol, a clock that the test moves. */
import assert from 'node:assert/strict';
import type { MigrationPhase } from '../../../src/model/migration-phase.js';
import type { NveStatus } from '../../../src/model/nve.js';
import type { ReachState } from '../../../src/model/query.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FakeNve } from '../../support/fake-nve.js';
import { call, NvaHarness } from '../../support/nva-harness.js';
import { endpointSpec, networkSpec, nveSpec, routerSpec, subnetSpec } from '../../support/specs.js';

const request = { requestId: '', validateOnly: false };
const liveness = { deadAfterMs: 30_000, probers: 3, maxLostShare: 0.2, minLost: 1 };
const HOSTS = [1, 2, 3, 4];
const name = (n: number): string => `host-${n}`;
const vtep = (n: number): string => `192.0.2.${n}`;
const mac = (n: number): string => `02:00:00:00:00:0${n}`;

describe('NVEs that are gone', function () {
  this.timeout(30_000);
  let clock: FakeClock;
  let nva: NvaHarness;
  let hosts: FakeNve[];
  let unreachable: Set<string>;

  beforeEach(async () => {
    clock = new FakeClock();
    unreachable = new Set();
    nva = await NvaHarness.start({ clock, liveness });
    const { client, socket } = nva;
    const spec = networkSpec({ vni: 100 });
    await client.virtualNetworks.create({ ...request, id: 'net', spec }, call);
    const reach = (remote: string): ReachState =>
      unreachable.has(remote) ? 'UNREACHABLE' : 'REACHABLE';
    hosts = HOSTS.map((n) => new FakeNve({ name: name(n), socket, reach }));
    for (const n of HOSTS) {
      await client.nves.create({ ...request, id: name(n), spec: nveSpec([vtep(n)]) }, call);
      const at = { network: 'net', nve: name(n), mac: mac(n), ips: [`10.0.0.${n}`] };
      await client.endpoints.create({ ...request, id: `ep-${n}`, spec: endpointSpec(at) }, call);
    }
    for (const host of hosts) await host.connect();
    await moving(() => HOSTS.every((n) => HOSTS.every((m) => knows(n, m))));
    await moving(async () => (await statusOf(4)).state === 'IN_SYNC');
  });

  afterEach(async () => {
    for (const host of hosts) await host.disconnect();
    await nva.close();
  });

  function host(n: number): FakeNve {
    const found = hosts[n - 1];
    assert.ok(found);
    return found;
  }

  const knows = (n: number, m: number): boolean =>
    n === m || host(n).items.has(`tunnel/100/${vtep(m)}`);
  const statusOf = async (n: number): Promise<NveStatus> =>
    (await nva.client.nves.get(name(n), call)).status;
  const endpointState = async (n: number): Promise<string> => {
    const { status } = await nva.client.endpoints.get(`ep-${n}`, call);
    return `${status.state} ${status.reasonCode}`.trim();
  };

  /** Until something holds; the NVA's time goes on meanwhile. */
  async function moving(holds: () => boolean | Promise<boolean>): Promise<void> {
    await eventually(async () => {
      await clock.advance(100);
      return holds();
    });
  }

  /** Longer than it takes to be looked for twice. */
  async function pass(): Promise<void> {
    const end = clock.monotonic() + 45_000;
    await eventually(async () => {
      await clock.advance(500);
      return clock.monotonic() > end;
    });
  }

  async function kill(...gone: number[]): Promise<void> {
    for (const n of gone) await host(n).disconnect();
  }

  it('one that its peers do not reach is withdrawn from them, and restored when it is back', async () => {
    const own = new Set(host(4).items.keys());
    const before = new Set(host(1).items.keys());
    unreachable.add(vtep(4));
    await kill(4);
    await clock.advance(29_000);
    assert.ok(knows(1, 4), 'not before it was gone for 30 s');
    await moving(() => ![1, 2, 3].some((n) => knows(n, 4)));
    for (const n of [1, 2, 3]) {
      const left = [...host(n).items.keys()].filter((key) =>
        /192\.0\.2\.4|00:04|0\.0\.4/.test(key),
      );
      assert.deepEqual(left, [], name(n));
      assert.ok([1, 2, 3].every((m) => knows(n, m)));
    }
    await moving(async () => (await statusOf(4)).state === 'DEAD');
    const { reasonCode, reason } = await statusOf(4);
    assert.equal(reasonCode, 'NVE_DEAD');
    assert.match(reason, /not reached by host-1, host-2, host-3$/);
    await moving(async () => (await endpointState(4)) === 'FAILED NVE_DEAD');

    await nva.stopNva();
    await nva.startNva();
    for (const n of [1, 2, 3]) await host(n).connect();
    await pass();
    assert.ok(!knows(1, 4), 'also after a restart of the NVA');

    unreachable.clear();
    await host(4).connect();
    await moving(() => [1, 2, 3].every((n) => knows(n, 4)));
    assert.deepEqual(new Set(host(1).items.keys()), before);
    assert.deepEqual(new Set(host(4).items.keys()), own);
    await moving(async () => (await endpointState(4)) === 'ACTIVE');
    await moving(async () => (await statusOf(4)).reason === '');
  });

  it('one that only leads out of a router leaves the way out, and comes back to it', async () => {
    const { client } = nva;
    const up = networkSpec({ vni: 200 });
    await client.virtualNetworks.create({ ...request, id: 'up', spec: up }, call);
    for (const [id, network, prefix] of [
      ['in', 'net', '10.0.0.0/24'],
      ['out', 'up', '198.51.100.0/24'],
    ] as const) {
      const spec = subnetSpec({ network, prefix, gateway: prefix.replace('0/24', '254') });
      await client.subnets.create({ ...request, id, spec }, call);
    }
    const gateways = [3, 4].map((n) => ({ nve: name(n), address: `198.51.100.${n}` }));
    const spec = routerSpec({
      ...{ vrfId: 7, transitVni: 300, subnets: ['in'], exits: [{ subnet: 'out', gateways }] },
      routes: [
        {
          prefix: '0.0.0.0/0',
          nextHops: [{ address: '198.51.100.254', weight: 1 }],
          drop: false,
        },
      ],
    });
    await client.routers.create({ ...request, id: 'r', spec }, call);
    await client.endpoints.delete({ id: 'ep-4', etag: '', validateOnly: false }, call);
    const ways = (): string => {
      const route = host(1).items.get('route/7/0.0.0.0/0')?.payload;
      if (route?.kind !== 'route' || route.via.kind !== 'next_hops') return '';
      return route.via.nextHops.map(({ address }) => address).join();
    };
    await moving(() => ways() === '198.51.100.3,198.51.100.4');
    await moving(() => host(4).items.has('gw/7/200'));
    await moving(async () => (await statusOf(4)).state === 'IN_SYNC');
    const own = new Set(host(4).items.keys());
    unreachable.add(vtep(4));
    await kill(4);
    await clock.advance(29_000);
    assert.equal(ways(), '198.51.100.3,198.51.100.4', 'not before it was gone for 30 s');
    await moving(() => ways() === '198.51.100.3');
    assert.ok(!host(1).items.has(`tunnel/300/${vtep(4)}`));
    unreachable.clear();
    await host(4).connect();
    await moving(() => ways() === '198.51.100.3,198.51.100.4');
    assert.ok(host(1).items.has(`tunnel/300/${vtep(4)}`));
    assert.deepEqual(new Set(host(4).items.keys()), own);
  });

  const port = { kind: 'veth', netns: 'moved', interface: 'eth0', hostInterface: '' } as const;
  const reached = (n: number, phase: MigrationPhase): Promise<void> =>
    moving(async () => {
      const { status } = await nva.client.endpoints.get(`ep-${n}`, call);
      return status.migration?.phase === phase;
    });
  const migrate = async (n: number, target: number, hold: boolean): Promise<void> => {
    const to = { id: `ep-${n}`, nve: name(target), port, hold, timeoutMs: 3_600_000 };
    await nva.client.migrations.migrate({ ...to, ...request, etag: '' }, call);
  };

  it('one that is dead keeps no endpoint of its networks from migrating', async () => {
    unreachable.add(vtep(4));
    await kill(4);
    await clock.advance(29_000);
    await moving(() => ![1, 2, 3].some((n) => knows(n, 4)));
    await migrate(1, 2, false);
    await reached(1, 'FINISHED');
  });

  it('one that dies while an endpoint migrates from it lets it go', async () => {
    await migrate(4, 1, true);
    await reached(4, 'ASSOCIATED');
    unreachable.add(vtep(4));
    await kill(4);
    await clock.advance(29_000);
    await moving(async () => (await endpointState(4)) === 'FAILED NVE_DEAD');
    await nva.client.migrations.finish(
      { id: 'ep-4', etag: '', validateOnly: false, force: false },
      call,
    );
    await reached(4, 'FINISHED');
    assert.equal((await nva.client.endpoints.get('ep-4', call)).spec.nve, name(1));
    await moving(async () => (await endpointState(4)) === 'ACTIVE');
  });

  it('one that any of its peers reaches stays', async () => {
    await kill(4);
    await pass();
    assert.ok([1, 2, 3].every((n) => knows(n, 4)));
    const { state, reasonCode, reason } = await statusOf(4);
    assert.deepEqual([state, reasonCode], ['DISCONNECTED', 'NVE_DISCONNECTED']);
    assert.match(reason, /^host-\d reaches its host/);
  });

  it('peers that reach nobody say nothing', async () => {
    for (const n of HOSTS) unreachable.add(vtep(n));
    await kill(4);
    await pass();
    assert.ok([1, 2, 3].every((n) => knows(n, 4)));
    assert.match((await statusOf(4)).reason, /^no peer .* can tell/);
  });

  it('half of all at once are not withdrawn, and that is told', async () => {
    unreachable.add(vtep(3)).add(vtep(4));
    await kill(3, 4);
    await pass();
    assert.ok([1, 2].every((n) => knows(n, 3) && knows(n, 4)));
    const { state, reasonCode, reason } = await statusOf(4);
    assert.deepEqual([state, reasonCode], ['DISCONNECTED', 'NVE_LOSS_HELD']);
    assert.equal(
      reason,
      'more than 20 % of the NVEs, and more than 1, have no session: nothing is withdrawn',
    );
  });
});
