/** Limits of each identity, over real connections. */
import assert from 'node:assert/strict';
import type { ServiceError } from '@grpc/grpc-js';
import { callerOf } from '../../../src/model/access-policy.js';
import { formatTarget, parseAddress, type Address } from '../../../src/rpc/address.js';
import { CallLimiter } from '../../../src/rpc/call-limiter.js';
import type { CallEnd } from '../../../src/rpc/handlers.js';
import { loadProtos } from '../../../src/rpc/load.js';
import { NvaClient } from '../../../src/rpc/nva-client.js';
import { NveSessionClient } from '../../../src/rpc/nve-client.js';
import { RpcServer } from '../../../src/rpc/server.js';
import type { TlsFiles } from '../../../src/rpc/tls-material.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { Probe } from '../../support/grpc-probe.js';
import { LabCa } from '../../support/lab-ca.js';
import { MemoryNva } from '../../support/memory-nva.js';
import { CALL } from '../../support/nva-server.js';
import { refusedWith } from '../../support/refusals.js';
import { tempDir } from '../../support/temp-dir.js';

const ALL = { pageSize: 0, pageToken: '', filter: '' };

describe('limits of an identity', function () {
  this.timeout(30_000);
  const dir = tempDir();
  const clock = new FakeClock();
  const ends: CallEnd[] = [];
  const clients: NvaClient[] = [];
  let ca: LabCa;
  let server: RpcServer;
  let targets: { readonly tls: Address; readonly local: Address };

  before(async () => {
    ca = await LabCa.create(dir.path);
    const local = { kind: 'unix', path: `${dir.path}/nva.sock` } as const;
    server = new RpcServer({
      listeners: [
        { address: { kind: 'tcp', host: '127.0.0.1', port: 0 }, tls: await ca.issue('nva') },
        { address: local },
      ],
      nva: {
        api: new MemoryNva(),
        session: () => Promise.resolve(),
        limiter: new CallLimiter({ callsPerSecond: 1, burst: 2, concurrent: 10 }, clock),
        callerOf: (identity) => callerOf(undefined, identity),
        onCallEnd: (end) => ends.push(end),
      },
    });
    const [target = ''] = await server.start();
    const tls = parseAddress(target);
    assert.ok(tls);
    targets = { tls, local };
  });
  after(async () => {
    for (const client of clients) client.close();
    await server.stop(0);
    dir.remove();
  });

  const list = (address: Address, tls?: TlsFiles): Promise<unknown> => {
    const client = new NvaClient({ address, timeoutMs: 5000, ...(tls && { tls }) });
    clients.push(client);
    return client.nves.list(ALL, CALL);
  };

  it('refuse what is over, say when to come again, and hold for nobody else', async () => {
    const [alice, bob] = [await ca.issue('user/alice'), await ca.issue('user/bob')];
    await list(targets.tls, alice);
    await list(targets.tls, alice);
    const error = await refusedWith('TOO_MANY_REQUESTS', list(targets.tls, alice));
    assert.equal(error.message, 'user/alice makes more than 1 calls a second');
    assert.ok(error.retriable);
    const { RetryInfo, QuotaFailure } = loadProtos().protos.google.rpc;
    const details = detailsOf(error.cause);
    const retry = RetryInfo.deserialize(details.get('google.rpc.RetryInfo') ?? Buffer.of());
    assert.deepEqual([Number(retry.retry_delay?.seconds), retry.retry_delay?.nanos], [1, 0]);
    const quota = QuotaFailure.deserialize(details.get('google.rpc.QuotaFailure') ?? Buffer.of());
    assert.deepEqual(
      quota.violations.map(({ subject }) => subject),
      ['user/alice'],
    );
    assert.equal(ends.at(-1)?.error?.code, 'TOO_MANY_REQUESTS');
    await list(targets.tls, bob);
    await clock.advance(1000);
    await list(targets.tls, alice);
  });

  it('hold for watches and for sessions', async () => {
    const [carol, host] = [await ca.issue('user/carol'), await ca.issue('nve/host-a')];
    for (let i = 0; i < 2; i++) await list(targets.tls, carol);
    const client = new NvaClient({ address: targets.tls, timeoutMs: 5000, tls: carol });
    clients.push(client);
    const watch = async (): Promise<void> => {
      const request = { kinds: [], filter: '', startRevision: 0 };
      for await (const event of client.watch(request, CALL)) assert.fail(event.type);
    };
    await refusedWith('TOO_MANY_REQUESTS', watch());
    const session = async (): Promise<void> => {
      for await (const { kind } of new NveSessionClient().connect(targets.tls, host).incoming) {
        assert.fail(kind);
      }
    };
    await session();
    await session();
    await refusedWith('TOO_MANY_REQUESTS', session());
  });

  it('hold for health and reflection', async () => {
    const target = formatTarget(targets.tls);
    const over = /user\/(dave|erin|frank|grace) makes more than 1 calls a second/;
    for (const [user, ask] of [
      ['dave', (probe: Probe) => probe.health()],
      ['erin', (probe: Probe) => probe.watched()],
      ['frank', (probe: Probe) => probe.services().catch(String)],
      ['grace', (probe: Probe) => probe.healthList()],
    ] as const) {
      const tls = await ca.issue(`user/${user}`);
      for (let i = 0; i < 2; i++) await list(targets.tls, tls);
      const probe = new Probe(target, tls);
      assert.match(await ask(probe), over);
      await clock.advance(1000);
      assert.doesNotMatch(await ask(probe), over);
      probe.close();
    }
    const local = new Probe(formatTarget(targets.local));
    for (let i = 0; i < 20; i++) assert.equal(await local.health(), 'SERVING');
    local.close();
  });

  it('count a watch of health as long as it goes on', async () => {
    const heidi = await ca.issue('user/heidi');
    const probe = new Probe(formatTarget(targets.tls), heidi);
    for (let i = 0; i < 10; i++) {
      assert.equal(await probe.watched(), 'it goes on');
      await clock.advance(1000);
    }
    assert.match(await probe.health(), /user\/heidi has 10 calls under way/);
    probe.close();
    await eventually(() => list(targets.tls, heidi).then(() => clock.advance(1000)));
  });

  it('do not hold on a socket of this host', async () => {
    for (let i = 0; i < 20; i++) await list(targets.local);
  });
});

/** By type. */
function detailsOf(cause: unknown): Map<string, Buffer> {
  assert.ok(isServiceError(cause));
  const [bytes] = cause.metadata.get('grpc-status-details-bin');
  assert.ok(Buffer.isBuffer(bytes));
  const { details } = loadProtos().protos.google.rpc.Status.deserialize(bytes);
  return new Map(
    details.map(({ type_url, value }) => [type_url.replace(/^.*\//, ''), Buffer.from(value)]),
  );
}

function isServiceError(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && 'metadata' in thrown;
}
