/** Addresses that move too often: counted in the store, by two NVAs, over restarts. */
import assert from 'node:assert/strict';
import { z } from 'zod';
import { callerOf, parseAccessPolicy } from '../../../src/model/access-policy.js';
import { canonicalJson } from '../../../src/model/canonical.js';
import type { Endpoint } from '../../../src/model/endpoint.js';
import type { PlacedEndpoint } from '../../../src/model/migration.js';
import { NEW_VHOST_USER } from '../../../src/model/vpp-ports.js';
import { forgetMoves } from '../../../src/nva/mobility/clear.js';
import { GuardingNva } from '../../../src/nva/access/guarding.js';
import { MOVES, movesKey } from '../../../src/nva/keys.js';
import { Nva } from '../../../src/nva/nva.js';
import { scan } from '../../../src/nva/scan.js';
import { openLmdbStore } from '../../../src/store/lmdb/store.js';
import type { Store } from '../../../src/store/store.js';
import { applyAll, applyPlan, endpoint, gone, plan, wanted } from '../../support/changes-world.js';
import { FakeClock } from '../../support/fake-clock.js';
import { NEW } from '../../support/guarded.js';
import { call } from '../../support/nva-harness.js';
import { nullLog } from '../../support/null-log.js';
import { refusedWith } from '../../support/refusals.js';
import { endpointSpec, networkSpec, nveSpec } from '../../support/specs.js';
import { tempDir } from '../../support/temp-dir.js';

const MAC = '02:00:00:00:00:0a';
const IP = '10.0.0.10';
const AS_IT_IS = { etag: '', validateOnly: false };
const LIMITS = { moves: 5, windowMs: 180_000, macHoldMs: 0, ipHoldMs: 540_000 };

const withLeft = z.looseObject({ left: z.looseObject({}) });

const tap = (name: string): Endpoint['spec']['port'] => ({
  kind: 'tap',
  ...{ interface: name, ownerUid: 0, multiQueue: false, vnetHdr: false },
});

describe('an address that moves', function () {
  this.timeout(20_000);
  let dir: ReturnType<typeof tempDir>;
  let store: Store;
  let clock: FakeClock;
  let nva: Nva;
  let other: Nva;
  const running: Nva[] = [];

  const start = async (): Promise<Nva> => {
    const options = { store, clock, log: nullLog, keepRevisions: 100_000 };
    const one = await Nva.start({ ...options, vniRange: { min: 4096, max: 8191 } });
    running.push(one);
    return one;
  };
  beforeEach(async () => {
    dir = tempDir();
    store = await openLmdbStore({ path: `${dir.path}/data` });
    clock = new FakeClock();
    nva = await start();
    other = await start();
    for (const [id, address] of [
      ['host-a', '192.0.2.1'],
      ['host-b', '192.0.2.2'],
    ] as const) {
      await nva.nves.create({ ...NEW, id, spec: nveSpec([address]) }, call);
    }
    await nva.virtualNetworks.create({ ...NEW, id: 'blue', spec: networkSpec() }, call);
    await attach('web', 'host-a');
  });
  afterEach(async () => {
    for (const one of running.splice(0)) await one.stop();
    await store.close();
    dir.remove();
  });

  const attach = (id: string, host: string, by = nva): Promise<Endpoint> => {
    const spec = endpointSpec({
      ...{ network: 'blue', nve: host, mac: MAC, ips: [IP], port: tap(`${id}-${host}`) },
    });
    return by.endpoints.create({ ...NEW, id, spec }, call);
  };
  const move = (host: string, by = nva): Promise<Endpoint> =>
    by.endpoints.update({ ...AS_IT_IS, id: 'web', changes: { nve: host } }, call);
  const hosts = ['host-b', 'host-a'];
  /** From host-a to host-b, back, and so on. */
  const moveTimes = async (times: number, by: readonly Nva[] = [nva]): Promise<void> => {
    for (let i = 0; i < times; i++) await move(hosts[i % 2] ?? '', by[i % by.length]);
  };
  const frozen = async (): Promise<string[]> =>
    (await nva.virtualNetworks.get('blue')).duplicates.map(({ address }) => address);
  const clear = (...addresses: readonly string[]): Promise<unknown> =>
    nva.duplicates.clear({ ...AS_IT_IS, id: 'blue', addresses }, call);

  it('is frozen with its fifth move in 180 s, wherever it was asked for, and says so', async () => {
    await moveTimes(4, [nva, other]);
    assert.deepEqual(await frozen(), []);
    // What is counted is in the store.
    const again = await start();
    await move('host-b', again);
    const since = new Date(clock.now()).toISOString();
    const until = new Date(clock.now() + 540_000).toISOString();
    const { duplicates } = await other.virtualNetworks.get('blue');
    assert.deepEqual(duplicates, [
      { kind: 'MAC', address: MAC, endpoint: 'web', nve: 'host-b', moves: 5, since, until: '' },
      { kind: 'IP', address: IP, endpoint: 'web', nve: 'host-b', moves: 5, since, until },
    ]);
    const error = await refusedWith('DUPLICATE_ADDRESS', move('host-a', other));
    assert.deepEqual(
      error.violations.map(({ field, value }) => [field, value]),
      [
        ['endpoint.nve', MAC],
        ['endpoint.nve', IP],
      ],
    );
    assert.match(
      error.message,
      /after 5 moves: it stays where endpoints\/web had it, on nves\/host-b/,
    );
    assert.match(error.remedy, /nfvctl clear-duplicates blue 02:00:00:00:00:0a/);
    await refusedWith('DUPLICATE_ADDRESS', move('host-a', await start()));
    // Where it is, it can be changed.
    const changes = { displayName: 'Web' };
    await nva.endpoints.update({ ...AS_IT_IS, id: 'web', changes }, call);
  });

  it('is not, where it moves more slowly', async () => {
    for (let i = 0; i < 12; i++) {
      await move(hosts[i % 2] ?? '');
      await clock.advance(46_000);
    }
    assert.deepEqual(await frozen(), []);
  });

  it('counts another port of the same host, and each attempt to move is checked alone', async () => {
    for (let i = 0; i < 5; i++) {
      const changes = { port: tap(`tap-${i}`) };
      const dry = { etag: '', validateOnly: true, id: 'web', changes };
      await nva.endpoints.update(dry, call);
      await nva.endpoints.update({ ...AS_IT_IS, id: 'web', changes }, call);
    }
    assert.deepEqual(await frozen(), [MAC, IP]);
    const changes = { port: tap('tap-9') };
    const again = nva.endpoints.update({ ...AS_IT_IS, id: 'web', changes }, call);
    const { violations } = await refusedWith('DUPLICATE_ADDRESS', again);
    assert.equal(violations[0]?.field, 'endpoint.port');
  });

  it('does not count other options of the same port', async () => {
    const port = { ...NEW_VHOST_USER, socket: '/run/nfvd/vhost/web' };
    await nva.endpoints.update({ ...AS_IT_IS, id: 'web', changes: { port } }, call);
    for (const socketMode of [0o600, 0o640, 0o644, 0o660, 0o666, 0o600]) {
      const changes = { port: { ...port, socketMode, gso: socketMode === 0o640 } };
      await nva.endpoints.update({ ...AS_IT_IS, id: 'web', changes }, call);
    }
    assert.deepEqual(await frozen(), []);
  });

  it('counts from endpoint to endpoint, and stays refused when nobody has it', async () => {
    const remove = (id: string): Promise<void> => nva.endpoints.delete({ ...AS_IT_IS, id }, call);
    for (let i = 0; i < 5; i++) {
      await remove(i % 2 === 0 ? 'web' : 'twin');
      await attach(i % 2 === 0 ? 'twin' : 'web', hosts[i % 2] ?? '', other);
    }
    assert.deepEqual(await frozen(), [MAC, IP]);
    await remove('twin');
    const { violations } = await refusedWith('DUPLICATE_ADDRESS', attach('web', 'host-a'));
    assert.deepEqual(
      violations.map(({ field }) => field),
      ['endpoint.mac', 'endpoint.ips[0]'],
    );
    // Where it was it may be again.
    await attach('twin', 'host-b');
  });

  it('counts no return to the place that it left, nor in another network of the name', async () => {
    for (let i = 0; i < 8; i++) {
      await nva.endpoints.delete({ ...AS_IT_IS, id: 'web' }, call);
      await attach('web', 'host-a');
    }
    assert.deepEqual(await frozen(), []);
    await moveTimes(4);
    await nva.endpoints.delete({ ...AS_IT_IS, id: 'web' }, call);
    await nva.virtualNetworks.delete({ ...AS_IT_IS, id: 'blue' }, call);
    await clock.advance(10);
    await nva.virtualNetworks.create({ ...NEW, id: 'blue', spec: networkSpec() }, call);
    await attach('web', 'host-b');
    await move('host-a');
    assert.deepEqual(await frozen(), []);
  });

  it('counts no return to a place that a version before has written: the whole port', async () => {
    const { nve, port } = (await nva.endpoints.get('web')).spec;
    for (let i = 0; i < 8; i++) {
      await nva.endpoints.delete({ ...AS_IT_IS, id: 'web' }, call);
      for await (const { key, value } of scan(store, MOVES)) {
        const record = withLeft.parse(JSON.parse(value));
        const left = { ...record.left, place: canonicalJson({ nve, port }) };
        const put = { kind: 'put', key, value: JSON.stringify({ ...record, left }) } as const;
        await store.txn({ compare: [], ops: [put] });
      }
      await attach('web', 'host-a');
    }
    assert.deepEqual(await frozen(), []);
  });

  it('counts what plans do, refuses them, and never an undo', async () => {
    const at = (host: string): ReturnType<typeof endpoint> =>
      endpoint('web', { nve: host, mac: MAC, ips: [IP], port: tap('web-host-a') });
    for (let i = 0; i < 4; i++) await applyAll(nva, at(hosts[i % 2] ?? ''));
    await applyPlan(nva, wanted(at('host-b')), 60_000);
    assert.deepEqual(await frozen(), [MAC, IP]);
    await nva.changes.confirm({ revision: 0, undo: true }, call);
    assert.equal((await nva.endpoints.get('web')).spec.nve, 'host-a');
    const { violations } = await refusedWith('DUPLICATE_ADDRESS', plan(nva, at('host-b')));
    assert.equal(violations[0]?.field, 'changes[0].put.endpoint.nve');
    // A VIP that changes hands in one plan has moved as well.
    await clear();
    for (let i = 0; i < 5; i++) {
      const [from, to] = i % 2 === 0 ? (['web', 'twin'] as const) : (['twin', 'web'] as const);
      const fields = { nve: 'host-a', mac: MAC, ips: [IP], port: tap(`vip-${to}`) };
      await applyAll(nva, gone('Endpoint', from), endpoint(to, fields));
    }
    assert.deepEqual(await frozen(), [MAC, IP]);
  });

  it('refuses a migration, and counts one that ends', async () => {
    await moveTimes(5);
    const request = { id: 'web', nve: 'host-a', port: tap('web-2'), hold: false, timeoutMs: 0 };
    const migrate = nva.migrations.migrate({ ...AS_IT_IS, ...request, requestId: '' }, call);
    const { violations } = await refusedWith('DUPLICATE_ADDRESS', migrate);
    assert.equal(violations[0]?.field, 'nve');
    await clear();
    for (let i = 0; i < 5; i++) {
      const target = hosts[(i + 1) % 2] ?? '';
      const begin = { ...request, nve: target, port: tap(`web-${i}`), requestId: '' };
      await nva.migrations.migrate({ ...AS_IT_IS, ...begin }, call);
      for (const phase of ['SWITCHING', 'FINISHED'] as const) {
        // As the driver commits it; that it does is told by its own tests.
        const go = (spec: PlacedEndpoint): PlacedEndpoint => {
          assert.ok(spec.migration);
          const { port } = spec.migration;
          return { ...spec, nve: target, port, migration: { ...spec.migration, phase } };
        };
        await nva.endpoints.revise({ ...AS_IT_IS, id: 'web', byUser: false }, go, call);
      }
    }
    assert.deepEqual(await frozen(), [MAC, IP]);
  });

  it('may move again when it is cleared, or its time is over, and counts anew', async () => {
    await moveTimes(5);
    await clear(MAC.toUpperCase());
    assert.deepEqual(await frozen(), [IP]);
    await refusedWith('DUPLICATE_ADDRESS', move('host-a'));
    await clock.advance(540_001);
    await move('host-a');
    await forgetMoves(store, LIMITS, clock.now(), call.signal);
    assert.deepEqual(await frozen(), []);
    await moveTimes(3);
    assert.deepEqual(await frozen(), []);
    await move('host-a');
    await clear();
    await refusedWith('INVALID_FIELD', clear('blue'));
    const missing = nva.duplicates.clear({ ...AS_IT_IS, id: 'red', addresses: [] }, call);
    await refusedWith('NOT_FOUND', missing);
  });

  it('leaves nothing in the store once it no longer counts', async () => {
    const keys = async (): Promise<string[]> => {
      const all: string[] = [];
      for await (const { key } of scan(store, MOVES)) all.push(key);
      return all.sort();
    };
    await move('host-b');
    assert.deepEqual(await keys(), [movesKey('blue', MAC), movesKey('blue', IP)].sort());
    assert.equal(await forgetMoves(store, LIMITS, clock.now(), call.signal), 0);
    await clock.advance(180_000);
    assert.equal(await forgetMoves(store, LIMITS, clock.now(), call.signal), 2);
    assert.deepEqual(await keys(), []);
  });

  it('is an event for who may read the network, and cleared by who may write it', async () => {
    await moveTimes(5);
    const seen = [];
    const stop = new AbortController();
    const request = { follow: false, kinds: [], tenant: '', resource: '' };
    for await (const event of nva.observation.events(request, { signal: stop.signal })) {
      if (event.kind === 'DUPLICATE') seen.push([event.resource, event.tenant, event.nve]);
    }
    const { tenant } = networkSpec();
    const of = ['virtualNetworks/blue', tenant, 'host-b'];
    assert.deepEqual(seen, [of, of]);
    const policy = parseAccessPolicy(
      `bindings:
  - { users: [alice], role: tenant, tenants: [${tenant}] }
  - { users: [bob], role: tenant, tenants: [other] }
  - { users: [monitor], role: viewer }
`,
      'p',
    );
    const guarding = new GuardingNva(nva);
    const by = (user: string): Promise<unknown> => {
      const caller = callerOf(policy, { kind: 'user', name: user });
      const all = { ...AS_IT_IS, id: 'blue', addresses: [] };
      return guarding.duplicates.clear(all, { ...call, caller });
    };
    await refusedWith('NOT_FOUND', by('bob'));
    await refusedWith('ACCESS_DENIED', by('monitor'));
    assert.deepEqual(await frozen(), [MAC, IP]);
    await by('alice');
    assert.deepEqual(await frozen(), []);
  });
});
