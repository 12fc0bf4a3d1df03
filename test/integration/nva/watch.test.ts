import assert from 'node:assert/strict';
import type { ResourceKind, WatchEvent, WatchRequest } from '../../../src/model/api.js';
import type { VirtualNetwork, VirtualNetworkSpec } from '../../../src/model/virtual-network.js';
import { FakeClock } from '../../support/fake-clock.js';
import { call, NvaHarness } from '../../support/nva-harness.js';
import { refusedWith } from '../../support/refusals.js';
import { beside, change, create, rejected, startSmallModel } from '../../support/small-model.js';
import { networkSpec } from '../../support/specs.js';

const ALL: WatchRequest = { kinds: [], filter: '', startRevision: 0 };
const networks = (fields: Partial<WatchRequest> = {}): WatchRequest => {
  const kinds: ResourceKind[] = ['VirtualNetwork'];
  return { ...ALL, kinds, ...fields };
};
const gone = (id: string): { id: string; etag: string; validateOnly: boolean } => ({
  id,
  etag: '',
  validateOnly: false,
});

/** "PUT Endpoint/web", "SYNCED". */
function brief(event: WatchEvent): string {
  if (event.type === 'SYNCED') return event.type;
  return `${event.type} ${event.resource.kind}/${event.resource.id}`;
}

/** The next `count` events. */
async function take(watch: AsyncIterator<WatchEvent>, count: number): Promise<WatchEvent[]> {
  const events: WatchEvent[] = [];
  while (events.length < count) {
    const next = await watch.next();
    assert.ok(next.done !== true, `it ended after ${events.map(brief).join(', ')}`);
    events.push(next.value);
  }
  return events;
}

describe('nva watch', () => {
  let harness: NvaHarness;
  let stop: AbortController;
  beforeEach(async () => {
    stop = new AbortController();
    harness = await startSmallModel();
  });
  afterEach(async () => {
    stop.abort();
    await harness.close();
  });

  const start = (request: WatchRequest): AsyncIterator<WatchEvent> =>
    harness.client.watch(request, { signal: stop.signal })[Symbol.asyncIterator]();

  it('keeps no request that names more than there is', async () => {
    const many = Array.from({ length: 7 }, (): ResourceKind => 'Nve');
    const watched = start({ ...ALL, kinds: many }).next();
    const error = await refusedWith('INVALID_FIELD', watched);
    assert.match(error.message, /^kinds: 7 of them: more than there are/);
    const events = { follow: true, kinds: [], tenant: '', resource: '' };
    for (const [field, wrong] of [
      ['kinds', { kinds: Array.from({ length: 20 }, () => 'DRIFT' as const) }],
      ['tenant', { tenant: 't'.repeat(257) }],
      ['resource', { resource: `nves/${'r'.repeat(257)}` }],
    ] as const) {
      const told = harness.client.observation.events({ ...events, ...wrong }, call);
      const refused = await refusedWith('INVALID_FIELD', told[Symbol.asyncIterator]().next());
      assert.deepEqual(
        refused.violations.map((violation) => violation.field),
        [field],
      );
    }
    const each: ResourceKind[] = ['Nve', 'Subnet', 'Router', 'Endpoint', 'HostProfile'];
    await take(start({ ...ALL, kinds: [...each, 'VirtualNetwork'] }), 1);
  });

  const createNetwork = (id: string, fields: Partial<VirtualNetworkSpec> = {}): Promise<unknown> =>
    harness.client.virtualNetworks.create(create(id, networkSpec(fields)), call);
  const updateNetwork = (id: string, fields: Partial<VirtualNetworkSpec>): Promise<unknown> =>
    harness.client.virtualNetworks.update(change<VirtualNetworkSpec>(id, fields), call);

  it('begins with what is there, says that this was all, and goes on with what changes', async () => {
    const watch = start(ALL);
    const first = await take(watch, 5);
    assert.deepEqual(first.map(brief), [
      'PUT VirtualNetwork/blue',
      'PUT Nve/host-a',
      'PUT Nve/host-b',
      'PUT Endpoint/web',
      'SYNCED',
    ]);
    assert.equal(new Set(first.map(({ revision }) => revision)).size, 1, 'all of one revision');
    await createNetwork('red');
    const endpoint = await harness.client.endpoints.create(create('new', beside()), call);
    await harness.client.endpoints.delete(gone('new'), call);
    const [red, put, ...rest] = await take(watch, 3);
    assert.deepEqual(
      [red, put].map((event) => event && brief(event)),
      ['PUT VirtualNetwork/red', 'PUT Endpoint/new'],
    );
    assert.ok(put?.type === 'PUT');
    assert.deepEqual(put.resource, endpoint);
    // Its status may have been written in between.
    let last = rest.at(-1);
    while (last?.type === 'PUT') [last] = await take(watch, 1);
    assert.ok(last?.type === 'DELETED');
    assert.equal(brief(last), 'DELETED Endpoint/new');
    assert.deepEqual(
      last.resource.kind === 'Endpoint' ? last.resource.spec : undefined,
      endpoint.spec,
    );
  });

  it('goes on where it was, and only with the kinds that are asked for', async () => {
    const { revision } = harness.store.status();
    await createNetwork('red');
    await harness.client.endpoints.create(create('new', beside()), call);
    await createNetwork('green');
    const events = await take(start(networks({ startRevision: revision })), 2);
    assert.deepEqual(events.map(brief), ['PUT VirtualNetwork/red', 'PUT VirtualNetwork/green']);
    assert.ok(events.every((event) => event.revision > revision));
  });

  it('with a filter, tells of what begins and ceases to match, and of nothing else', async () => {
    await createNetwork('red', { mtu: 1400 });
    const watch = start(networks({ filter: 'mtu = 1400' }));
    assert.deepEqual((await take(watch, 2)).map(brief), ['PUT VirtualNetwork/red', 'SYNCED']);
    await createNetwork('green', { mtu: 1500 });
    await updateNetwork('green', { displayName: 'Green' });
    await updateNetwork('blue', { mtu: 1400 });
    await updateNetwork('red', { mtu: 1500 });
    await updateNetwork('red', { displayName: 'Red' });
    await harness.client.virtualNetworks.delete(gone('green'), call);
    await updateNetwork('red', { mtu: 1400 });
    assert.deepEqual((await take(watch, 3)).map(brief), [
      'PUT VirtualNetwork/blue',
      'DELETED VirtualNetwork/red',
      'PUT VirtualNetwork/red',
    ]);
  });

  it('with a filter, knows when it goes on what had matched', async () => {
    await createNetwork('red', { mtu: 1400 });
    await createNetwork('green', { mtu: 1500 });
    const { revision } = harness.store.status();
    await updateNetwork('green', { displayName: 'Green' });
    await updateNetwork('red', { mtu: 1500 });
    const watch = start(networks({ filter: 'mtu = 1400', startRevision: revision }));
    const [first] = await take(watch, 1);
    assert.equal(first && brief(first), 'DELETED VirtualNetwork/red');
  });

  it('tells of a status that changed', async () => {
    const watch = start({ ...ALL, kinds: ['Endpoint'] });
    await take(watch, 2);
    await harness.client.endpoints.create(create('new', beside()), call);
    const [, status] = await take(watch, 2);
    assert.ok(status?.type === 'PUT' && status.resource.kind === 'Endpoint');
    assert.equal(status.resource.status.reasonCode, 'NVE_DISCONNECTED');
  });

  it('refuses a revision that does not exist yet, and one that is forgotten', async () => {
    const { revision } = harness.store.status();
    const future = take(start({ ...ALL, startRevision: revision + 1 }), 1);
    assert.equal((await rejected(future)).code, 'REVISION_IN_FUTURE');
    await createNetwork('red');
    await harness.store.compact(revision + 1);
    const past = take(start({ ...ALL, startRevision: revision - 1 }), 1);
    assert.equal((await rejected(past)).code, 'REVISION_COMPACTED');
  });

  it('ends when the NVA stops', async () => {
    const watch = start(ALL);
    await take(watch, 5);
    await harness.stopNva();
    assert.equal((await rejected(watch.next())).code, 'SHUTTING_DOWN');
  });
});

describe('nva watch without anything to tell', () => {
  it('gets a newer revision to go on from, now and then', async () => {
    const clock = new FakeClock();
    const harness = await NvaHarness.start({ clock });
    const stop = new AbortController();
    const watch = harness.nva.watch({ ...ALL, kinds: ['Endpoint'] }, { signal: stop.signal });
    assert.deepEqual((await take(watch, 1)).map(brief), ['SYNCED']);
    const make = (id: string): Promise<VirtualNetwork> =>
      harness.client.virtualNetworks.create(create(id, networkSpec()), call);
    const next = take(watch, 1);
    const { revision } = (await make('red')).meta;
    await clock.advance(10_000);
    await make('green');
    const [event] = await next;
    assert.ok(event?.type === 'SYNCED' && event.revision >= revision);
    stop.abort();
    await harness.close();
  });
});
