/**
 * What an attach costs others: no NVE's configuration is compiled anew, and not a byte goes to an
 * NVE that is not in the network, nor in one behind the same router.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { CountingRelay } from '../../support/counting-relay.js';
import { FakeNve } from '../../support/fake-nve.js';
import { call, NvaHarness } from '../../support/nva-harness.js';
import { create } from '../../support/small-model.js';
import { endpointSpec, networkSpec, nveSpec, routerSpec, subnetSpec } from '../../support/specs.js';
import { tempDir } from '../../support/temp-dir.js';

/** Networks and their NVEs; a router joins the first two. */
const NETWORKS = { blue: ['host-a', 'host-b'], red: ['host-c'], green: ['host-d', 'host-e'] };
const ROUTED = ['blue', 'red'];
const NVES = Object.values(NETWORKS).flat();

interface Heard {
  readonly bytes: number;
  readonly deltas: number;
}

describe('an attach', function () {
  const directory = tempDir();
  const nves = new Map<string, { readonly relay: CountingRelay; readonly fake: FakeNve }>();
  let harness: NvaHarness;
  let count = 0;

  before(async () => {
    harness = await NvaHarness.start();
    const { client: api } = harness;
    for (const [i, id] of NVES.entries()) {
      await api.nves.create(create(id, nveSpec([`192.0.2.${i + 1}`])), call);
      const socket = join(directory.path, `${id}.sock`);
      const relay = await CountingRelay.open(socket, harness.socket);
      nves.set(id, { relay, fake: new FakeNve({ name: id, socket }) });
    }
    for (const [n, [id, members]] of Object.entries(NETWORKS).entries()) {
      await api.virtualNetworks.create(create(id, networkSpec({ vni: 100 + n })), call);
      const subnet = subnetSpec({ network: id, prefix: `10.${n}.0.0/24`, gateway: `10.${n}.0.1` });
      await api.subnets.create(create(`of-${id}`, subnet), call);
      for (const nve of members) await attach(id, nve);
    }
    const subnets = ROUTED.map((id) => `of-${id}`);
    await api.routers.create(create('r', routerSpec({ vrfId: 7, subnets })), call);
    for (const { fake } of nves.values()) await fake.connect();
    await applied(0);
  });

  after(async () => {
    for (const { fake, relay } of nves.values()) {
      await fake.disconnect();
      await relay.close();
    }
    await harness.close();
    directory.remove();
  });

  /** @returns the revision */
  async function attach(network: string, nve: string): Promise<number> {
    const n = ++count;
    const id = `endpoint-${n}`;
    const host = 10 + n;
    const spec = endpointSpec({
      ...{ network, nve },
      port: { kind: 'veth', netns: id, interface: 'eth0', hostInterface: '' },
      mac: `02:00:00:00:00:${host}`,
      ips: [`10.${Object.keys(NETWORKS).indexOf(network)}.0.${host}`],
    });
    return (await harness.client.endpoints.create(create(id, spec), call)).meta.revision;
  }

  async function applied(revision: number): Promise<void> {
    const result = await harness.client.waitApplied({ revision, timeoutMs: 5000 }, call);
    assert.ok(result.applied, JSON.stringify(result.laggards));
  }

  function heard(): Map<string, Heard> {
    return new Map(
      [...nves].map(([id, { relay, fake }]) => {
        return [id, { bytes: relay.bytesFromNva, deltas: fake.deltas.length }];
      }),
    );
  }

  const cases = [
    ['a network of its own', 'green', 'host-d', ['host-d', 'host-e']],
    ['a network with a router', 'blue', 'host-b', ['host-a', 'host-b', 'host-c']],
    ['the other network of the router', 'red', 'host-c', ['host-a', 'host-b', 'host-c']],
  ] as const;

  for (const [where, network, nve, concerned] of cases) {
    it(`in ${where} costs one small compile and one delta for each NVE of it, and others nothing`, async () => {
      const { client, nva } = harness;
      // What the NVA itself still writes of the last one is over.
      await client.waitApplied({ revision: 0, timeoutMs: 5000 }, call);
      const before = heard();
      const counters = { ...nva.compileCounters };
      await applied(await attach(network, nve));
      const endpoint = counters.endpoint + concerned.length;
      assert.deepEqual(nva.compileCounters, { ...counters, endpoint });
      for (const [id, { bytes, deltas }] of heard()) {
        const was = before.get(id) ?? { bytes: NaN, deltas: NaN };
        const isConcerned = concerned.some((one) => one === id);
        assert.equal(deltas - was.deltas, isConcerned ? 1 : 0, id);
        if (isConcerned) assert.ok(bytes > was.bytes, id);
        else assert.equal(bytes - was.bytes, 0, id);
      }
    });
  }
});
