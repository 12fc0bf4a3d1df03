/** The way between replicas: who may use it, and what goes with a question. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { callerOf, parseAccessPolicy } from '../../../src/model/access-policy.js';
import type { Call } from '../../../src/model/api.js';
import type {
  OwnEvent,
  OwnEventsRequest,
  ReplicaApi,
  SharePage,
} from '../../../src/model/replica.js';
import { pageOfNves, wholeShare } from '../../../src/nva/share-pages.js';
import { formatTarget, parseAddress, type Address } from '../../../src/rpc/address.js';
import type { CallEnd } from '../../../src/rpc/handlers.js';
import { ReplicaClients } from '../../../src/rpc/replica-clients.js';
import { RpcServer } from '../../../src/rpc/server.js';
import { readTls } from '../../../src/rpc/tls-files.js';
import { fixedTls } from '../../../src/rpc/tls-keeper.js';
import type { TlsFiles } from '../../../src/rpc/tls-material.js';
import {
  authority,
  certificate,
  needOpenssl,
  type Authority,
  type CertificateOptions,
} from '../../support/certificates.js';
import { eventually } from '../../support/eventually.js';
import { MemoryNva } from '../../support/memory-nva.js';
import { nvaEvent } from '../../support/nva-events.js';
import { CALL } from '../../support/nva-server.js';
import { refusedWith } from '../../support/refusals.js';
import { tempDir } from '../../support/temp-dir.js';

const DOMAIN = 'spiffe://nfv.example';
const NVA = { uris: [`${DOMAIN}/nva`] };
const HOP = {
  nve: 'host-a',
  what: 'NVE host-a',
  key: '',
  state: 'OK',
  code: '',
  reason: '',
} as const;
const QUESTION = {
  nve: 'host-a',
  passed: [{ what: 'port of web-1', key: 'port/web-1' }],
  reportedOnly: true,
};
const COUNTED = {
  ...{ endpoint: 'web-1', nve: 'host-a', code: '', reason: '' },
  counters: { rxPackets: 1, rxBytes: 2, txPackets: 3, txBytes: 4, drops: 5 },
};

const SHARE: SharePage = {
  nextPageToken: 'host-c',
  ...{ watchers: 3, attachesUnderWay: 4, attachMs: [0.25, 1_000_000] },
  nves: [
    { nve: 'host-a', statistics: undefined, attachMs: [12.345] },
    {
      nve: 'host-b',
      statistics: {
        ...{ nve: 'host-b', state: 'SYNCING', lagRevisions: 1, lagMs: 2.5, pendingItems: 3 },
        ...{ deltasInFlight: 4, driftedItems: 5, itemRate: 6.5 },
        items: { wanted: 9, applied: 8, failed: 1 },
        attach: { count: 1, p50: 2, p90: 3, p99: 4, max: 5 },
      },
      attachMs: [],
    },
  ],
};

const EVENT = nvaEvent('endpoints/web-1', 0, {
  ...{ sequence: 9, replica: 'unix:/b', kind: 'APPLY_FAILED', tenant: 'blue', who: 'nve/host-a' },
  ...{ nve: 'host-a', code: 'NETNS_MISSING', message: 'no', traceId: 'ab' },
});
const TOLD: readonly OwnEvent[] = [
  { run: 'r1', position: 4, event: EVENT },
  { run: 'r1', position: 5, event: { ...EVENT, tenant: undefined } },
  { run: 'r1', position: 6, event: { ...EVENT, tenant: '' } },
  { run: 'r1', position: 6, event: undefined },
];

const STRANGERS: readonly (readonly [title: string, options: CertificateOptions, who: string])[] = [
  ['an admin', { uris: [`${DOMAIN}/user/root`] }, 'user/root'],
  ['an NVE', { uris: [`${DOMAIN}/nve/host-a`] }, 'nve/host-a'],
  [
    'an NVA of another trust domain',
    { uris: ['spiffe://other.example/nva'] },
    'certificate "peer"',
  ],
  ['one without an identity', {}, 'certificate "peer"'],
  ['one with two', { uris: [`${DOMAIN}/nva`, `${DOMAIN}/user/root`] }, 'certificate "peer"'],
];

async function readAll<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const each of stream) all.push(each);
  return all;
}

describe('rpc between replicas', function () {
  this.timeout(30_000);
  const dir = tempDir();
  const policy = parseAccessPolicy('bindings: [{ users: [root], role: admin }]', 'policy');
  const ends: CallEnd[] = [];
  const calls: Call[] = [];
  const peers: ReplicaClients[] = [];
  const asked: OwnEventsRequest[] = [];
  const pages: string[] = [];
  let gone: () => void = () => undefined;
  let ca: Authority;
  let server: RpcServer;
  let tls: Address;
  let local: Address;
  let answer: () => Promise<void> = () => Promise.resolve();
  let share: (pageToken: string) => SharePage = () => SHARE;

  const api: ReplicaApi = {
    async traceNve(question, call) {
      calls.push(call);
      await answer();
      return [HOP, ...question.passed.map((passed) => ({ ...HOP, ...passed }))];
    },
    countPorts(ports) {
      return Promise.resolve(ports.map((port) => ({ ...COUNTED, ...port })));
    },
    readShare(pageToken) {
      pages.push(pageToken);
      return Promise.resolve(share(pageToken));
    },
    async *ownEvents(request, call) {
      asked.push(request);
      yield* TOLD;
      if (request.follow) await once(call.signal, 'abort');
      gone();
    },
  };

  before(async function () {
    await needOpenssl(this);
    ca = await authority(dir.path, 'ca');
    local = { kind: 'unix', path: `${dir.path}/nva.sock` };
    server = new RpcServer({
      listeners: [
        {
          address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
          tls: await certificate(dir.path, 'server', ca, NVA),
        },
        { address: local },
      ],
      nva: {
        ...{ api: new MemoryNva(), replica: api, session: () => Promise.resolve() },
        trustDomain: 'nfv.example',
        callerOf: (identity) => callerOf(policy, identity),
        onCallEnd: (end) => ends.push(end),
      },
    });
    const [target = ''] = await server.start();
    const parsed = parseAddress(target);
    assert.ok(parsed);
    tls = parsed;
  });
  beforeEach(() => {
    answer = () => Promise.resolve();
    share = () => SHARE;
    ends.length = 0;
    calls.length = 0;
  });
  after(async () => {
    for (const clients of peers) clients.close();
    await server.stop(0);
    dir.remove();
  });

  const clientOf = (address: Address, files?: TlsFiles): ReplicaApi => {
    const clients = new ReplicaClients(files && fixedTls(files));
    peers.push(clients);
    return clients.at(formatTarget(address));
  };
  const nva = (): Promise<TlsFiles> => certificate(dir.path, 'peer', ca, NVA);

  it('answers an NVA, each question in its order', async () => {
    const client = clientOf(tls, await nva());
    const hops = await client.traceNve(QUESTION, CALL);
    assert.deepEqual(hops, [HOP, { ...HOP, what: 'port of web-1', key: 'port/web-1' }]);
    const other = { endpoint: 'web-2', nve: 'host-b' };
    const ports = [{ endpoint: 'web-1', nve: 'host-a' }, other];
    assert.deepEqual(await client.countPorts(ports, CALL), [COUNTED, { ...COUNTED, ...other }]);
    assert.deepEqual(
      ends.map(({ origin }) => origin.who),
      ['nva', 'nva'],
    );
    assert.deepEqual(await client.readShare('host-a', CALL), SHARE);
    assert.deepEqual(pages, ['host-a']);
  });

  it('tells of more NVEs than go in one message', async () => {
    const [, { statistics } = {}] = SHARE.nves;
    assert.ok(statistics !== undefined);
    const nves = Array.from({ length: 20_000 }, (_, i) => `h${String(i).padStart(62, '0')}`);
    const attachMs = Array<number>(10).fill(16);
    share = (token) => ({
      ...SHARE,
      ...pageOfNves(nves, token, (nve) => ({
        ...{ nve, attachMs },
        statistics: { ...statistics, nve },
      })),
    });
    const whole = await wholeShare(clientOf(tls, await nva()), CALL);
    assert.deepEqual(
      whole.nves.map(({ nve }) => nve),
      nves,
    );
  });

  it('answers who is on this host, without TLS', async () => {
    assert.equal((await clientOf(local).traceNve(QUESTION, CALL)).length, 2);
  });

  for (const [title, options, who] of STRANGERS) {
    it(`is not for ${title}, and asks nobody for them`, async () => {
      const client = clientOf(tls, await certificate(dir.path, 'peer', ca, options));
      const origin = originOf('user/alice');
      const refused = await refusedWith(
        'ACCESS_DENIED',
        client.traceNve(QUESTION, { ...CALL, origin }),
      );
      assert.equal(refused.message, `${who} is no replica of the NVA`);
      await refusedWith('ACCESS_DENIED', client.countPorts([], CALL));
      await refusedWith('ACCESS_DENIED', client.readShare('', CALL));
      const listening = client.ownEvents({ follow: true, run: '', after: 0 }, CALL);
      await refusedWith('ACCESS_DENIED', readAll(listening));
      assert.deepEqual(calls, []);
      // Whom a stranger names is not believed.
      assert.deepEqual(
        ends.map(({ origin: { who: named } }) => named),
        [who, who, who, who],
      );
    });
  }

  const originOf = (who: string): NonNullable<Call['origin']> => ({
    ...{ who, requestId: '' },
    trace: {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      sampled: true,
    },
  });

  for (const who of ['user/alice', 'certificate "Ünnamed, 100%"']) {
    it(`names who asked, ${who}, and goes on with the trace`, async () => {
      const call = { ...CALL, origin: originOf(who) };
      await clientOf(tls, await nva()).traceNve(QUESTION, call);
      assert.deepEqual(
        [ends[0]?.origin.who, ends[0]?.origin.trace.traceId],
        [`nva for ${who}`, call.origin.trace.traceId],
      );
    });
  }

  it('passes the deadline on, and that the caller has gone', async () => {
    const client = clientOf(tls, await nva());
    const deadline = Date.now() + 5000;
    await client.traceNve(QUESTION, { ...CALL, deadline });
    const [told] = calls;
    assert.ok(told?.deadline !== undefined && Math.abs(told.deadline - deadline) < 1000);
    const gone = new AbortController();
    const cancelled = new Promise<void>((resolve) => {
      answer = () => {
        calls[1]?.signal.addEventListener('abort', () => {
          resolve();
        });
        gone.abort();
        return cancelled;
      };
    });
    await refusedWith('CANCELLED', client.traceNve(QUESTION, { signal: gone.signal }));
    await cancelled;
  });

  it('shows the certificate that it has now, on a new connection', async () => {
    const stranger = await certificate(dir.path, 'old', ca, { uris: [`${DOMAIN}/user/root`] });
    const none = (): undefined => undefined;
    const source = { current: readTls(stranger), onChange: () => none, peerRefused: none };
    const clients = new ReplicaClients(source);
    peers.push(clients);
    const ask = (): Promise<unknown> => clients.at(formatTarget(tls)).readShare('', CALL);
    await refusedWith('ACCESS_DENIED', ask());
    assert.equal(clients.at(formatTarget(tls)), clients.at(formatTarget(tls)));
    source.current = readTls(await nva());
    assert.deepEqual(await ask(), SHARE);
  });

  it('streams events, and whose they are as far as it can be told', async () => {
    const client = clientOf(tls, await nva());
    asked.length = 0;
    const request = { follow: false, run: 'r1', after: 3 };
    assert.deepEqual(await readAll(client.ownEvents(request, CALL)), TOLD);
    assert.deepEqual(asked, [request]);
    await refusedWith('INVALID_FIELD', readAll(client.ownEvents({ ...request, after: -1 }, CALL)));
  });

  it('ends its stream when who listens has gone', async () => {
    const client = clientOf(tls, await nva());
    const ended = new Promise<void>((resolve) => (gone = resolve));
    const stop = new AbortController();
    const call = { signal: stop.signal, origin: originOf('user/alice') };
    const told: OwnEvent[] = [];
    for await (const each of client.ownEvents({ follow: true, run: '', after: 0 }, call)) {
      told.push(each);
      if (told.length === TOLD.length) stop.abort();
    }
    await ended;
    await eventually(() => ends.some(({ origin: { who } }) => who === 'nva for user/alice'));
  });

  it('has bounds for questions', async () => {
    const client = clientOf(tls, await nva());
    const passed = Array.from({ length: 1001 }, () => ({ what: '', key: 'port/a' }));
    await refusedWith('INVALID_FIELD', client.traceNve({ ...QUESTION, passed }, CALL));
    const ports = Array.from({ length: 1001 }, () => ({ endpoint: 'a', nve: 'b' }));
    await refusedWith('INVALID_FIELD', client.countPorts(ports, CALL));
  });

  it('is not taken over a network without TLS', () => {
    assert.throws(() => new ReplicaClients(undefined).at('192.0.2.1:4433'), /there is no TLS/);
    assert.throws(() => new ReplicaClients(undefined).at('none'), /"none" is no address/);
  });
});
