import assert from 'node:assert/strict';
import { NfvError } from '../../../src/errors.js';
import { parseAccessPolicy, type AccessPolicy } from '../../../src/model/access-policy.js';
import { systemClock } from '../../../src/model/clock.js';
import { Nva } from '../../../src/nva/nva.js';
import { openLmdbStore } from '../../../src/store/lmdb/store.js';
import type { Store } from '../../../src/store/store.js';
import { nullLog } from '../../support/null-log.js';
import { refusedWith } from '../../support/refusals.js';
import { endpointSpec, networkSpec, nveSpec, routerSpec, subnetSpec } from '../../support/specs.js';
import { tempDir } from '../../support/temp-dir.js';

const call = { signal: new AbortController().signal };
const NEW = { requestId: '', validateOnly: false };
const GONE = { etag: '', validateOnly: false };

const POLICY = `quotas:
  default: { virtualNetworks: 3, subnets: 2, routers: 1, endpoints: 4 }
  tenants:
    red: { virtualNetworks: 1 }
    big: { endpoints: 30, virtualNetworks: 40 }
`;

describe('quotas', function () {
  this.timeout(20_000);
  let dir: ReturnType<typeof tempDir>;
  let store: Store;
  let policy: AccessPolicy;
  const running: Nva[] = [];

  const start = async (): Promise<Nva> => {
    const options = {
      store,
      clock: systemClock,
      log: nullLog,
      keepRevisions: 100_000,
      policy: () => policy,
    };
    const nva = await Nva.start({ ...options, vniRange: { min: 4096, max: 8191 } });
    running.push(nva);
    return nva;
  };
  let nva: Nva;
  beforeEach(async () => {
    dir = tempDir();
    store = await openLmdbStore({ path: `${dir.path}/data` });
    policy = parseAccessPolicy(POLICY, 'policy.yaml');
    nva = await start();
    await nva.nves.create({ ...NEW, id: 'host-a', spec: nveSpec(['192.0.2.1']) }, call);
  });
  afterEach(async () => {
    for (const one of running.splice(0)) await one.stop();
    await store.close();
    dir.remove();
  });

  const network = (id: string, tenant: string, of = nva): Promise<unknown> =>
    of.virtualNetworks.create({ ...NEW, id, spec: networkSpec({ tenant }) }, call);
  const endpoint = (id: string, on: string, of = nva): Promise<unknown> => {
    const port = { kind: 'veth', netns: 'ns', interface: id, hostInterface: '' } as const;
    const spec = endpointSpec({ network: on, nve: 'host-a', mac: '', ips: [], port });
    return of.endpoints.create({ ...NEW, id, spec }, call);
  };
  const over = async (create: Promise<unknown>, text: string): Promise<void> => {
    const error = await refusedWith('QUOTA_EXCEEDED', create);
    assert.equal(error.message, text);
  };

  it('refuse one too many of each kind, for its tenant only', async () => {
    for (const id of ['a', 'b', 'c']) await network(id, 'blue');
    await over(network('d', 'blue'), 'tenant blue has 3 virtualNetworks, and may have 3');
    await network('red', 'red');
    await over(network('red-2', 'red'), 'tenant red has 1 virtualNetworks, and may have 1');
    for (const id of ['s1', 's2', 's3']) {
      const net = `10.${id.slice(1)}.0`;
      const spec = subnetSpec({
        ...{ network: 'a', prefix: `${net}.0/24`, gateway: `${net}.1`, pools: [] },
      });
      const create = nva.subnets.create({ ...NEW, id, spec }, call);
      if (id === 's3') await over(create, 'tenant blue has 2 subnets, and may have 2');
      else await create;
    }
    const router = routerSpec({ tenant: 'blue', subnets: [] });
    await nva.routers.create({ ...NEW, id: 'r1', spec: router }, call);
    const second = nva.routers.create({ ...NEW, id: 'r2', spec: router }, call);
    await over(second, 'tenant blue has 1 routers, and may have 1');
    // Over all networks of the tenant.
    for (const [id, on] of Object.entries({ e1: 'a', e2: 'a', e3: 'b', e4: 'c' })) {
      await endpoint(id, on);
    }
    await over(endpoint('e5', 'b'), 'tenant blue has 4 endpoints, and may have 4');
    await endpoint('e6', 'red');
  });

  it('have room again for what is deleted, at once', async () => {
    await network('red', 'red');
    for (let i = 0; i < 20; i++) {
      await nva.virtualNetworks.delete({ ...GONE, id: 'red' }, call);
      await network('red', 'red');
    }
    await refusedWith('QUOTA_EXCEEDED', network('other', 'red'));
  });

  it('let what is there change, and a dry run say what would be', async () => {
    await network('red', 'red');
    const changes = { displayName: 'Red' };
    await nva.virtualNetworks.update({ ...GONE, id: 'red', changes }, call);
    const dry = { ...NEW, validateOnly: true, id: 'x', spec: networkSpec({ tenant: 'red' }) };
    await refusedWith('QUOTA_EXCEEDED', nva.virtualNetworks.create(dry, call));
  });

  it('count what was there before the process', async () => {
    await network('red', 'red');
    const again = await start();
    await refusedWith('QUOTA_EXCEEDED', network('red-2', 'red', again));
  });

  it('are exact when many create at once, in one process', async () => {
    await network('big', 'big');
    const all = await Promise.allSettled(
      Array.from({ length: 100 }, (_, i) => endpoint(`e${i}`, 'big')),
    );
    assert.deepEqual(outcomes(all), { created: 30, QUOTA_EXCEEDED: 70 });
  });

  it('are never overshot by two processes together', async () => {
    const other = await start();
    const all = await Promise.allSettled(
      Array.from({ length: 100 }, (_, i) => network(`n${i}`, 'big', i % 2 === 0 ? nva : other)),
    );
    const { created = 0, WRITE_CONFLICT = 0, QUOTA_EXCEEDED = 0, ...rest } = outcomes(all);
    assert.deepEqual(rest, {});
    assert.ok(created <= 40 && created + WRITE_CONFLICT + QUOTA_EXCEEDED === 100);
    const { resources } = await nva.virtualNetworks.list(
      { pageSize: 1000, pageToken: '', filter: '' },
      call,
    );
    assert.equal(resources.length, created);
    // Whoever repeats fills it up, to the last one.
    for (let i = 0; created + i < 40; i++) await network(`m${i}`, 'big', other);
    await refusedWith('QUOTA_EXCEEDED', network('last', 'big', nva));
    await refusedWith('QUOTA_EXCEEDED', network('last', 'big', other));
  });

  it('are those of the policy as it is now', async () => {
    await network('a', 'red');
    await over(network('b', 'red'), 'tenant red has 1 virtualNetworks, and may have 1');
    policy = parseAccessPolicy('bindings: []', 'policy.yaml');
    await network('b', 'red');
    policy = parseAccessPolicy('quotas: { default: { virtualNetworks: 2 } }', 'policy.yaml');
    await over(network('c', 'red'), 'tenant red has 2 virtualNetworks, and may have 2');
  });

  it('are checked when they are read', () => {
    for (const [text, fault] of [
      ['quotas: { default: { nves: 3 } }', /quotas\.default.*nves/],
      ['quotas: { default: { endpoints: -1 } }', /quotas\.default\.endpoints/],
      ['quotas: { tenants: { Blue: {} } }', /quotas\.tenants/],
    ] as const) {
      assert.throws(() => parseAccessPolicy(text, 'p'), { code: 'CONFIG_INVALID', message: fault });
    }
  });
});

function outcomes(all: readonly PromiseSettledResult<unknown>[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const one of all) {
    const what = one.status === 'fulfilled' ? 'created' : NfvError.from(one.reason).code;
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}
