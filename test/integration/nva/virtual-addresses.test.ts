/** Virtual addresses that endpoints share: a real NVA and store, NVEs that speak the real protocol. */
import assert from 'node:assert/strict';
import type { AllowedAddress, HeldAddress } from '../../../src/model/allowed-address.js';
import type { Wanted } from '../../../src/model/changes.js';
import type { EndpointSpec } from '../../../src/model/endpoint.js';
import type { Payload } from '../../../src/model/item.js';
import { HOLDERS } from '../../../src/nva/keys.js';
import { forgetHolders } from '../../../src/nva/mobility/holders.js';
import { scan } from '../../../src/nva/scan.js';
import { applyAll, plan, rollBack } from '../../support/changes-world.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FakeNve, LINUX_LIKE } from '../../support/fake-nve.js';
import { call, NvaHarness } from '../../support/nva-harness.js';
import { refusedWith } from '../../support/refusals.js';
import { endpointSpec, networkSpec, nveSpec, routerSpec, subnetSpec } from '../../support/specs.js';

const request = { requestId: '', validateOnly: false };
const AS_IT_IS = { etag: '', validateOnly: false };
const VIP = '10.0.0.100';
const SECOND = '10.0.0.101';
const VMAC = '00:00:5e:00:01:01';
const mac = (n: number): string => `02:00:00:00:00:0${n}`;
const HOSTS = [1, 2, 3];

describe('virtual addresses', function () {
  this.timeout(30_000);
  let clock: FakeClock;
  let nva: NvaHarness;
  let hosts: FakeNve[];

  beforeEach(async () => {
    clock = new FakeClock();
    nva = await NvaHarness.start({ clock });
    hosts = HOSTS.map((n) => new FakeNve({ name: `host-${n}`, socket: nva.socket }));
    const spec = networkSpec({ vni: 100, prefixes: ['10.0.0.0/16'] });
    await nva.client.virtualNetworks.create({ ...request, id: 'net', spec }, call);
    for (const n of HOSTS) {
      const nve = nveSpec([`192.0.2.${n}`]);
      await nva.client.nves.create({ ...request, id: `host-${n}`, spec: nve }, call);
    }
    await create('vip-1', 1, [{ ip: VIP, mac: '' }]);
    await create('vip-2', 2, [{ ip: VIP, mac: '' }]);
    await create('other', 3, []);
    for (const host of hosts) await host.connect();
    await eventually(() => hosts.every(({ items }) => items.has(`neigh/100/10.0.0.3`)));
  });

  afterEach(async () => {
    for (const host of hosts) await host.disconnect();
    await nva.close();
  });

  it('are refused on an NVE that does not look for them, and taken where others are', async () => {
    const { seesAddresses, ...capabilities } = LINUX_LIKE;
    assert.equal(seesAddresses, true);
    const nve = nveSpec(['192.0.2.4']);
    await nva.client.nves.create({ ...request, id: 'host-4', spec: nve }, call);
    hosts.push(new FakeNve({ name: 'host-4', socket: nva.socket, capabilities }));
    await host(4).connect();
    await eventually(async () => {
      const { status } = await nva.client.nves.get('host-4', call);
      return status.capabilities !== undefined;
    });
    const error = await refusedWith(
      'NVE_LACKS_CAPABILITY',
      create('blind', 4, [{ ip: VIP, mac: '' }]),
    );
    assert.match(error.message, /nves\/host-4: has no way to see allowed addresses/);
    await create('blind', 4, []);
    const changed = change('blind', { allowedAddresses: [{ ip: VIP, mac: '' }] });
    await refusedWith('NVE_LACKS_CAPABILITY', changed);
    await create('third', 3, [{ ip: VIP, mac: '' }], { mac: mac(8), ips: ['10.0.0.8'] });
  });

  async function create(
    id: string,
    n: number,
    allowedAddresses: readonly AllowedAddress[],
    more: Partial<EndpointSpec> = {},
  ): Promise<void> {
    const at = { network: 'net', nve: `host-${n}`, mac: mac(n), ips: [`10.0.0.${n}`] };
    const tap = { interface: id, ownerUid: 0, multiQueue: false, vnetHdr: false };
    const port = { kind: 'tap', ...tap } as const;
    const spec = endpointSpec({ ...at, port, allowedAddresses, ...more });
    await nva.client.endpoints.create({ ...request, id, spec }, call);
  }
  async function change(id: string, changes: Partial<EndpointSpec>): Promise<void> {
    await nva.client.endpoints.update({ ...AS_IT_IS, id, changes }, call);
  }
  function host(n: number): FakeNve {
    const found = hosts[n - 1];
    assert.ok(found);
    return found;
  }
  const item = (n: number, key: string): Payload | undefined => host(n).items.get(key)?.payload;
  const held = async (id: string): Promise<readonly HeldAddress[]> =>
    (await nva.client.endpoints.get(id, call)).status.held;

  /** Until all NVEs have it that the address has this MAC; undefined: nobody. */
  async function has(ip: string, wanted: string | undefined, on = HOSTS): Promise<void> {
    await eventually(async () => {
      await clock.advance(100);
      for (const n of on) {
        const entry = item(n, `neigh/100/${ip}`);
        const expected =
          wanted === undefined
            ? undefined
            : { kind: 'neighbor_entry', vni: 100, ip, mac: wanted, announce: true };
        assert.deepEqual(entry, expected, `host-${n}`);
      }
    });
  }

  /** A sighting of something that may be seen, which is looked at after all that were told before. */
  async function afterAll(n: number): Promise<void> {
    await change(`vip-${n}`, {
      allowedAddresses: [
        { ip: VIP, mac: '' },
        { ip: SECOND, mac: '' },
      ],
    });
    await host(n).sees(`vip-${n}`, SECOND, mac(n));
    await has(SECOND, mac(n));
  }

  it('are looked for at the ports of those that may have them, and are nobody’s at first', async () => {
    const port = item(1, 'port/vip-1');
    assert.ok(port?.kind === 'port');
    assert.deepEqual(port.allowedAddresses, [{ ip: VIP, mac: mac(1) }]);
    const plain = item(3, 'port/other');
    assert.ok(plain?.kind === 'port' && plain.allowedAddresses === undefined);
    await has(VIP, undefined);
    assert.deepEqual(await held('vip-1'), []);
  });

  it('are whose port they were seen at last', async () => {
    await host(1).sees('vip-1', VIP, mac(1));
    await has(VIP, mac(1));
    await eventually(async () => {
      await clock.advance(100);
      assert.deepEqual(
        (await held('vip-1')).map(({ ip, mac: seen }) => [ip, seen]),
        [[VIP, mac(1)]],
      );
    });
    await host(2).sees('vip-2', VIP, mac(2));
    await has(VIP, mac(2));
    await eventually(async () => {
      await clock.advance(100);
      assert.deepEqual(await held('vip-1'), []);
      assert.equal((await held('vip-2')).length, 1);
    });
    const revision = nva.store.status().revision;
    await host(2).sees('vip-2', VIP, mac(2));
    await nva.client.virtualNetworks.get('net', call);
    await afterAll(1);
    const changes = [];
    for await (const { key, modRevision } of scan(nva.store, HOLDERS)) {
      if (modRevision > revision) changes.push(key);
    }
    assert.deepEqual(changes, [`${HOLDERS}net/${SECOND}`], 'what is known is not written again');
  });

  it('do not go back to where they were seen before, told late', async () => {
    await host(2).sees('vip-2', VIP, mac(2));
    await has(VIP, mac(2));
    await clock.advance(5000);
    await host(1).sees('vip-1', VIP, mac(1), 60_000);
    await afterAll(1);
    await has(VIP, mac(2));
    await host(1).sees('vip-1', VIP, mac(1), 2000);
    await has(VIP, mac(1));
  });

  it('stay whose they are over a restart of the NVA', async () => {
    await host(1).sees('vip-1', VIP, mac(1));
    await has(VIP, mac(1));
    await nva.stopNva();
    await nva.startNva();
    for (const each of hosts) {
      await each.disconnect();
      each.items.clear();
      await each.connect();
    }
    await has(VIP, mac(1));
    assert.equal((await held('vip-1')).length, 1);
  });

  it('are nobody’s when the endpoint may not have them, is down, or is gone', async () => {
    await host(1).sees('vip-1', VIP, mac(1));
    await has(VIP, mac(1));
    await change('vip-1', { adminState: 'DOWN' });
    await has(VIP, undefined);
    await change('vip-1', { adminState: 'UP' });
    await has(VIP, mac(1));
    await change('vip-1', { allowedAddresses: [] });
    await has(VIP, undefined);
    await host(2).sees('vip-2', VIP, mac(2));
    await has(VIP, mac(2));
    await nva.client.endpoints.delete({ ...AS_IT_IS, id: 'vip-2' }, call);
    await has(VIP, undefined, [1, 3]);
    await create('vip-2', 2, [{ ip: VIP, mac: '' }]);
    await has(VIP, undefined);
    assert.equal(await forgetHolders(nva.store, new AbortController().signal), 1);
    assert.equal(await forgetHolders(nva.store, new AbortController().signal), 0);
  });

  const LIES: readonly (readonly [
    about: string,
    n: number,
    id: string,
    ip: string,
    mac: string,
  ])[] = [
    ['of another NVE’s endpoint', 1, 'vip-2', VIP, mac(2)],
    ['of an endpoint that there is not', 1, 'nobody', VIP, mac(1)],
    ['of an address that is not allowed', 1, 'vip-1', SECOND, mac(1)],
    ['of the endpoint’s own address', 1, 'vip-1', '10.0.0.1', mac(1)],
    ['of another’s own address', 1, 'vip-1', '10.0.0.3', mac(1)],
    ['with another MAC', 1, 'vip-1', VIP, mac(2)],
    ['with a virtual MAC that is not allowed', 1, 'vip-1', VIP, VMAC],
    ['of an endpoint that may have none', 3, 'other', VIP, mac(3)],
  ];
  for (const [about, n, id, ip, seen] of LIES) {
    it(`a sighting counts nothing: ${about}`, async () => {
      await host(n).sees(id, ip, seen);
      await afterAll(1);
      await has(VIP, undefined);
      const keys: string[] = [];
      for await (const { key } of scan(nva.store, HOLDERS)) keys.push(key);
      assert.deepEqual(keys, [`${HOLDERS}net/${SECOND}`]);
    });
  }

  const NOT_SIGHTINGS: readonly (readonly [about: string, id: string, ip: string, mac: string])[] =
    [
      ['no address', 'vip-1', '10.0.0', mac(1)],
      ['an address not canonical', 'vip-1', 'FD00::1', mac(1)],
      ['a prefix', 'vip-1', '10.0.0.100/32', mac(1)],
      ['no MAC', 'vip-1', VIP, ''],
      ['a MAC not canonical', 'vip-1', VIP, '02:00:00:00:00:0A'],
      ['no id', '../vip-1', VIP, mac(1)],
    ];
  for (const [about, id, ip, seen] of NOT_SIGHTINGS) {
    it(`a sighting ends the session: ${about}`, async () => {
      await host(1).sees(id, ip, seen);
      const error = await host(1).ended;
      assert.match(String(error), /a sighting of no address at an endpoint/);
      await has(VIP, undefined, [2, 3]);
    });
  }

  it('with a virtual MAC take it along, and all that is known by it', async () => {
    const both = [VIP, SECOND].map((ip) => ({ ip, mac: VMAC }));
    await change('vip-1', { allowedAddresses: both });
    await change('vip-2', { allowedAddresses: both });
    for (const ip of [VIP, SECOND]) await host(1).sees('vip-1', ip, VMAC);
    await has(VIP, VMAC);
    await has(SECOND, VMAC);
    const via = (n: number): unknown => {
      const entry = item(n, `mac/100/${VMAC}`);
      return entry?.kind === 'mac_entry' ? entry.via : undefined;
    };
    assert.deepEqual(via(1), { kind: 'endpoint', endpoint: 'vip-1' });
    assert.deepEqual(via(2), { kind: 'remote', vtep: '192.0.2.1' });
    await host(2).sees('vip-2', SECOND, VMAC);
    await eventually(() => {
      assert.deepEqual(via(1), { kind: 'remote', vtep: '192.0.2.2' });
      assert.deepEqual(via(2), { kind: 'endpoint', endpoint: 'vip-2' });
      assert.deepEqual(via(3), { kind: 'remote', vtep: '192.0.2.2' });
    });
    await has(VIP, VMAC);
    await change('vip-2', { allowedAddresses: [{ ip: SECOND, mac: VMAC }] });
    await has(VIP, undefined);
    await has(SECOND, VMAC);
  });

  it('are reached from other networks by their router', async () => {
    const { client } = nva;
    const spec = networkSpec({ vni: 200 });
    await client.virtualNetworks.create({ ...request, id: 'far', spec }, call);
    const near = subnetSpec({ network: 'net', prefix: '10.0.0.0/24', gateway: '10.0.0.254' });
    await client.subnets.create({ ...request, id: 'near', spec: near }, call);
    const away = subnetSpec({ network: 'far', prefix: '10.9.0.0/24', gateway: '10.9.0.254' });
    await client.subnets.create({ ...request, id: 'away', spec: away }, call);
    const router = routerSpec({ vrfId: 7, subnets: ['near', 'away'] });
    await client.routers.create({ ...request, id: 'r', spec: router }, call);
    await host(1).sees('vip-1', VIP, mac(1));
    const key = `gwneigh/7/100/${VIP}`;
    const neighbor = { kind: 'gateway_neighbor', vrf: 7, vni: 100, ip: VIP };
    await eventually(() => {
      assert.deepEqual(item(3, key), { ...neighbor, mac: mac(1) });
    });
    await host(2).sees('vip-2', VIP, mac(2));
    await eventually(() => {
      assert.deepEqual(item(3, key), { ...neighbor, mac: mac(2) });
    });
    await nva.client.endpoints.delete({ ...AS_IT_IS, id: 'vip-2' }, call);
    await eventually(() => {
      assert.equal(item(3, key), undefined);
    });
  });

  it('that move too often stay where they are, until that is cleared', async () => {
    await host(1).sees('vip-1', VIP, mac(1));
    await has(VIP, mac(1));
    for (let moves = 1; moves <= 5; moves++) {
      const n = moves % 2 === 1 ? 2 : 1;
      await host(n).sees(`vip-${n}`, VIP, mac(n));
      await has(VIP, mac(n));
    }
    const { duplicates } = await nva.client.virtualNetworks.get('net', call);
    assert.deepEqual(
      duplicates.map(({ kind, address, endpoint, nve, moves }) => [
        kind,
        address,
        endpoint,
        nve,
        moves,
      ]),
      [['IP', VIP, 'vip-2', 'host-2', 5]],
    );
    await host(1).sees('vip-1', VIP, mac(1));
    await afterAll(1);
    await has(VIP, mac(2));
    const clear = { id: 'net', addresses: [VIP], ...AS_IT_IS };
    await nva.client.duplicates.clear(clear, call);
    await host(1).sees('vip-1', VIP, mac(1));
    await has(VIP, mac(1));
  });

  it('are nobody’s own, and what is somebody’s own is not allowed', async () => {
    const { client } = nva;
    await refusedWith(
      'IP_IN_USE',
      create('x', 3, [{ ip: '10.0.0.3', mac: '' }], { mac: mac(8), ips: [] }),
    );
    await refusedWith('IP_IN_USE', create('x', 3, [], { mac: mac(8), ips: [VIP] }));
    await refusedWith('IP_IN_USE', change('other', { ips: [VIP] }));
    await refusedWith(
      'MAC_IN_USE',
      change('vip-1', { allowedAddresses: [{ ip: VIP, mac: mac(3) }] }),
    );
    await change('vip-1', { allowedAddresses: [{ ip: VIP, mac: VMAC }] });
    await refusedWith('MAC_IN_USE', change('other', { mac: VMAC }));
    const gateway = { network: 'net', prefix: '10.0.0.0/24', gateway: VIP };
    const subnet = { ...request, id: 's', spec: subnetSpec(gateway) };
    await refusedWith('IP_IN_USE', client.subnets.create(subnet, call));
    const spec = subnetSpec({ ...gateway, gateway: '10.0.0.254' });
    await client.subnets.create({ ...subnet, spec }, call);
    const router = routerSpec({ vrfId: 7, subnets: ['s'], gatewayMac: VMAC });
    await refusedWith(
      'MAC_IN_USE',
      client.routers.create({ ...request, id: 'r', spec: router }, call),
    );
    await refusedWith(
      'IP_IN_USE',
      change('vip-2', { allowedAddresses: [{ ip: '10.0.0.254', mac: '' }] }),
    );
    await refusedWith('RESOURCE_IN_USE', client.subnets.delete({ ...AS_IT_IS, id: 's' }, call));
    for (const id of ['vip-1', 'vip-2']) await change(id, { allowedAddresses: [] });
    await change('other', { ips: [VIP] });
  });

  it('are not given to those that ask for any address', async () => {
    const pool = { first: '10.0.1.10', last: '10.0.1.11' };
    const spec = subnetSpec({ prefix: '10.0.1.0/24', gateway: '10.0.1.1', pools: [pool] });
    await nva.client.subnets.create({ ...request, id: 's', spec }, call);
    await change('vip-1', { allowedAddresses: [{ ip: '10.0.1.10', mac: '' }] });
    await create('x', 3, [], { mac: mac(8), ips: [], subnets: ['s'] });
    assert.deepEqual((await nva.client.endpoints.get('x', call)).spec.ips, ['10.0.1.11']);
    const other = create('y', 3, [], { mac: mac(9), ips: [], subnets: ['s'] });
    await refusedWith('ADDRESSES_EXHAUSTED', other);
  });

  it('a plan tells what becomes of them, and takes an address from all to one', async () => {
    await host(1).sees('vip-1', VIP, mac(1));
    await has(VIP, mac(1));
    const put = async (id: string, changes: Partial<EndpointSpec>): Promise<Wanted> => {
      const { spec } = await nva.client.endpoints.get(id, call);
      return { put: { kind: 'Endpoint', id, spec: { ...spec, ...changes } }, etag: '' };
    };
    const renamed = await plan(nva.client, await put('vip-1', { displayName: 'first' }));
    assert.deepEqual([renamed.changes.length, renamed.nves], [1, []]);
    const wanted = await Promise.all([
      put('vip-1', { allowedAddresses: [] }),
      put('vip-2', { allowedAddresses: [] }),
      put('other', { ips: ['10.0.0.3', VIP] }),
    ]);
    const { nves } = await plan(nva.client, ...wanted);
    for (const { nve, items } of nves) {
      const found = items.find(({ key }) => key === `neigh/100/${VIP}`);
      assert.equal(found?.action, 'CHANGE', nve);
    }
    assert.deepEqual(
      nves.map(({ nve }) => nve),
      ['host-1', 'host-2', 'host-3'],
    );
    const before = nva.store.status().revision;
    await applyAll(nva.client, ...wanted);
    const taken = { kind: 'neighbor_entry', vni: 100, ip: VIP, mac: mac(3) };
    await eventually(() => {
      assert.deepEqual(item(1, `neigh/100/${VIP}`), taken);
    });
    await refusedWith('IP_IN_USE', change('vip-1', { allowedAddresses: [{ ip: VIP, mac: '' }] }));
    await rollBack(nva.client, before);
    await has(VIP, mac(1));
    await refusedWith('IP_IN_USE', change('other', { ips: [VIP] }));
  });
});
