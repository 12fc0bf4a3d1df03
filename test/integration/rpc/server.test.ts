import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { RpcServer } from '../../../src/rpc/server.js';
import { ANYBODY } from '../../support/anybody.js';
import { eventually } from '../../support/eventually.js';
import { MemoryNva } from '../../support/memory-nva.js';

const CHECK = '/grpc.health.v1.Health/Check';
const WATCH = '/grpc.health.v1.Health/Watch';
const LIST = '/grpc.health.v1.Health/List';
const SERVING = '0801';
const NOT_SERVING = '0802';
const SERVICE_UNKNOWN = '0803';

describe('a server', () => {
  let directory: string;
  let server: RpcServer;
  let client: Client;
  let nva: MemoryNva;

  const start = async (withNva: boolean): Promise<void> => {
    nva = new MemoryNva();
    directory = await mkdtemp(join(tmpdir(), 'nfvt-server-'));
    const path = join(directory, 's.sock');
    server = new RpcServer({
      listeners: [{ address: { kind: 'unix', path } }],
      ...(withNva ? { nva: { api: nva, session: () => Promise.resolve(), ...ANYBODY } } : {}),
    });
    await server.start();
    client = new Client(`unix:${path}`, credentials.createInsecure());
  };
  afterEach(async () => {
    client.close();
    await server.stop(0);
    await rm(directory, { recursive: true });
  });

  /** Bytes in and out, as hex: what grpc_health_probe and grpcurl would send. */
  const call = (path: string, request: string): Promise<string> =>
    new Promise((resolve) => {
      const asIs = (b: Buffer): Buffer => b;
      const done = (error: ServiceError | null, response?: Buffer): void => {
        resolve(response?.toString('hex') ?? error?.details ?? '');
      };
      client.makeUnaryRequest(path, asIs, asIs, Buffer.from(request, 'hex'), done);
    });
  const named = (service: string): string => {
    const name = Buffer.from(service);
    return Buffer.concat([Buffer.from([0x0a, name.length]), name]).toString('hex');
  };

  it('tells its health, as a whole and of each service', async () => {
    await start(true);
    for (const service of ['', named('nfv.v1.NvaService'), named('nfv.v1.NveSessionService')]) {
      assert.equal(await call(CHECK, service), SERVING);
      server.setServing(false);
      assert.equal(await call(CHECK, service), NOT_SERVING);
      server.setServing(true);
    }
  });

  it('tells who watches its health what becomes of it, and of what is not there that it is not', async () => {
    await start(true);
    const asIs = (b: Buffer): Buffer => b;
    const watch = (service: string): { readonly seen: string[]; cancel(): void } => {
      const seen: string[] = [];
      const stream = client.makeServerStreamRequest(WATCH, asIs, asIs, Buffer.from(service, 'hex'));
      stream
        .on('data', (message: Buffer) => seen.push(message.toString('hex')))
        .on('end', () => seen.push('end'))
        .on('error', () => seen.push('error'));
      return {
        seen,
        cancel() {
          stream.cancel();
        },
      };
    };
    const [whole, one] = [watch(''), watch(named('nfv.v1.NvaService'))];
    const other = watch(named('nfv.v1.Other'));
    const long = watch(named('x'.repeat(101)));
    await eventually(() => [whole, one, other, long].every(({ seen }) => seen.length > 0));
    assert.equal(long.seen[0], 'error');
    one.cancel();
    await eventually(() => one.seen.includes('error'));
    server.setServing(false);
    await eventually(() => whole.seen.length === 2);
    assert.deepEqual(whole.seen, [SERVING, NOT_SERVING]);
    assert.ok(!one.seen.includes(NOT_SERVING));
    // grpc.health.v1: a watch of what is not known goes on.
    assert.deepEqual(other.seen, [SERVICE_UNKNOWN]);
    for (const open of [whole, other]) open.cancel();
    assert.match(
      await call(LIST, ''),
      new RegExp(`${Buffer.from('nfv.v1.NvaService').toString('hex')}1202${NOT_SERVING}`),
    );
    assert.match(await call(CHECK, named('nfv.v1.Other')), /unknown for service nfv\.v1\.Other/);
  });

  it('has nothing but health without an NVA', async () => {
    await start(false);
    assert.equal(await call(CHECK, ''), SERVING);
    const list = await call('/nfv.v1.NvaService/ListNves', '');
    assert.match(list, /does not implement the method/);
  });

  it('lets calls end that are under way when it stops', async () => {
    await start(true);
    nva.laggards = [
      { nve: 'a', code: 'NVE_PENDING', reason: '', appliedRevision: 0, failures: [] },
    ];
    // timeout { seconds: 5 }
    const answer = call('/nfv.v1.NvaService/WaitApplied', '12020805');
    await eventually(() => nva.calls.includes('waitApplied'));
    const stopped = server.stop(5000);
    nva.laggards = [];
    nva.settle();
    // applied, revision 0
    assert.equal(await answer, '08011000');
    await stopped;
  });

  it('cuts calls that do not end in time', async () => {
    await start(true);
    nva.laggards = [
      { nve: 'a', code: 'NVE_PENDING', reason: '', appliedRevision: 0, failures: [] },
    ];
    const answer = call('/nfv.v1.NvaService/WaitApplied', '12020805');
    await eventually(() => nva.calls.includes('waitApplied'));
    await server.stop(10);
    assert.equal(await answer, 'Call cancelled');
  });
});
