/** etcd that is full, compacted by others, locked, put back, or set up otherwise. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../../../src/model/clock.js';
import { EtcdClient } from '../../../../src/rpc/etcd/client.js';
import { LOOK_MS, TlsKeeper } from '../../../../src/rpc/tls-keeper.js';
import type { TlsFiles } from '../../../../src/rpc/tls-material.js';
import { openEtcdStore } from '../../../../src/store/etcd/store.js';
import { LIMITS, type Store } from '../../../../src/store/store.js';
import { authority, certificate, needOpenssl } from '../../../support/certificates.js';
import { EtcdCluster, needEtcd, type EtcdOptions } from '../../../support/etcd.js';
import { eventually } from '../../../support/eventually.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { LabCa, putFile } from '../../../support/lab-ca.js';
import { commit, del, next, op, put, rejects, watchFor } from '../../../support/store-helpers.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const PREFIX = '/nfvt/';

describe('etcd: troubles', function () {
  this.timeout(60_000);
  let closing: (() => Promise<void>)[] = [];

  before(function () {
    needEtcd(this);
  });

  afterEach(async () => {
    for (const close of closing.reverse()) await close();
    closing = [];
  });

  async function start(options?: EtcdOptions): Promise<EtcdCluster> {
    const cluster = await EtcdCluster.start(options);
    closing.push(() => cluster.stop());
    return cluster;
  }

  async function open(cluster: EtcdCluster, maxTxnOps?: number): Promise<Store> {
    const store = await openEtcdStore({
      api: cluster.client(),
      prefix: PREFIX,
      ...(maxTxnOps === undefined ? {} : { maxTxnOps }),
    });
    closing.push(() => store.close());
    return store;
  }

  it('out of space: writes are refused, reads and watches go on; there is a way back', async () => {
    const cluster = await start({ args: ['--quota-backend-bytes', String(16 * 1024 * 1024)] });
    const store = await open(cluster);
    const first = await put(store, 'a', '1');
    const value = 'v'.repeat(LIMITS.valueBytes / 2);
    const full = await rejects(
      (async () => {
        for (let i = 0; i < 100; i++) await put(store, 'big', value);
      })(),
      'STORE_FULL',
    );
    assert.match(full.remedy, /defrag.*alarm disarm/);
    await rejects(put(store, 'b', '1'), 'STORE_FULL');
    assert.equal((await store.get('a'))?.value, '1');
    assert.equal((await watchFor(store, { prefix: 'a', after: first - 1 }, 1)).length, 1);
    await store.compact(store.status().revision);
    await cluster.ctl(['defrag']);
    await cluster.ctl(['alarm', 'disarm']);
    await put(store, 'b', '1');
  });

  it('compacted by others, beyond all that the store ever wrote', async () => {
    const cluster = await start();
    const store = await open(cluster);
    const old = await put(store, 'a', '1');
    const { signal } = new AbortController();
    const gone = store.watch({ prefix: '', after: old - 1, signal })[Symbol.asyncIterator]();
    const revision = await put(store, 'a', '2');
    const waiting = store.watch({ prefix: '', after: revision, signal })[Symbol.asyncIterator]();
    const told = waiting.next();
    for (let i = 0; i < 20; i++) await cluster.ctl(['put', 'foreign', String(i)]);
    await cluster.ctl(['compact', String(revision + 15)]);
    assert.equal((await store.get('a', revision))?.value, '2');
    assert.equal((await store.range({ prefix: '', revision })).kvs.length, 1);
    await rejects(store.get('a', old), 'REVISION_COMPACTED');
    assert.equal(store.status().compactRevision, revision);
    await rejects(gone.next(), 'REVISION_COMPACTED');
    // A watch from the latest revision has missed nothing.
    const late = next(store.watch({ prefix: '', after: revision, signal }));
    const third = await put(store, 'a', '3');
    assert.equal((await late)?.revision, third);
    const result = await told;
    assert.equal(result.done === true ? undefined : result.value.revision, third);
    await waiting.return?.();
  });

  it('compacted during a watch, whose reader lists again and goes on from there', async () => {
    const cluster = await start();
    const store = await open(cluster);
    const base = store.status().revision;
    const seen = new Map<string, string>();
    let relisted = 0;
    let go = (): void => undefined;
    const behind = new Promise<void>((resolve) => {
      go = resolve;
    });
    const stop = new AbortController();
    const follow = (async () => {
      for (let after = base; ;) {
        try {
          for await (const batch of store.watch({ prefix: '', after, signal: stop.signal })) {
            for (const event of batch.events) {
              if (event.kind === 'put') seen.set(event.kv.key, event.kv.value);
              else seen.delete(event.key);
            }
            if (seen.get('end') !== undefined) return;
            // Slower than the writer.
            await behind;
          }
        } catch (error) {
          assert.match(String(error), /compacted|is gone/);
          relisted++;
          seen.clear();
          const now = await store.range({ prefix: '', limit: 10_000 });
          for (const kv of now.kvs) seen.set(kv.key, kv.value);
          if (seen.get('end') !== undefined) return;
          after = now.revision;
        }
      }
    })();
    for (let i = 0; i < 1500; i++) {
      const ops = [op(`k${i % 50}`, `${i}${'x'.repeat(5000)}`)];
      if (i % 7 === 0) ops.push(del(`k${(i + 25) % 50}`));
      await commit(store, ...ops);
      if (i === 1400) {
        await store.compact(store.status().revision);
        go();
      }
    }
    await put(store, 'end', '');
    await follow;
    assert.ok(relisted > 0, 'it never fell behind');
    const { kvs } = await store.range({ prefix: '', limit: 10_000 });
    assert.deepEqual(new Map([...seen].sort()), new Map(kvs.map((kv) => [kv.key, kv.value])));
  });

  it('a batch as large as etcd was told to take is one transaction; a larger one is refused', async () => {
    const cluster = await start({ args: ['--max-txn-ops', '2056'] });
    const store = await open(cluster, 2056);
    assert.equal(store.txnOps, 2048);
    const compare = [{ kind: 'empty', prefix: 'k' } as const];
    const ops = Array.from({ length: 2047 }, (_, i) => op(`k${i}`, 'v'.repeat(400)));
    const result = await store.txn({ compare, ops });
    assert.ok(result.succeeded);
    const { revision } = result;
    const [batch] = await watchFor(store, { prefix: '', after: revision - 1 }, 1);
    assert.equal(batch?.events.length, 2047);
    const many = Array.from({ length: 2049 }, (_, i) => op(`m${i}`, ''));
    await rejects(store.txn({ compare: [], ops: many }), 'STORE_LIMIT');
    const deletes = Array.from({ length: 1000 }, (_, i) => del(`k${i}`));
    assert.equal(await commit(store, ...deletes), revision + 1);
    assert.equal(await commit(store, ...deletes), revision + 1);
  });

  it('takes fewer bytes than there are keys: told with the flag, and nothing is written', async () => {
    const cluster = await start({ args: ['--max-txn-ops', '4008'] });
    const store = await open(cluster, 4008);
    const ops = Array.from({ length: 4000 }, (_, i) => op(`k${i}-${'x'.repeat(450)}`, ''));
    const error = await rejects(store.txn({ compare: [], ops }), 'STORE_LIMIT');
    assert.match(error.remedy, /--max-request-bytes/);
    assert.equal((await store.range({ prefix: '' })).kvs.length, 0);
    const larger = await start({
      args: ['--max-txn-ops', '4008', '--max-request-bytes', '4194304'],
    });
    assert.ok((await commit(await open(larger, 4008), ...ops)) > 0);
  });

  it('takes fewer operations than it should: told at the opening, with the flag', async () => {
    const cluster = await start();
    const opening = openEtcdStore({ api: cluster.client(), prefix: PREFIX, maxTxnOps: 2056 });
    const error = await rejects(opening, 'STORE_LIMIT');
    assert.match(error.remedy, /--max-txn-ops=2056/);
  });

  it('is not there: told within the time', async () => {
    const endpoint = { kind: 'tcp', host: '127.0.0.1', port: 1 } as const;
    const api = new EtcdClient({ endpoints: [endpoint, endpoint], tryMs: 200, totalMs: 1000 });
    const error = await rejects(openEtcdStore({ api, prefix: PREFIX }), 'STORE_UNREACHABLE');
    assert.match(error.message, /127\.0\.0\.1:1.*ECONNREFUSED/);
  });

  it('lost its majority: reads and writes end in time, and go well when it is back', async () => {
    const cluster = await start({ members: 3 });
    const { endpoints } = cluster;
    const api = new EtcdClient({ endpoints, tryMs: 500, totalMs: 2000 });
    const store = await openEtcdStore({ api, prefix: PREFIX, patienceMs: 1000 });
    closing.push(() => store.close());
    const revision = await put(store, 'a', '1');
    for (const i of [0, 1]) await cluster.pause(i);
    await rejects(store.get('a'), 'STORE_UNREACHABLE');
    await rejects(put(store, 'b', '1'), 'STORE_FAILED');
    const { signal } = new AbortController();
    const watched = next(store.watch({ prefix: 'a', after: revision, signal }));
    for (const i of [0, 1]) cluster.resume(i);
    await eventually(() => put(store, 'a', '2'), 20_000);
    assert.equal((await store.get('a'))?.value, '2');
    assert.equal((await watched)?.events.length, 1);
  });

  it('put back from an older time under a running process: found out, and refused', async () => {
    const cluster = await start();
    const store = await open(cluster);
    await put(store, 'a', '1');
    // As after a restore, the store's own record is another.
    const made = await openEtcdStore({ api: cluster.client(), prefix: '/other/' });
    await made.close();
    const other = await cluster.ctl(['get', '/other/meta', '--print-value-only']);
    await cluster.ctl(['put', `${PREFIX}meta`, other.trim()]);
    await rejects(put(store, 'a', '2'), 'STORE_DAMAGED');
    await rejects(store.get('a'), 'STORE_DAMAGED');
    await cluster.ctl(['del', `${PREFIX}meta`]);
    const opening = openEtcdStore({ api: cluster.client(), prefix: PREFIX });
    const error = await rejects(opening, 'STORE_DAMAGED');
    assert.match(error.message, /but not \/nfvt\/meta/);
  });

  it('has two processes: each sees what the other does, and its epoch', async () => {
    const cluster = await start();
    const a = await open(cluster);
    const before = a.status().epoch;
    const b = await open(cluster);
    assert.ok(b.status().epoch > before);
    assert.equal(a.status().storeId, b.status().storeId);
    await eventually(() => a.status().epoch === b.status().epoch, 5000);
    const { signal } = new AbortController();
    const told = next(b.watch({ prefix: 'k', after: b.status().revision, signal }));
    const revision = await put(a, 'k', '1');
    assert.equal((await b.get('k'))?.modRevision, revision);
    assert.equal((await b.range({ prefix: '' })).revision, revision);
    assert.equal((await told)?.revision, revision);
    assert.equal(b.status().revision, revision);
  });

  describe('with users', () => {
    const password = 'a secret of etcd';

    async function withUsers(): Promise<{ cluster: EtcdCluster; file: string }> {
      const cluster = await start();
      const directory = await temporaryDirectory();
      closing.push(() => directory.remove());
      const file = join(directory.path, 'password');
      await writeFile(file, `${password}\n`);
      for (const args of [
        ['user', 'add', 'root:root'],
        ['user', 'grant-role', 'root', 'root'],
        ['role', 'add', 'nfvd'],
        ['role', 'grant-permission', 'nfvd', '--prefix=true', 'readwrite', PREFIX],
        ['user', 'add', `nfvd:${password}`],
        ['user', 'grant-role', 'nfvd', 'nfvd'],
        ['auth', 'enable'],
      ]) {
        await cluster.ctl(args);
      }
      return { cluster, file };
    }

    it('writes, reads and watches; a token that is no longer good is fetched anew', async () => {
      const { cluster, file } = await withUsers();
      const user = { username: 'nfvd', passwordFile: file };
      const api = new EtcdClient({ endpoints: cluster.endpoints, user });
      const store = await openEtcdStore({ api, prefix: PREFIX });
      closing.push(() => store.close());
      const { signal } = new AbortController();
      const told = next(store.watch({ prefix: '', after: store.status().revision, signal }));
      await put(store, 'a', '1');
      assert.equal((await told)?.events.length, 1);
      // Its tokens are in memory only.
      await cluster.kill(0);
      cluster.start(0);
      const revision = await put(store, 'a', '2');
      assert.equal((await store.get('a'))?.modRevision, revision);
    });

    it('refuses a wrong password, no user, and keys of others, and tells no secret', async () => {
      const { cluster, file } = await withUsers();
      const { endpoints } = cluster;
      const right = { username: 'nfvd', passwordFile: file };
      await writeFile(`${file}.wrong`, `${password}!`);
      const rows = [
        [{ username: 'nfvd', passwordFile: `${file}.wrong` }, PREFIX, 'STORE_REFUSED'],
        [undefined, PREFIX, 'STORE_REFUSED'],
        [right, '/elsewhere/', 'STORE_REFUSED'],
        [{ username: 'nfvd', passwordFile: `${file}.absent` }, PREFIX, 'FILE_UNREADABLE'],
      ] as const;
      for (const [user, prefix, code] of rows) {
        const api = new EtcdClient({ endpoints, user });
        const error = await rejects(openEtcdStore({ api, prefix }), code);
        assert.ok(!`${error.message} ${String(error.cause)}`.includes(password), error.message);
        if (user === undefined) assert.equal(error.remedy, 'configure a user: store.user');
      }
    });
  });

  for (const needsCertificate of [false, true]) {
    const whose = needsCertificate ? 'at both ends' : "of etcd's end";
    it(`over TLS with certificates ${whose}`, async function () {
      await needOpenssl(this);
      await overTls(needsCertificate);
    });
  }

  it('uses a new certificate, so that the old one can be revoked', async () => {
    const directory = await temporaryDirectory();
    closing.push(() => directory.remove());
    const ca = await LabCa.create(directory.path);
    const [server, old, renewed] = [
      await ca.issue('nva', 'server'),
      await ca.issue('nva', 'old'),
      await ca.issue('nva', 'renewed'),
    ];
    const cluster = await start({
      ...{ tls: server, needsCertificate: true },
      args: ['--client-crl-file', ca.path('crl.pem')],
    });
    const { endpoints } = cluster;
    const files = { ca: old.ca, cert: `${directory.path}/cert`, key: `${directory.path}/key` };
    const use = async ({ cert, key }: TlsFiles): Promise<void> => {
      putFile(files.key, await readFile(key, 'utf8'));
      putFile(files.cert, await readFile(cert, 'utf8'));
    };
    await use(old);
    const clock = new FakeClock();
    const none = (): void => undefined;
    const events = {
      ...{ loaded: none, ending: none, ended: none, refused: none, peerRefused: none },
    };
    const keeper = new TlsKeeper({
      clock: { ...systemClock, after: clock.after.bind(clock) },
      events,
    });
    closing.push(() => keeper.close());
    const source = keeper.keep(files);
    const store = await openEtcdStore({
      api: new EtcdClient({ endpoints, tls: source }),
      prefix: PREFIX,
    });
    closing.push(() => store.close());
    const after = await put(store, 'a', '1');
    const watched = watchFor(store, { prefix: 'a', after }, 2);
    await use(renewed);
    const taken = new Promise<void>((resolve) => void source.onChange(resolve));
    await clock.advance(LOOK_MS);
    await taken;
    await put(store, 'a', '2');
    await ca.revoke('old');
    // Connections that are up stay up, here too.
    await cluster.kill(0);
    cluster.start(0);
    await eventually(() => put(store, 'a', '3'), 20_000);
    assert.equal((await watched).length, 2);
    const api = new EtcdClient({ endpoints, tls: old, tryMs: 500, totalMs: 1500 });
    await rejects(openEtcdStore({ api, prefix: PREFIX }), 'STORE_UNREACHABLE');
  });

  async function overTls(needsCertificate: boolean): Promise<void> {
    const directory = await temporaryDirectory();
    closing.push(() => directory.remove());
    const [ca, foreign] = await Promise.all(
      ['ca', 'foreign'].map((name) => authority(directory.path, name)),
    );
    assert.ok(ca !== undefined && foreign !== undefined);
    const server = await certificate(directory.path, 'server', ca);
    const client = await certificate(directory.path, 'client', ca);
    const cluster = await start({ tls: server, needsCertificate });
    const { endpoints } = cluster;
    const withCa = { ca: ca.cert };
    for (const tls of needsCertificate ? [client] : [withCa, client]) {
      const store = await openEtcdStore({
        api: new EtcdClient({ endpoints, tls }),
        prefix: PREFIX,
      });
      await put(store, 'a', '1');
      await store.close();
    }
    // Of a member that is not there as well: what the one that is there had to say is told, too.
    const dead = { kind: 'tcp', host: '127.0.0.1', port: 1 } as const;
    for (const tls of [{ ca: foreign.cert }, undefined, ...(needsCertificate ? [withCa] : [])]) {
      const api = new EtcdClient({
        endpoints: [...endpoints, dead],
        tls,
        ...{ tryMs: 500, totalMs: 1500 },
      });
      const error = await rejects(openEtcdStore({ api, prefix: PREFIX }), 'STORE_UNREACHABLE');
      assert.match(error.message, /certificate/);
      assert.match(error.message, /127\.0\.0\.1:1: connect ECONNREFUSED/);
      assert.match(error.remedy, /^store\.tls: /);
    }
    assert.throws(() => new EtcdClient({ endpoints, tls: { ca: '/absent' } }), {
      code: 'FILE_UNREADABLE',
    });
  }
});
