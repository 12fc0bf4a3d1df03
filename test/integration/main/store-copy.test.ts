/** `nfvd store copy`: from the embedded store to etcd and back, as an operator does it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { portKey } from '../../../src/model/item.js';
import { NvaClient } from '../../../src/rpc/nva-client.js';
import { openEtcdStore } from '../../../src/store/etcd/store.js';
import { openLmdbReader } from '../../../src/store/lmdb/reader.js';
import type { StoreReader } from '../../../src/store/store.js';
import { Daemon, DaemonFiles, nfvd } from '../../support/daemon.js';
import { EtcdCluster, needEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { FakeNve } from '../../support/fake-nve.js';
import { call } from '../../support/nva-harness.js';
import { endpointSpec, networkSpec, nveSpec } from '../../support/specs.js';
import { contents } from '../../support/store-acks.js';
import { tempDir } from '../../support/temp-dir.js';

const request = { requestId: '', validateOnly: false };

describe('nfvd store copy', function () {
  this.timeout(120_000);
  let cluster: EtcdCluster;
  let dir: ReturnType<typeof tempDir>;
  let files: DaemonFiles;
  let daemon: Daemon | undefined;

  beforeEach(async function () {
    needEtcd(this);
    cluster = await EtcdCluster.start();
    dir = tempDir();
    files = new DaemonFiles(dir.path);
  });

  afterEach(async () => {
    await daemon?.stop('SIGKILL');
    daemon = undefined;
    dir.remove();
    await cluster.stop();
  });

  const config = (name: string, change: object): string =>
    files.write(name, {
      dataDir: join(dir.path, name),
      listen: [{ address: `unix:${files.socket()}` }],
      ...change,
    });
  const inEtcd = (): string =>
    config('etcd', { store: { kind: 'etcd', endpoints: cluster.addresses, prefix: '/nfvt/' } });
  const copy = (from: string, to: string): ReturnType<typeof nfvd> =>
    nfvd(['store', 'copy', '--from', from, '--to', to]);

  async function within<T>(path: string, work: (api: NvaClient) => Promise<T>): Promise<T> {
    daemon = await Daemon.start(['nva', '--config', path]);
    const address = { kind: 'unix', path: files.socket() } as const;
    const client = new NvaClient({ address, timeoutMs: 20_000 });
    try {
      return await work(client);
    } finally {
      client.close();
      await daemon.stop('SIGTERM');
      daemon = undefined;
    }
  }

  async function attach(api: NvaClient, n: number): Promise<void> {
    const port = {
      kind: 'tap',
      ...{ interface: `tap${n}`, ownerUid: 0, multiQueue: false, vnetHdr: false },
    } as const;
    const mac = `02:00:00:00:00:0${n}`;
    const spec = endpointSpec({ network: 'net', nve: 'host-a', mac, port });
    await api.endpoints.create({ ...request, id: `e-${n}`, spec }, call);
  }

  async function dump(store: StoreReader): Promise<[string, string][]> {
    return [...(await contents(store)).values()].map(({ key, value }) => [key, value]);
  }

  const ofEmbedded = async (name: string): Promise<[string, string][]> => {
    const store = openLmdbReader({ path: join(dir.path, name) });
    const all = await dump(store);
    await store.close();
    return all;
  };
  const ofEtcd = async (): Promise<[string, string][]> => {
    const store = await openEtcdStore({ api: cluster.client(), prefix: '/nfvt/' });
    const all = await dump(store);
    await store.close();
    return all;
  };

  it('there and back loses nothing, and the agents go on with the same configuration', async () => {
    const first = config('first', {});
    const second = config('second', {});
    const nve = new FakeNve({ name: 'host-a', socket: files.socket() });
    const connected = async (n: number): Promise<void> => {
      await nve.connect();
      await eventually(() => nve.items.has(portKey(`e-${n}`)), 20_000);
      await nve.disconnect();
    };
    await within(first, async (api) => {
      await api.nves.create({ ...request, id: 'host-a', spec: nveSpec(['192.0.2.1']) }, call);
      const spec = networkSpec({ vni: 100 });
      await api.virtualNetworks.create({ ...request, id: 'net', spec }, call);
      for (const n of [1, 2, 3]) await attach(api, n);
      await api.endpoints.delete({ id: 'e-2', etag: '', validateOnly: false }, call);
      await connected(3);
    });
    const before = await ofEmbedded('first');
    assert.ok(before.length > 10);

    const there = await copy(first, inEtcd());
    assert.deepEqual([there.code, there.stderr], [0, '']);
    assert.match(
      there.stdout,
      new RegExp(`^copied and compared: ${before.length} keys, \\d+ trans`),
    );
    assert.deepEqual(await ofEtcd(), before);
    const { storeId, number } = nve.epoch;
    await within(inEtcd(), async (api) => {
      await attach(api, 4);
      await connected(4);
    });
    assert.equal(nve.epoch.storeId, storeId);
    assert.ok(nve.epoch.number > number);

    const middle = await ofEtcd();
    const back = await copy(inEtcd(), second);
    assert.deepEqual([back.code, back.stderr], [0, '']);
    assert.deepEqual(await ofEmbedded('second'), middle);
    await within(second, async (api) => {
      await attach(api, 5);
      await connected(5);
    });
    // History came along: what was deleted was once there.
    const store = openLmdbReader({ path: join(dir.path, 'second') });
    const { compactRevision, revision } = store.status();
    let seen = false;
    for (let r = compactRevision; r <= revision; r++) {
      seen ||= (await store.get('/nfvd/r/endpoints/e-2', r)) !== undefined;
    }
    await store.close();
    assert.ok(seen);
  });

  it('refuses a source in use, a target that is there, and a source that is not', async () => {
    const first = config('first', {});
    const second = config('second', {});
    await within(first, async (api) => {
      await api.nves.create({ ...request, id: 'host-a', spec: nveSpec(['192.0.2.1']) }, call);
      const used = await copy(first, second);
      assert.equal(used.code, 1);
      assert.match(used.stderr, /STORE_LOCKED/);
    });
    assert.match((await copy(second, first)).stderr, /NOT_FOUND/);
    assert.match((await copy(inEtcd(), second)).stderr, /NOT_FOUND/);
    assert.equal((await copy(first, inEtcd())).code, 0);
    assert.match((await copy(first, inEtcd())).stderr, /ALREADY_EXISTS/);
    const file = readFileSync(join(dir.path, 'first', 'data.mdb'));
    assert.match((await copy(inEtcd(), first)).stderr, /ALREADY_EXISTS/);
    assert.ok(readFileSync(join(dir.path, 'first', 'data.mdb')).equals(file));
    await within(inEtcd(), async () => {
      assert.match((await copy(inEtcd(), second)).stderr, /other processes.*STORE_LOCKED/);
    });
    assert.equal((await copy(inEtcd(), second)).code, 0);
  });

  it('cut off, is not taken for a whole one', async () => {
    const first = config('first', {});
    await within(first, async (api) => {
      await api.nves.create({ ...request, id: 'host-a', spec: nveSpec(['192.0.2.1']) }, call);
    });
    assert.equal((await copy(first, inEtcd())).code, 0);
    // As a copy leaves it that was killed before its end.
    await cluster.ctl(['put', '/nfvt/copying', '']);
    const nva = await nfvd(['nva', '--config', inEtcd()]);
    assert.equal(nva.code, 1);
    assert.match(nva.stderr, /was not finished.*etcdctl del --prefix/s);
    await cluster.ctl(['del', '--prefix', '/nfvt/']);
    assert.equal((await copy(first, inEtcd())).code, 0);
  });
});
