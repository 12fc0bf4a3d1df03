import assert from 'node:assert/strict';
import type { NfvError } from '../../../src/errors.js';
import type { Call, NvaApi, WatchEvent, WatchRequest } from '../../../src/model/api.js';
import type { NvaClient } from '../../../src/rpc/nva-client.js';
import { eventually } from '../../support/eventually.js';
import { MemoryNva } from '../../support/memory-nva.js';
import { CALL, clientOf, startServer, type TestServer } from '../../support/nva-server.js';
import { refusedWith } from '../../support/refusals.js';
import { ENDPOINT, NETWORK, NVE, ROUTER, SUBNET } from '../../support/samples.js';

const REST = { requestId: '', validateOnly: false };
const FROM_START: WatchRequest = { kinds: [], filter: '', startRevision: 0 };

function short(event: WatchEvent): string {
  return event.type === 'SYNCED'
    ? `SYNCED ${event.revision}`
    : `${event.type} ${event.revision} ${event.resource.kind}/${event.resource.id}`;
}

async function all(events: AsyncIterable<WatchEvent>): Promise<void> {
  for await (const event of events) short(event);
}

describe('watch', () => {
  let nva: MemoryNva;
  let server: TestServer;
  let client: NvaClient;
  let controller: AbortController;

  beforeEach(async () => {
    nva = new MemoryNva();
    server = await startServer(nva);
    client = server.client();
    controller = new AbortController();
    await nva.virtualNetworks.create({ id: 'blue', spec: NETWORK.spec, ...REST });
    await nva.nves.create({ id: 'host-a', spec: NVE.spec, ...REST });
  });
  afterEach(() => server.stop());

  it('gives a snapshot, then changes, whole', async () => {
    const events = client.watch(FROM_START, controller);
    const next = async (): Promise<string> => {
      const result = await events.next();
      assert.ok(result.done !== true);
      return short(result.value);
    };
    assert.equal(await next(), 'PUT 2 VirtualNetwork/blue');
    assert.equal(await next(), 'PUT 2 Nve/host-a');
    assert.equal(await next(), 'SYNCED 2');
    await nva.subnets.create({ id: 'blue-v4', spec: SUBNET.spec, ...REST });
    await nva.routers.create({ id: 'r1', spec: ROUTER.spec, ...REST });
    await nva.endpoints.create({ id: 'web-1', spec: ENDPOINT.spec, ...REST });
    const made = [nva.subnets.find('blue-v4'), nva.routers.find('r1'), nva.endpoints.find('web-1')];
    for (const [i, resource] of made.entries()) {
      const value = { type: 'PUT', revision: 3 + i, resource };
      assert.deepEqual(await events.next(), { done: false, value });
    }
    await nva.endpoints.delete({ id: 'web-1', etag: '', validateOnly: false });
    assert.equal(await next(), 'DELETED 6 Endpoint/web-1');
    await nva.routers.delete({ id: 'r1', etag: '', validateOnly: false });
    assert.equal(await next(), 'DELETED 7 Router/r1');
    await nva.subnets.delete({ id: 'blue-v4', etag: '', validateOnly: false });
    assert.equal(await next(), 'DELETED 8 Subnet/blue-v4');
    controller.abort();
    assert.equal((await events.next()).done, true);
  });

  it('gives just the kinds and matches that are asked for', async () => {
    const request: WatchRequest = {
      kinds: ['VirtualNetwork', 'Endpoint'],
      filter: 'vni = 100',
      startRevision: 0,
    };
    const events = client.watch(request, controller);
    const seen: string[] = [];
    for await (const event of events) {
      seen.push(short(event));
      if (event.type === 'SYNCED') break;
    }
    assert.deepEqual(seen, ['PUT 2 VirtualNetwork/blue', 'SYNCED 2']);
  });

  it('gives subnets and routers to who asks for them', async () => {
    await nva.subnets.create({ id: 'blue-v4', spec: SUBNET.spec, ...REST });
    await nva.routers.create({ id: 'r1', spec: ROUTER.spec, ...REST });
    const kinds = ['Subnet', 'Router'] as const;
    const seen: string[] = [];
    for await (const event of client.watch({ ...FROM_START, kinds }, controller)) {
      seen.push(short(event));
      if (event.type === 'SYNCED') break;
    }
    assert.deepEqual(seen, ['PUT 4 Subnet/blue-v4', 'PUT 4 Router/r1', 'SYNCED 4']);
  });

  it('gives the changes after a revision', async () => {
    for await (const event of client.watch({ ...FROM_START, startRevision: 1 }, controller)) {
      assert.equal(short(event), 'PUT 2 Nve/host-a');
      break;
    }
  });

  const refused: [request: Partial<WatchRequest>, code: NfvError['code']][] = [
    [{ startRevision: 99 }, 'REVISION_IN_FUTURE'],
    [{ startRevision: 1 }, 'REVISION_COMPACTED'],
    [{ startRevision: -1 }, 'INVALID_FIELD'],
    [{ filter: 'vni' }, 'INVALID_FILTER'],
  ];
  for (const [request, code] of refused) {
    it(`is refused with ${code}`, async () => {
      nva.compact();
      await refusedWith(code, all(client.watch({ ...FROM_START, ...request }, controller)));
    });
  }

  it('ends without an error when its reader cancels, before or after', async () => {
    const early = new AbortController();
    early.abort();
    await all(client.watch(FROM_START, early));
    for await (const event of client.watch(FROM_START, controller)) {
      if (event.type === 'SYNCED') controller.abort();
    }
  });

  it('ends with the error of the NVA', async () => {
    const watching = refusedWith('SHUTTING_DOWN', all(client.watch(FROM_START, controller)));
    await eventually(() => nva.calls.includes('watch'));
    nva.breakWatches();
    await watching;
  });

  it('ends with an error when the NVA goes without a word', async () => {
    const gone = await startServer(nva);
    const lonely = clientOf(gone.target);
    const events = lonely.watch(FROM_START, controller);
    await events.next();
    await gone.stop();
    const error = await refusedWith('NVA_UNREACHABLE', all(events));
    assert.ok(error.message.startsWith(`${gone.target}: `), error.message);
    lonely.close();
  });

  it('says which NVA could not be reached', async () => {
    const nobody = clientOf(`${server.target}.none`);
    const error = await refusedWith('NVA_UNREACHABLE', all(nobody.watch(FROM_START, controller)));
    assert.ok(error.message.startsWith(`${server.target}.none: `), error.message);
    nobody.close();
  });
});

describe('watch, when its reader is slow or goes', () => {
  let sent: number;
  let ended: boolean;
  let server: TestServer;
  const payload = { ...NETWORK, spec: { ...NETWORK.spec, displayName: 'x'.repeat(1000) } };

  beforeEach(async () => {
    sent = 0;
    ended = false;
    const nva = new MemoryNva();
    const api: NvaApi = {
      virtualNetworks: nva.virtualNetworks,
      nves: nva.nves,
      endpoints: nva.endpoints,
      hostProfiles: nva.hostProfiles,
      changes: nva.changes,
      subnets: nva.subnets,
      routers: nva.routers,
      migrations: nva.migrations,
      duplicates: nva.duplicates,
      async *watch(_request: WatchRequest, { signal }: Call) {
        try {
          while (!signal.aborted) {
            yield { type: 'PUT', revision: ++sent, resource: payload };
            await new Promise((resolve) => setImmediate(resolve));
          }
        } finally {
          ended = true;
        }
      },
      waitApplied: (request, call) => nva.waitApplied(request, call),
      trace: (request) => nva.trace(request),
      readCounters: (endpoints) => nva.readCounters(endpoints),
      observation: nva.observation,
    };
    server = await startServer(api);
  });
  afterEach(() => server.stop());

  it('holds the NVA back, and goes on where it was', async () => {
    const controller = new AbortController();
    const events = server.client().watch(FROM_START, controller);
    await events.next();
    // The buffers on the way are full when nothing more is sent for a while.
    let before = -1;
    await eventually(
      () => {
        const still = sent === before;
        before = sent;
        return still;
      },
      10_000,
      100,
    );
    assert.ok(sent < 2000, `${sent} events of 1 KB were sent to a reader that reads none`);
    const stalledAt = sent;
    let revision = 1;
    for await (const event of events) {
      assert.equal(event.revision, ++revision);
      if (revision > stalledAt + 100) break;
    }
    await eventually(() => ended);
  });

  it('ends at the NVA when the reader leaves its loop', async () => {
    for await (const event of server.client().watch(FROM_START, CALL)) {
      if (event.revision > 3) break;
    }
    await eventually(() => ended);
  });

  it('ends at the NVA when the reader is gone', async () => {
    const client = server.client();
    const events = client.watch(FROM_START, CALL);
    await events.next();
    client.close();
    await events.return(undefined);
    await eventually(() => ended);
  });
});
