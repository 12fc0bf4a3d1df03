/** A replica of a later version tells of what this one does not know. */
import assert from 'node:assert/strict';
import { Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js';
import { EventRing } from '../../../src/nva/observing/event-ring.js';
import { EventsEverywhere } from '../../../src/nva/replicas/events-everywhere.js';
import { OtherReplicas } from '../../../src/nva/replicas/other-replicas.js';
import type { WatchOwnEventsRequest__Output } from '../../../src/rpc/gen/nfv/v1/WatchOwnEventsRequest.js';
import type { WatchOwnEventsResponse } from '../../../src/rpc/gen/nfv/v1/WatchOwnEventsResponse.js';
import { loadProtos } from '../../../src/rpc/load.js';
import { ReplicaClients } from '../../../src/rpc/replica-clients.js';
import { FakeClock } from '../../support/fake-clock.js';
import { nullLog } from '../../support/null-log.js';
import { ALL_EVENTS } from '../../support/nva-events.js';
import { tempDir } from '../../support/temp-dir.js';

const { WatchOwnEvents } = loadProtos().protos.nfv.v1.NvaReplicaService.service;
/** `run` r1, `position` 1, an `event` of `sequence` 1 and `kind` 99, for which this version has no name. */
const LATER = Buffer.from('0a02723110011a0408011863', 'hex');
const KNOWN: readonly WatchOwnEventsResponse[] = [
  // An NVE that is none.
  { run: 'r1', position: 2, event: { sequence: 2, kind: 5, nve: 'hosts/a' }, tenant_unknown: true },
  { run: 'r1', position: 3, event: { sequence: 3, kind: 5, resource: 'nves/known' } },
  { run: 'r1', position: 3 },
];
const bytes = (message: Buffer): Buffer => message;

describe('events of a replica of a later version', () => {
  const dir = tempDir();
  const address = `unix:${dir.path}/later.sock`;
  const asked: WatchOwnEventsRequest__Output[] = [];
  const clients = new ReplicaClients(undefined);
  const server = new Server();

  before(async () => {
    server.addService(
      { WatchOwnEvents: { ...WatchOwnEvents, responseSerialize: bytes } },
      {
        WatchOwnEvents(call: ServerWritableStream<WatchOwnEventsRequest__Output, Buffer>) {
          asked.push(call.request);
          call.write(LATER);
          for (const each of KNOWN) call.write(WatchOwnEvents.responseSerialize(each));
          call.end();
        },
      },
    );
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(address, ServerCredentials.createInsecure(), (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  });
  after(() => {
    clients.close();
    server.forceShutdown();
    dir.remove();
  });

  it('are missed where they cannot be read, and those behind them are told', async () => {
    const peers = { addresses: () => new Map([['b', address]]), onChange: () => () => undefined };
    const clock = new FakeClock();
    const { signal } = new AbortController();
    const others = new OtherReplicas({
      ...{ clock, log: nullLog, peers, access: clients },
      stop: signal,
    });
    const everywhere = new EventsEverywhere({ clock, all: new EventRing(), others });
    const told: unknown[] = [];
    for await (const event of everywhere.read(ALL_EVENTS, { signal })) {
      const { kind, code, resource, replica, sequence, tenant } = event;
      told.push({ kind, code, resource, replica, sequence, tenant });
    }
    const of = { replica: address, tenant: '' };
    const missed = { kind: 'MISSED', code: 'PROTOCOL_VERSION', resource: '', sequence: 0, ...of };
    const known = { kind: 'NVE_LOST', code: '', resource: 'nves/known', sequence: 3, ...of };
    assert.deepEqual(told, [missed, missed, known]);
    assert.equal(asked.length, 1);
  });
});
