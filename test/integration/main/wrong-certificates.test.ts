/** Every kind of wrong certificate at every address that asks for one: refused, and nothing done. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { z } from 'zod';
import type { ErrorCode } from '../../../src/errors.js';
import type { Call } from '../../../src/model/api.js';
import { Pki } from '../../../src/pki/authority.js';
import { parseAddress, type Address } from '../../../src/rpc/address.js';
import { NvaClient } from '../../../src/rpc/nva-client.js';
import { RpcServer } from '../../../src/rpc/server.js';
import type { TlsFiles } from '../../../src/rpc/tls-material.js';
import { certificate, needOpenssl } from '../../support/certificates.js';
import { Daemon, DaemonFiles } from '../../support/daemon.js';
import { LabCa } from '../../support/lab-ca.js';
import { refusedWith } from '../../support/refusals.js';
import { sayHello } from '../../support/say-hello.js';
import { networkSpec, nveSpec } from '../../support/specs.js';
import { tempDir } from '../../support/temp-dir.js';

const call: Call = { signal: new AbortController().signal };
const ALL = { pageSize: 0, pageToken: '', filter: '' };
const NEW = { requestId: '', validateOnly: false };
const DAY = 86_400_000;
const TEN_DAYS_AGO = (): number => Date.now() - 10 * DAY;

interface Cas {
  readonly ca: LabCa;
  readonly other: LabCa;
  readonly path: string;
}

interface Row {
  readonly title: string;
  readonly make: (cas: Cas) => Promise<TlsFiles>;
  readonly northbound: ErrorCode;
  /** Of a hello as host-a; 'welcome': it may. */
  readonly southbound: ErrorCode | 'welcome';
  /** As the audit log names it; undefined: there was no call. */
  readonly who?: string;
}

const CUT_OFF = { northbound: 'NVA_UNREACHABLE', southbound: 'NVA_UNREACHABLE' } as const;
const DENIED = { northbound: 'ACCESS_DENIED', southbound: 'ACCESS_DENIED' } as const;

/** By the CA itself, when its clock said something else. */
async function issuedAt({ ca }: Cas, days: number, name: string): Promise<TlsFiles> {
  const pki = new Pki({ directory: ca.directory, now: () => Date.now() + days * DAY });
  const request = { identity: 'user/root', name, dns: [], ips: [], days: 1 };
  return pki.issue(request);
}

const uris = (...names: readonly string[]): string[] =>
  names.map((name) => `spiffe://nfv.example/${name}`);
const signer = ({ ca }: Cas): { readonly cert: string; readonly key: string } => ({
  cert: ca.path('ca.pem'),
  key: ca.path('ca.key'),
});

const ROWS: readonly Row[] = [
  { title: 'expired', make: (cas) => issuedAt(cas, -5, 'expired'), ...CUT_OFF },
  { title: 'not yet valid', make: (cas) => issuedAt(cas, 5, 'early'), ...CUT_OFF },
  {
    title: 'of another CA',
    make: async ({ ca, other }) => ({ ...(await other.issue('user/root')), ca: ca.path('ca.pem') }),
    ...CUT_OFF,
  },
  {
    title: 'self-signed',
    make: ({ ca, other }) =>
      Promise.resolve({
        ca: ca.path('ca.pem'),
        cert: other.path('ca.pem'),
        key: other.path('ca.key'),
      }),
    ...CUT_OFF,
  },
  {
    title: 'revoked',
    make: async ({ ca }) => {
      const tls = await ca.issue('user/root', 'revoked');
      await ca.revoke('revoked');
      return tls;
    },
    ...CUT_OFF,
  },
  {
    title: 'for servers only',
    make: (cas) =>
      certificate(cas.path, 'server-only', signer(cas), {
        uris: uris('user/root'),
        extended: 'serverAuth',
      }),
    ...CUT_OFF,
  },
  {
    title: 'of an NVE',
    make: ({ ca }) => ca.issue('nve/host-a'),
    ...{ northbound: 'ACCESS_DENIED', southbound: 'welcome', who: 'nve/host-a' },
  },
  {
    title: 'of another NVE',
    make: ({ ca }) => ca.issue('nve/host-b'),
    ...{ ...DENIED, who: 'nve/host-b' },
  },
  {
    title: 'of a user that the policy does not know',
    make: ({ ca }) => ca.issue('user/mallory'),
    ...{ ...DENIED, who: 'user/mallory' },
  },
  {
    title: 'without an identity',
    make: (cas) => certificate(cas.path, 'nobody', signer(cas)),
    ...{ ...DENIED, who: 'certificate "nobody"' },
  },
  {
    title: 'with two identities',
    make: (cas) =>
      certificate(cas.path, 'two', signer(cas), { uris: uris('user/root', 'nve/host-a') }),
    ...{ ...DENIED, who: 'certificate "two"' },
  },
  {
    title: 'of another trust domain',
    make: (cas) =>
      certificate(cas.path, 'abroad', signer(cas), { uris: ['spiffe://other.example/user/root'] }),
    ...{ ...DENIED, who: 'certificate "abroad"' },
  },
];

const POLICY = `trustDomain: nfv.example
bindings:
  - { users: [root], role: admin }
`;

describe('a wrong certificate', function () {
  this.timeout(60_000);
  let dir: ReturnType<typeof tempDir>;
  let cas: Cas;
  let daemon: Daemon;
  let agent: RpcServer;
  let addresses: { readonly nva: Address; readonly agent: Address };
  let root: TlsFiles;
  let auditFile: string;
  const tlsOf = new Map<Row, TlsFiles>();
  const clients: NvaClient[] = [];

  before(async function () {
    await needOpenssl(this);
    dir = tempDir();
    const ca = await LabCa.create(dir.path, 'ca', TEN_DAYS_AGO);
    cas = { ca, other: await LabCa.create(dir.path, 'other'), path: dir.path };
    const tls = await ca.issue('nva');
    root = await ca.issue('user/root');
    // Lists and all, before anybody reads them.
    for (const row of ROWS) tlsOf.set(row, await row.make(cas));
    const files = new DaemonFiles(dir.path);
    auditFile = `${dir.path}/audit.log`;
    const config = files.nva({
      listen: [{ address: '127.0.0.1:0', tls }],
      access: { policyFile: files.writeText('policy', POLICY) },
      audit: { file: auditFile },
    });
    daemon = await Daemon.start(['nva', '--config', config]);
    const [target] = [(await daemon.logged('NVA is up'))['addresses']].flat();
    // As an agent's own: health, and nothing else.
    agent = new RpcServer({ listeners: [{ address: addressOf('127.0.0.1:0'), tls }] });
    const [own] = await agent.start();
    addresses = { nva: addressOf(target), agent: addressOf(own) };
    const spec = nveSpec(['192.0.2.1']);
    await clientOf(root).nves.create({ ...NEW, id: 'host-a', spec }, call);
  });
  after(async () => {
    for (const client of clients) client.close();
    await agent.stop(0);
    await daemon.stop();
    dir.remove();
  });

  const clientOf = (tls: TlsFiles, address = addresses.nva): NvaClient => {
    const client = new NvaClient({ address, timeoutMs: 20_000, tls });
    clients.push(client);
    return client;
  };
  const filesOf = (row: Row): TlsFiles => {
    const tls = tlsOf.get(row);
    assert.ok(tls);
    // What this end believes of the other one is not what is tested.
    return { ...tls, crl: '' };
  };

  for (const row of ROWS) {
    const { title, northbound, southbound } = row;
    it(`that is one ${title} creates nothing`, async () => {
      const { virtualNetworks } = clientOf(filesOf(row));
      const request = { ...NEW, id: 'blue', spec: networkSpec() };
      await refusedWith(northbound, virtualNetworks.create(request, call));
    });

    it(`that is one ${title} is ${southbound === 'welcome' ? 'for its own NVE only' : 'no agent'}`, async () => {
      const hello = sayHello(addresses.nva, filesOf(row), 'host-a');
      if (southbound === 'welcome') assert.equal(await hello, 'welcome');
      else await refusedWith(southbound, hello);
    });

    it(`that is one ${title} ${northbound === 'NVA_UNREACHABLE' ? 'is not even told an agent’s health' : 'gets no more than an agent’s health'}`, async () => {
      const { nves } = clientOf(filesOf(row), addresses.agent);
      const code = northbound === 'NVA_UNREACHABLE' ? northbound : 'PROTOCOL_VERSION';
      await refusedWith(code, nves.list(ALL, call));
    });
  }

  for (const which of ['nva', 'agent'] as const) {
    it(`may not be none at all, at the address of the ${which}`, async () => {
      const address = addresses[which];
      assert.ok(address.kind === 'tcp');
      const ca = readFileSync(root.ca);
      const socket = connect({ host: '127.0.0.1', port: address.port, ca, ALPNProtocols: ['h2'] });
      let got = 0;
      socket.on('data', (bytes: Buffer) => (got += bytes.length)).on('error', () => undefined);
      socket.once('secureConnect', () => {
        socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0');
      });
      await new Promise((resolve) => socket.once('close', resolve));
      assert.equal(got, 0);
    });
  }

  it('has done nothing in the end, and each call is in the audit log', async () => {
    const { resources } = await clientOf(root).virtualNetworks.list(ALL, call);
    assert.deepEqual(resources, []);
    await daemon.stop();
    const lines = readFileSync(auditFile, 'utf8').trim().split('\n');
    const told = lines.map((line) => ENTRY.parse(JSON.parse(line)));
    assert.deepEqual(
      told
        .filter(({ method }) => method === 'CreateVirtualNetwork')
        .map(({ who, outcome, target }) => [who, outcome, target]),
      ROWS.flatMap(({ who, northbound }) =>
        who === undefined ? [] : [[who, northbound, 'virtualNetworks/blue']],
      ),
    );
    const refused = daemon.lines.filter(
      ({ msg, code }) => msg === 'NVE session ended' && code === 'ACCESS_DENIED',
    );
    assert.equal(
      refused.length,
      ROWS.filter(({ southbound }) => southbound === 'ACCESS_DENIED').length,
    );
  });
});

const ENTRY = z.object({
  who: z.string(),
  method: z.string(),
  outcome: z.string(),
  target: z.string(),
});

function addressOf(text: unknown): Address {
  const address = parseAddress(String(text));
  assert.ok(address, String(text));
  return address;
}
