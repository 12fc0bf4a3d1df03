/** How many connections an identity may have, over real ones. */
import assert from 'node:assert/strict';
import { callerOf } from '../../../src/model/access-policy.js';
import { parseAddress, type Address } from '../../../src/rpc/address.js';
import { ConnectionLimiter, type RefusedConnections } from '../../../src/rpc/connection-limiter.js';
import { NvaClient } from '../../../src/rpc/nva-client.js';
import { RpcServer } from '../../../src/rpc/server.js';
import type { TlsFiles } from '../../../src/rpc/tls-material.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { LabCa } from '../../support/lab-ca.js';
import { MemoryNva } from '../../support/memory-nva.js';
import { CALL } from '../../support/nva-server.js';
import { refusedWith } from '../../support/refusals.js';
import { tempDir } from '../../support/temp-dir.js';

const ALL = { pageSize: 0, pageToken: '', filter: '' };
const MOST = 3;

describe('connections of an identity', function () {
  this.timeout(30_000);
  const dir = tempDir();
  const clock = new FakeClock();
  const refused: RefusedConnections[] = [];
  const clients: NvaClient[] = [];
  let ca: LabCa;
  let server: RpcServer;
  let address: Address;

  before(async () => {
    ca = await LabCa.create(dir.path);
    const tls = await ca.issue('nva');
    server = new RpcServer({
      listeners: [{ address: { kind: 'tcp', host: '127.0.0.1', port: 0 }, tls }],
      nva: {
        api: new MemoryNva(),
        session: () => Promise.resolve(),
        connections: new ConnectionLimiter(MOST, clock, (each) => refused.push(each)),
        callerOf: (identity) => callerOf(undefined, identity),
        onCallEnd: () => undefined,
      },
    });
    const [target = ''] = await server.start();
    const bound = parseAddress(target);
    assert.ok(bound);
    address = bound;
  });
  after(async () => {
    leave();
    await server.stop(0);
    dir.remove();
  });

  const leave = (): void => {
    for (const client of clients.splice(0)) client.close();
  };
  /** By a connection of its own, which stays. */
  const list = (tls: TlsFiles): Promise<unknown> => {
    const client = new NvaClient({ address, timeoutMs: 5000, tls });
    clients.push(client);
    return client.nves.list(ALL, CALL);
  };
  const told = (): readonly (readonly [who: string, connections: number, refused: number])[] => {
    assert.ok(refused.every(({ peer }) => /^127\.0\.0\.1:\d+$/.test(peer)));
    return refused.splice(0).map((each) => [each.who, each.connections, each.refused] as const);
  };

  it('are no more than it may have, whatever others have; that is told once a minute', async () => {
    const [alice, bob] = [await ca.issue('user/alice'), await ca.issue('nve/bob')];
    for (let i = 0; i < MOST; i++) await list(alice);
    await refusedWith('NVA_UNREACHABLE', list(alice));
    assert.deepEqual(told(), [['user/alice', MOST, 1]]);
    await refusedWith('NVA_UNREACHABLE', list(alice));
    assert.deepEqual(told(), []);
    for (let i = 0; i < MOST; i++) await list(bob);
    await clock.advance(60_000);
    const error = await refusedWith('NVA_UNREACHABLE', list(alice));
    assert.match(error.message, /or has too many of its connections$/);
    const [again, ...more] = told();
    assert.deepEqual([again?.[0], again?.[1], more], ['user/alice', MOST, []]);
    assert.ok((again?.[2] ?? 0) >= 2, 'with those that were not told');
    await eventually(() => {
      leave();
      return list(alice);
    });
  });
});
