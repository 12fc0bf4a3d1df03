/** Cross-connects in VPP: the same on the emulator and on a real VPP. */
import assert from 'node:assert/strict';
import type { Payload, PortItem } from '../../src/model/item.js';
import { itemsOf } from './linux-host.js';
import { domain, macOf, vtepItem } from './linux-items.js';
import { xconnect } from './routing-items.js';
import { steps, type VppDataplaneRig } from './vpp-dataplane-rig.js';
import { everything, type Eye } from './vpp-eye.js';
import { ALL_INTERFACES } from './vpp-under-test.js';

export interface XconnectWorld {
  readonly rig: VppDataplaneRig;
  readonly eye: Eye;
  /** Of the kernel where VPP runs, which are there. */
  readonly hostInterfaces: readonly [string, string];
  /** As an operator. @returns its index */
  readonly addLoopback: (instance: number) => Promise<number>;
}

const MAC = '02:00:00:00:00:01';
const BASE: readonly Payload[] = [vtepItem('10.9.0.1'), domain(10, '10.9.0.1')];

export function vppDataplaneXconnect(world: XconnectWorld): void {
  const [first, second] = world.hostInterfaces;
  const port = (endpoint: string, name: string, vni = 0): PortItem => ({
    kind: 'port',
    endpoint,
    vni,
    mac: MAC,
    addresses: [],
    adminUp: true,
    mtu: 1400,
    port: { kind: 'host_interface', interface: name },
  });
  const ports = [port('a', first), port('b', second)];
  const there = `host-${first} host-${second}`;
  const back = `host-${second} host-${first}`;
  const both = [there, back].sort();
  const connects = (): Promise<readonly string[]> => world.eye.routing.crossConnects();

  async function indexOf(name: string): Promise<number> {
    const all = await world.rig.client.dump('sw_interface_dump', ALL_INTERFACES);
    return all.find((each) => each.interface_name === name)?.sw_if_index ?? assert.fail(name);
  }

  async function connect(rx: number, tx: number, enable: boolean): Promise<void> {
    const ends = { rx_sw_if_index: rx, tx_sw_if_index: tx };
    await world.rig.client.request('sw_interface_set_l2_xconnect', { ...ends, enable });
  }

  it('connects two ports both ways, which are in no bridge domain, and lets them go', async () => {
    await world.rig.converge([...BASE, ...ports]);
    const before = await everything(world.eye);
    await world.rig.converge([...BASE, ...ports, xconnect('a', 'b')]);
    assert.deepEqual(await connects(), both);
    assert.deepEqual((await world.eye.domain(10))?.members, []);
    await world.rig.converge([...BASE, ...ports]);
    assert.deepEqual(await everything(world.eye), before);
    await world.rig.converge([...BASE, ...ports, xconnect('a', 'b')]);
    await world.rig.converge(BASE);
    assert.deepEqual(await connects(), []);
  });

  it('does every step twice, and the second time changes nothing', async () => {
    const plan = await world.rig.plan([...BASE, ...ports, xconnect('a', 'b')]);
    assert.deepEqual(await world.rig.apply(plan), []);
    assert.deepEqual(await world.rig.apply(plan), []);
    assert.deepEqual(await connects(), both);
    const removal = await world.rig.plan([...BASE, ...ports]);
    assert.deepEqual(await world.rig.apply(removal), []);
    assert.deepEqual(await world.rig.apply(removal), []);
  });

  it('takes ports from a bridge domain to a cross-connect and back', async () => {
    const bridged = [...BASE, port('a', first, 10), port('b', second, 10), macOf(10, MAC, 'a')];
    await world.rig.converge(bridged);
    const before = await everything(world.eye);
    await world.rig.converge([...BASE, ...ports, xconnect('a', 'b')]);
    assert.deepEqual(await connects(), both);
    assert.deepEqual((await world.eye.domain(10))?.members, []);
    await world.rig.converge(bridged);
    assert.deepEqual(await everything(world.eye), before);
    assert.deepEqual(await connects(), []);
  });

  it('sends nothing to a port that has gone to a bridge domain', async () => {
    await world.rig.converge([...BASE, ...ports, xconnect('a', 'b')]);
    await world.rig.converge([...BASE, port('a', first, 10), port('b', second)]);
    assert.deepEqual(await connects(), []);
    assert.deepEqual((await world.eye.domain(10))?.members, [`host-${first} 0`]);
  });

  it('knows endpoints whose names are too long for a tag', async () => {
    const [a, b] = [`e${'x'.repeat(61)}a`, `e${'x'.repeat(61)}b`];
    const wanted = [...BASE, port(a, first), port(b, second), xconnect(a, b)];
    await world.rig.converge(wanted);
    assert.deepEqual(await connects(), both);
    await world.rig.converge([...BASE, port(a, first), port(b, second)]);
    assert.deepEqual(await connects(), []);
  });

  for (const [title, spoil] of [
    [
      'one way is gone',
      async (a: number) => {
        await connect(a, a, false);
      },
    ],
    [
      'both are',
      async (a: number, b: number) => {
        await connect(a, a, false);
        await connect(b, b, false);
      },
    ],
    [
      'one leads elsewhere',
      async (a: number) => {
        await connect(a, await world.addLoopback(20), true);
      },
    ],
  ] as const) {
    it(`puts it right: ${title}`, async () => {
      const wanted = [...BASE, ...ports, xconnect('a', 'b')];
      await world.rig.converge(wanted);
      await spoil(await indexOf(`host-${first}`), await indexOf(`host-${second}`));
      assert.match(
        steps(await world.rig.plan(wanted)).join(),
        /^(update|create) xc\/a\/b \([^,]*\)$/,
      );
      await world.rig.converge(wanted);
      assert.deepEqual(await connects(), both);
    });
  }

  it('leaves cross-connects alone that are somebody else’s', async () => {
    await world.rig.converge(BASE);
    const [one, other] = [await world.addLoopback(20), await world.addLoopback(21)];
    await connect(one, other, true);
    await connect(other, one, true);
    await world.rig.assertConverged(BASE);
    assert.deepEqual(await connects(), ['loop20 loop21', 'loop21 loop20']);
  });

  it('does not take a port out of a bridge domain that is to be in it', async () => {
    const wanted = [...BASE, port('a', first, 10), port('b', second), xconnect('a', 'b')];
    const failed = await world.rig.apply(await world.rig.plan(wanted));
    assert.deepEqual(failed, ['create xc/a/b: ITEM_BLOCKED']);
    assert.deepEqual(await connects(), []);
    const [step] = [...itemsOf([xconnect('a', 'c')])].map(
      ([key, item]) => ({ op: 'create', key, item }) as const,
    );
    assert.ok(step !== undefined);
    const [error] = await world.rig.dataplane.apply([step], world.rig.signal);
    assert.equal(error?.code, 'ITEM_BLOCKED');
  });
}
