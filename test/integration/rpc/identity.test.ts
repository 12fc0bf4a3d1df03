import assert from 'node:assert/strict';
import { join } from 'node:path';
import { callerOf } from '../../../src/model/access-policy.js';
import { parseAddress, type Address } from '../../../src/rpc/address.js';
import type { CallEnd } from '../../../src/rpc/handlers.js';
import { NvaClient } from '../../../src/rpc/nva-client.js';
import { NveSessionClient } from '../../../src/rpc/nve-client.js';
import { RpcServer } from '../../../src/rpc/server.js';
import type { Identity } from '../../../src/model/identity.js';
import type { TlsFiles } from '../../../src/rpc/tls-material.js';
import {
  authority,
  certificate,
  needOpenssl,
  type CertificateOptions,
} from '../../support/certificates.js';
import { eventually } from '../../support/eventually.js';
import { MemoryNva } from '../../support/memory-nva.js';
import { CALL } from '../../support/nva-server.js';
import { refusedWith } from '../../support/refusals.js';
import { networkSpec } from '../../support/specs.js';
import { tempDir } from '../../support/temp-dir.js';

const ALL = { pageSize: 0, pageToken: '', filter: '' };
const DOMAIN = 'spiffe://nfv.example';

interface Row {
  readonly title: string;
  readonly options: CertificateOptions;
  readonly identity: Identity;
}

const ROWS: readonly Row[] = [
  {
    title: 'a user',
    options: { uris: [`${DOMAIN}/user/alice`] },
    identity: { kind: 'user', name: 'alice' },
  },
  {
    title: 'an NVE',
    options: { uris: [`${DOMAIN}/nve/host-a`] },
    identity: { kind: 'nve', id: 'host-a' },
  },
  { title: 'an NVA', options: { uris: [`${DOMAIN}/nva`] }, identity: { kind: 'nva' } },
  {
    title: 'a user, whatever other URIs there are',
    options: { uris: ['https://alice.example', `${DOMAIN}/user/alice`] },
    identity: { kind: 'user', name: 'alice' },
  },
  {
    title: 'no identity',
    options: {},
    identity: { kind: 'unnamed', subject: 'peer' },
  },
  {
    title: 'two identities',
    options: { uris: [`${DOMAIN}/user/alice`, `${DOMAIN}/nve/host-a`] },
    identity: { kind: 'unnamed', subject: 'peer' },
  },
  {
    title: 'an identity of another trust domain',
    options: { uris: ['spiffe://other.example/user/alice'] },
    identity: { kind: 'unnamed', subject: 'peer' },
  },
  {
    title: 'a name of no form of ours',
    options: { uris: [`${DOMAIN}/user/alice/root`] },
    identity: { kind: 'unnamed', subject: 'peer' },
  },
];

describe('who calls', function () {
  this.timeout(60_000);
  let dir: ReturnType<typeof tempDir>;
  let ca: Awaited<ReturnType<typeof authority>>;
  const servers: RpcServer[] = [];
  let targets: { readonly tls: Address; readonly local: Address };
  let callers: Identity[];
  let sessions: Identity[];
  let ends: CallEnd[];

  before(async function () {
    dir = tempDir();
    await needOpenssl(this);
    ca = await authority(dir.path, 'ca');
    const tls = await certificate(dir.path, 'server', ca);
    const path = `${dir.path}/nva.sock`;
    const server = new RpcServer({
      listeners: [{ address: addressOf('127.0.0.1:0'), tls }, { address: { kind: 'unix', path } }],
      nva: {
        api: new MemoryNva(),
        trustDomain: 'nfv.example',
        session(_stream, identity) {
          sessions.push(identity);
          return Promise.resolve();
        },
        callerOf(identity) {
          callers.push(identity);
          return callerOf(undefined, identity);
        },
        onCallEnd: (end) => ends.push(end),
      },
    });
    servers.push(server);
    const [first = '', second = ''] = await server.start();
    targets = { tls: addressOf(first), local: addressOf(second) };
  });
  after(async () => {
    await Promise.all(servers.map((server) => server.stop(0)));
    dir.remove();
  });
  beforeEach(() => {
    callers = [];
    sessions = [];
    ends = [];
  });

  const withClient = async <T>(
    address: Address,
    tls: TlsFiles | undefined,
    use: (client: NvaClient) => Promise<T>,
  ): Promise<T> => {
    const client = new NvaClient({ address, timeoutMs: 5000, ...(tls && { tls }) });
    try {
      return await use(client);
    } finally {
      client.close();
    }
  };
  const list = (tls: TlsFiles): Promise<unknown> =>
    withClient(targets.tls, tls, (client) => client.nves.list(ALL, CALL));
  const openSession = async (address: Address, tls: TlsFiles | undefined): Promise<void> => {
    for await (const message of new NveSessionClient().connect(address, tls).incoming) {
      assert.fail(JSON.stringify(message));
    }
  };

  for (const { title, options, identity } of ROWS) {
    it(`is told by a certificate with ${title}`, async () => {
      const tls = await certificate(dir.path, 'peer', ca, options);
      await list(tls);
      await openSession(targets.tls, tls);
      assert.deepEqual([callers, sessions], [[identity], [identity]]);
    });
  }

  it('is of this host, through a socket of it', async () => {
    await withClient(targets.local, undefined, (client) => client.nves.list(ALL, CALL));
    await openSession(targets.local, undefined);
    assert.deepEqual([callers, sessions], [[{ kind: 'local' }], [{ kind: 'local' }]]);
  });

  it('is nobody whose certificate is not good', async () => {
    const uris = [`${DOMAIN}/user/alice`];
    const otherCa = await authority(dir.path, 'other-ca');
    const selfSigned = await authority(dir.path, 'self');
    const bad: Record<string, TlsFiles> = {
      expired: await certificate(dir.path, 'expired', ca, { uris, expired: true }),
      otherCa: { ...(await certificate(dir.path, 'other', otherCa, { uris })), ca: ca.cert },
      selfSigned: { ...selfSigned, ca: ca.cert },
    };
    for (const tls of Object.values(bad)) {
      await refusedWith('NVA_UNREACHABLE', list(tls));
      await refusedWith('NVA_UNREACHABLE', openSession(targets.tls, tls));
    }
    assert.deepEqual([callers, sessions, ends], [[], [], []]);
  });

  it('is asked for nothing by who only looks whether an NVA is there, and is one', async () => {
    const reach = (address: Address, tls: TlsFiles | undefined): Promise<void> =>
      new NveSessionClient().reach(address, tls, AbortSignal.timeout(2000));
    const tls = await certificate(dir.path, 'peer', ca, { uris: [`${DOMAIN}/nve/host-a`] });
    await reach(targets.tls, tls);
    await reach(targets.local, undefined);
    const otherCa = await authority(dir.path, 'other-ca');
    const bad: (readonly [Address, TlsFiles | undefined])[] = [
      [targets.tls, { ...tls, ca: otherCa.cert }],
      [{ kind: 'unix', path: join(dir.path, 'nobody.sock') }, undefined],
    ];
    for (const [address, files] of bad) await refusedWith('NVA_UNREACHABLE', reach(address, files));
    assert.deepEqual([callers, sessions], [[], []]);
  });

  it('is told with what each call was about', async () => {
    const tls = await certificate(dir.path, 'peer', ca, { uris: [`${DOMAIN}/user/alice`] });
    await withClient(targets.tls, tls, async ({ virtualNetworks }) => {
      const request = { id: 'blue', spec: networkSpec(), requestId: '', validateOnly: false };
      await virtualNetworks.create(request, CALL);
      await virtualNetworks.get('blue', CALL);
      const changes = { displayName: 'Blue' };
      await virtualNetworks.update({ id: 'blue', changes, etag: '', validateOnly: false }, CALL);
      await virtualNetworks.delete({ id: 'blue', etag: '', validateOnly: false }, CALL);
      const long = 'x'.repeat(100_000);
      await refusedWith('INVALID_FIELD', virtualNetworks.create({ ...request, id: long }, CALL));
      await virtualNetworks.list(ALL, CALL);
    });
    await eventually(() => ends.length === 6);
    const blue = 'virtualNetworks/blue';
    const cut = `virtualNetworks/${'x'.repeat(240)}`;
    assert.deepEqual(
      ends.map(({ target }) => target),
      [blue, blue, blue, blue, cut, ''],
    );
    assert.deepEqual(new Set(ends.map(({ origin }) => origin.who)), new Set(['user/alice']));
  });
});

function addressOf(text: string): Address {
  const address = parseAddress(text);
  assert.ok(address !== undefined, text);
  return address;
}
