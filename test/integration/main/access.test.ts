import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import type { Call, WatchEvent } from '../../../src/model/api.js';
import { parseAddress, type Address } from '../../../src/rpc/address.js';
import { NvaClient } from '../../../src/rpc/nva-client.js';
import type { TlsFiles } from '../../../src/rpc/tls-material.js';
import { authority, certificate, needOpenssl } from '../../support/certificates.js';
import { Daemon, DaemonFiles, nfvd } from '../../support/daemon.js';
import { refusedWith } from '../../support/refusals.js';
import { sayHello } from '../../support/say-hello.js';
import { networkSpec, nveSpec } from '../../support/specs.js';
import { tempDir } from '../../support/temp-dir.js';

const call: Call = { signal: new AbortController().signal };
const FROM_START = { kinds: [], filter: '', startRevision: 0 };
const ALL = { pageSize: 0, pageToken: '', filter: '' };
const NEW = { requestId: '', validateOnly: false };
const PEERS = ['user/root', 'user/alice', 'user/mallory', 'nve/host-a', 'nve/host-b'] as const;

const POLICY = `trustDomain: nfv.example
bindings:
  - { users: [root], role: admin }
  - { users: [alice], role: tenant, tenants: [blue] }
`;

/** Until one is found. @throws what ends them */
async function toEnd(
  events: AsyncIterator<WatchEvent>,
  isIt: (event: WatchEvent) => boolean = () => false,
): Promise<void> {
  for (;;) {
    const next = await events.next();
    if (next.done === true || isIt(next.value)) return;
  }
}

describe('nfvd nva with an access policy', function () {
  this.timeout(60_000);
  let dir: ReturnType<typeof tempDir>;
  let files: DaemonFiles;
  const daemons: Daemon[] = [];
  let address: Address;
  let peers: Map<string, TlsFiles>;
  let auditFile: string;
  const clients: NvaClient[] = [];

  before(async function () {
    dir = tempDir();
    await needOpenssl(this);
    files = new DaemonFiles(dir.path);
    const ca = await authority(dir.path, 'ca');
    const tls = await certificate(dir.path, 'server', ca);
    peers = new Map();
    for (const peer of PEERS) {
      const uris = [`spiffe://nfv.example/${peer}`];
      peers.set(peer, await certificate(dir.path, peer.replace('/', '-'), ca, { uris }));
    }
    auditFile = `${dir.path}/audit.log`;
    const config = files.nva({
      listen: [{ address: '127.0.0.1:0', tls }],
      access: { policyFile: files.writeText('policy', POLICY) },
      audit: { file: auditFile },
    });
    const daemon = await Daemon.start(['nva', '--config', config]);
    daemons.push(daemon);
    const [target = ''] = [(await daemon.logged('NVA is up'))['addresses']].flat().map(String);
    const parsed = parseAddress(target);
    assert.ok(parsed);
    address = parsed;
    await clientOf('user/root').nves.create(
      { ...NEW, id: 'host-a', spec: nveSpec(['192.0.2.1']) },
      call,
    );
  });
  after(async () => {
    for (const client of clients) client.close();
    await Promise.all(daemons.map((daemon) => daemon.stop('SIGKILL')));
    dir.remove();
    assert.deepEqual(
      daemons.map(({ err }) => err),
      [''],
    );
  });

  const tlsOf = (peer: string): TlsFiles => {
    const tls = peers.get(peer);
    assert.ok(tls, peer);
    return tls;
  };
  const clientOf = (peer: (typeof PEERS)[number]): NvaClient => {
    const client = new NvaClient({ address, timeoutMs: 20_000, tls: tlsOf(peer) });
    clients.push(client);
    return client;
  };
  const create = (peer: (typeof PEERS)[number], id: string, tenant: string): Promise<unknown> =>
    clientOf(peer).virtualNetworks.create({ ...NEW, id, spec: networkSpec({ tenant }) }, call);
  /** The first answer to an agent that says it is host-a. */
  const hello = (peer: (typeof PEERS)[number]): Promise<string> =>
    sayHello(address, tlsOf(peer), 'host-a');

  it('lets a tenant have its own network, and not see that of another', async () => {
    await create('user/alice', 'blue', 'blue');
    await create('user/root', 'red', 'red');
    const denied = await refusedWith('ACCESS_DENIED', create('user/alice', 'mine', 'red'));
    assert.equal(denied.message, 'user/alice may not create virtualNetworks of tenant red');
    const { virtualNetworks, nves } = clientOf('user/alice');
    await refusedWith('NOT_FOUND', virtualNetworks.get('red', call));
    const { resources } = await virtualNetworks.list(ALL, call);
    assert.deepEqual(
      resources.map(({ id }) => id),
      ['blue'],
    );
    assert.deepEqual((await nves.list(ALL, call)).resources, []);
    await refusedWith('NOT_FOUND', nves.get('host-a', call));
  });

  it('has no rights for who is not in the policy, and none for an NVE', async () => {
    for (const peer of ['user/mallory', 'nve/host-a'] as const) {
      const error = await refusedWith('ACCESS_DENIED', clientOf(peer).nves.list(ALL, call));
      assert.equal(error.message, `${peer} has no rights here`);
    }
  });

  for (const peer of ['nve/host-b', 'user/root', 'user/alice'] as const) {
    it(`does not let ${peer} speak for another NVE`, async () => {
      const error = await refusedWith('ACCESS_DENIED', hello(peer));
      assert.equal(error.message, `${peer} may not speak for nves/host-a`);
    });
  }

  it('lets an NVE speak for itself', async () => {
    assert.equal(await hello('nve/host-a'), 'welcome');
  });

  it('finds the faults of a policy with --check-config', async () => {
    const policyFile = files.writeText('bad-policy', 'bindings:\n  - { users: [a], role: god }\n');
    const config = files.write('bad', { access: { policyFile } });
    const { code, stderr } = await nfvd(['nva', '--config', config, '--check-config']);
    assert.equal(code, 2);
    assert.match(stderr, /bad-policy\.yaml:2:25: bindings\[0\]\.role/);
  });

  it('takes up another policy, and ends the watches of those whose rights it changes', async () => {
    const stop = new AbortController();
    const watching = (peer: (typeof PEERS)[number]): AsyncIterator<WatchEvent> =>
      clientOf(peer).watch(FROM_START, { signal: stop.signal })[Symbol.asyncIterator]();
    const [alice, root] = [watching('user/alice'), watching('user/root')];
    for (const events of [alice, root]) await events.next();
    files.writeText('policy', POLICY.replace('[blue]', '[blue, red]'));
    const error = await refusedWith('RIGHTS_CHANGED', toEnd(alice));
    assert.equal(error.message, 'what user/alice may do has changed');
    // With what it may do now.
    await create('user/alice', 'mine', 'red');
    await toEnd(root, (event) => event.type === 'PUT' && event.resource.id === 'mine');
    stop.abort();
  });

  it('has written who did what, and how it ended, when it stops', async () => {
    const [ended] = await Promise.all(daemons.map((daemon) => daemon.stop()));
    assert.equal(ended?.code, 0);
    assert.equal(statSync(auditFile).mode & 0o7777, 0o600);
    const lines = readFileSync(auditFile, 'utf8').split('\n').slice(0, -1);
    const told = lines.map((line) => {
      const entry: unknown = JSON.parse(line);
      assert.ok(typeof entry === 'object' && entry !== null);
      const { time, who, peer, method, target, outcome } = { ...EMPTY, ...entry };
      assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.match(peer, /^127\.0\.0\.1:\d+$/);
      return `${who} ${method} ${target} ${outcome}`;
    });
    assert.deepEqual(told, [
      'user/root CreateNve nves/host-a OK',
      'user/alice CreateVirtualNetwork virtualNetworks/blue OK',
      'user/root CreateVirtualNetwork virtualNetworks/red OK',
      'user/alice CreateVirtualNetwork virtualNetworks/mine ACCESS_DENIED',
      'user/alice GetVirtualNetwork virtualNetworks/red NOT_FOUND',
      'user/alice ListVirtualNetworks  OK',
      'user/alice ListNves  OK',
      'user/alice GetNve nves/host-a NOT_FOUND',
      'user/mallory ListNves  ACCESS_DENIED',
      'nve/host-a ListNves  ACCESS_DENIED',
      'user/alice Watch  RIGHTS_CHANGED',
      'user/alice CreateVirtualNetwork virtualNetworks/mine OK',
      'user/root Watch  OK',
    ]);
  });
});

const EMPTY = { time: '', who: '', peer: '', method: '', target: '', outcome: '' };
