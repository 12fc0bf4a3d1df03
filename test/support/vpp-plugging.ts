/** How a kind of port that only VPP has is tried, on the emulator and on a real VPP. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname } from 'node:path';
import { NfvError } from '../../src/errors.js';
import type { Port } from '../../src/model/endpoint.js';
import type { Payload, PortItem } from '../../src/model/item.js';
import type { DetailsOf } from '../../src/vpp-api/product-types.js';
import type { VppDataplaneRig } from './vpp-dataplane-rig.js';
import { everything, type Eye } from './vpp-eye.js';
import { ALL_INTERFACES, type VppUnderTest } from './vpp-under-test.js';

export interface PluggedWorld {
  readonly vpp: VppUnderTest;
  readonly rig: VppDataplaneRig;
  readonly eye: Eye;
  /** An interface of the kernel where VPP runs, which is there. */
  readonly hostInterface: string;
  /** What a port of a VN needs. */
  readonly network: (vni: number) => readonly Payload[];
  /** As an operator. @returns its index */
  readonly addLoopback: (instance: number) => Promise<number>;
}

export const MAC = '02:00:00:00:00:01';
export const UID = process.getuid?.() ?? 0;
export const GID = process.getgid?.() ?? 0;

export const port = (spec: Port, change: Partial<PortItem> = {}): PortItem => ({
  kind: 'port',
  endpoint: 'blue-1',
  vni: 10,
  mac: MAC,
  addresses: ['192.168.1.1/24'],
  adminUp: true,
  mtu: 1400,
  port: spec,
  ...change,
});

const at = (vni = 10): Payload => ({
  kind: 'mac_entry',
  vni,
  mac: MAC,
  via: { kind: 'endpoint', endpoint: 'blue-1' },
});

/** What the suites of all kinds of port have in common. */
export function plugging(world: PluggedWorld) {
  const base = (): Payload[] => [...new Set([...world.network(10), ...world.network(11)])];
  const wanted = (spec: Port, change: Partial<PortItem> = {}): Payload[] => [
    ...base(),
    port(spec, change),
    at(change.vni),
  ];
  const client = (): VppDataplaneRig['client'] => world.rig.client;
  const inTheDirectory = (name: string): string => {
    const path = world.rig.files.socket(name);
    mkdirSync(dirname(path), { recursive: true });
    return path;
  };
  let listener: Server | undefined;
  afterEach(() => listener?.close());
  /** Another program listens there, and hears nobody out. */
  const listenAt = async (path: string): Promise<void> => {
    const server = createServer((socket) => socket.destroy());
    listener = server;
    mkdirSync(dirname(path), { recursive: true });
    await new Promise<void>((resolve) => server.listen(path, resolve));
  };
  const setUp = (sw_if_index: number, up = true): Promise<unknown> =>
    client().request('sw_interface_set_flags', {
      sw_if_index,
      flags: up ? ['IF_STATUS_API_FLAG_ADMIN_UP'] : [],
    });
  const setTag = (sw_if_index: number, tag: string): Promise<unknown> =>
    client().request('sw_interface_tag_add_del', { is_add: true, sw_if_index, tag });
  const interfaces = async (): Promise<DetailsOf<'sw_interface_dump'>[]> =>
    await client().dump('sw_interface_dump', ALL_INTERFACES);
  const failuresOf = async (payloads: readonly Payload[]): Promise<readonly string[]> =>
    await world.rig.apply(await world.rig.plan(payloads));

  /** Made, changed in place or anew, moved, set down, taken away: nothing is left. */
  function lives<P extends Port>(
    spec: () => P,
    changes: Readonly<Record<string, readonly [change: () => Partial<P>, ops: string]>>,
  ): void {
    it('is made, set down, moved and taken away', async () => {
      await world.rig.converge(base());
      const before = await everything(world.eye);
      await world.rig.converge(wanted(spec()));
      assert.equal((await world.eye.domain(10))?.members.length, 1);
      assert.equal((await world.eye.domain(10))?.macs.length, 1);
      await world.rig.converge(wanted(spec(), { adminUp: false }));
      await world.rig.converge(wanted(spec(), { vni: 11 }));
      assert.deepEqual((await world.eye.domain(10))?.members, []);
      assert.equal((await world.eye.domain(11))?.macs.length, 1);
      await world.rig.converge(base());
      assert.deepEqual(await everything(world.eye), before);
    });

    for (const [name, [change, ops]] of Object.entries(changes)) {
      it(`is given another ${name}, and back`, async () => {
        await world.rig.converge(wanted(spec()));
        const before = await everything(world.eye);
        const other = { ...spec(), ...change() };
        const plan = await world.rig.plan(wanted(other));
        const own = plan.waves.flat().filter(({ step }) => step.key === 'port/blue-1');
        assert.equal(own.map(({ step }) => step.op).join(' '), ops);
        await world.rig.converge(wanted(other));
        await world.rig.converge(wanted(spec()));
        assert.deepEqual(await everything(world.eye), before);
        await world.rig.converge(base());
      });
    }

    it('does every step twice, and the second time changes nothing', async () => {
      const plan = await world.rig.plan(wanted(spec()));
      assert.deepEqual(await world.rig.apply(plan), []);
      const made = await everything(world.eye);
      assert.deepEqual(await world.rig.apply(plan), []);
      assert.deepEqual(await everything(world.eye), made);
      const removal = await world.rig.plan(base());
      assert.deepEqual(await world.rig.apply(removal), []);
      assert.deepEqual(await world.rig.apply(removal), []);
    });
  }

  /** Each is refused by itself: what else is wanted is there. */
  function refuses(
    rows: readonly (readonly [
      what: string,
      prepare: () => Promise<Port> | Port,
      code: string,
      after?: () => Promise<void> | void,
    ])[],
  ): void {
    for (const [what, prepare, code, after] of rows) {
      it(`is refused by itself: ${what}`, async () => {
        const spec = await prepare();
        const macs = at();
        const payloads = [...base(), port(spec), macs];
        const failures = await failuresOf(payloads);
        assert.ok(failures.includes(`create port/blue-1: ${code}`), failures.join('\n'));
        assert.ok((await world.eye.domain(11)) !== undefined);
        await after?.();
      });
    }
  }

  /** What it is asked to become it cannot be: it stays as it is, and says why. */
  function stays(
    spec: () => Port,
    changes: Readonly<Record<string, readonly [other: () => Promise<Port> | Port, code: string]>>,
  ): void {
    for (const [what, [other, code]] of Object.entries(changes)) {
      it(`stays as it is where it is asked to have ${what}`, async () => {
        await world.rig.converge(wanted(spec()));
        const before = await everything(world.eye);
        const impossible = await world.rig.plan(wanted(await other()));
        assert.equal(NfvError.from(impossible.verdicts.get('port/blue-1')).code, code);
        await world.rig.apply(impossible);
        assert.deepEqual(await everything(world.eye), before);
        await world.rig.assertConverged(wanted(spec()));
      });
    }
  }

  return {
    base,
    stays,
    wanted,
    client,
    inTheDirectory,
    listenAt,
    setUp,
    setTag,
    interfaces,
    failuresOf,
    lives,
    refuses,
  };
}
