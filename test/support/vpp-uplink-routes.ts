/** Routes that uplinks had, and that the configuration has no more. */
import assert from 'node:assert/strict';
import { pathVia } from '../../src/dataplane/vpp/routing/fib-path.js';
import type { Uplink, UplinkRoute } from '../../src/dataplane/vpp/uplink/uplink.js';
import { steps } from './vpp-dataplane-rig.js';
import { at, L, UplinkWorld, WANTED, type UplinkParts } from './vpp-uplink-world.js';

const VIA = '10.9.0.254';
const OTHER = '10.9.0.253';
const to = (prefix: string, via = VIA): UplinkRoute => ({ to: prefix, via });
const OLD = '10.8.0.0/16';
const KEPT = '10.7.0.0/16';

export function uplinkRoutes(parts: UplinkParts): void {
  const nic = parts.hostInterface;
  const host = (...routes: readonly UplinkRoute[]): Uplink => at({ hostInterface: nic, routes });
  let world: UplinkWorld;
  beforeEach(async () => (world = await UplinkWorld.create(parts)));
  afterEach(() => world.close());

  /** `PREFIX NEXT-HOP` of the underlay's table that lead on by a neighbour, but for those of neighbours themselves. */
  async function routes(): Promise<readonly string[]> {
    const found = await Promise.all(
      [false, true].map((is_ip6) =>
        world.client.dump('ip_route_v2_dump', { src: 0, table: { table_id: 0, is_ip6, name: '' } }),
      ),
    );
    return found.flat().flatMap(({ route: { prefix, paths } }) => {
      const vias = paths.map(({ nh }) => nh.address).filter((each) => /[1-9a-f]/.test(each));
      const isHost = vias.some((via) => prefix.startsWith(`${via}/`));
      return vias.length === 0 || isHost || prefix === `${L}/32`
        ? []
        : [`${prefix} ${vias.join()}`];
    });
  }

  /** Over the API, as an operator or another program does. */
  async function operatorAdds(prefix: string, via: string): Promise<void> {
    const { sw_if_index } = await world.named(`host-${nic}`);
    await world.client.request('ip_route_add_del_v2', {
      is_add: true,
      is_multipath: false,
      route: {
        ...{ table_id: 0, stats_index: 0, src: 0, prefix },
        paths: [pathVia(via, { index: sw_if_index })],
      },
    });
  }

  it('go, and nothing else does', async () => {
    await (await world.agent(host(to(OLD), to(KEPT)))).converge(WANTED);
    assert.deepEqual([...(await routes())].sort(), [`${KEPT} ${VIA}`, `${OLD} ${VIA}`]);
    const agent = await world.agent(host(to(KEPT)));
    assert.deepEqual(steps(await agent.plan(WANTED)), [`delete vtep/${OLD} (not wanted)`]);
    await agent.converge(WANTED);
    assert.deepEqual(await routes(), [`${KEPT} ${VIA}`]);
    await (await world.agent(host(to(KEPT)))).assertConverged(WANTED);
  });

  it('go with all of the uplinks', async () => {
    await (await world.agent(host(to(OLD)))).converge(WANTED);
    await (await world.agent()).converge([]);
    assert.deepEqual(await routes(), []);
  });

  it('stay where another uplink has them, or another way', async () => {
    await (await world.agent(host(to(OLD)))).converge(WANTED);
    const agent = await world.agent(host(to(OLD, OTHER)));
    assert.deepEqual(steps(await agent.plan(WANTED)), [
      `update vtep/${L} (no route to ${OLD} via ${OTHER})`,
    ]);
    await agent.converge(WANTED);
    assert.deepEqual(await routes(), [`${OLD} ${OTHER}`]);
    await (await world.agent(host(to(OLD, OTHER)))).assertConverged(WANTED);
  });

  it('stay where somebody else gave them, by the same interface too', async () => {
    await (await world.agent(host())).converge(WANTED);
    await operatorAdds(OLD, VIA);
    await (await world.agent(host(to(KEPT)))).converge(WANTED);
    const agent = await world.agent(host());
    assert.deepEqual(steps(await agent.plan(WANTED)), [`delete vtep/${KEPT} (not wanted)`]);
    await agent.converge(WANTED);
    assert.deepEqual(await routes(), [`${OLD} ${VIA}`]);
  });

  it("go before an operator's own to the same prefix, which comes back after them", async () => {
    await (await world.agent(host())).converge(WANTED);
    await operatorAdds(OLD, OTHER);
    await (await world.agent(host(to(OLD)))).converge(WANTED);
    assert.deepEqual(await routes(), [`${OLD} ${VIA}`]);
    await (await world.agent(host())).converge(WANTED);
    assert.deepEqual(await routes(), [`${OLD} ${OTHER}`]);
    await (await world.agent(host())).assertConverged(WANTED);
  });

  it('go of IPv6 too, and are made again by an agent that has them again', async () => {
    const addresses = [`${L}/24`, 'fd00:9::1/64'];
    const six = (...all: readonly UplinkRoute[]): Uplink =>
      at({ hostInterface: nic, addresses, routes: all });
    const [prefix, via] = ['fd00:8::/32', 'fd00:9::fe'];
    await (await world.agent(six(to(prefix, via)))).converge(WANTED);
    assert.deepEqual(await routes(), [`${prefix} ${via}`]);
    await (await world.agent(six())).converge(WANTED);
    assert.deepEqual(await routes(), []);
    await (await world.agent(six(to(prefix, via)))).converge(WANTED);
    assert.deepEqual(await routes(), [`${prefix} ${via}`]);
  });

  it('are forgotten with a VPP that ended', async () => {
    await (await world.agent(host(to(OLD)))).converge(WANTED);
    const agent = await world.agent(host());
    await agent.plan(WANTED);
    await world.restartVpp();
    await agent.settle(WANTED);
    assert.deepEqual(await routes(), []);
  });
}
