/** What a tenant is told by watches: what was its own at that moment, and nothing of others, live and later. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NfvError } from '../../../src/errors.js';
import type { Call, Resource, WatchEvent, WatchRequest } from '../../../src/model/api.js';
import { systemClock } from '../../../src/model/clock.js';
import { GuardingNva } from '../../../src/nva/access/guarding.js';
import {
  applyAll,
  endpoint,
  gone,
  HOSTS,
  network,
  rollBack,
  subnet,
} from '../../support/changes-world.js';
import { FakeClock } from '../../support/fake-clock.js';
import { callWith, grant } from '../../support/guarded.js';
import { call, NvaHarness } from '../../support/nva-harness.js';

const BLUE: Call = callWith(grant('tenant', ['blue'], ['tap']));

function brief(event: WatchEvent): string {
  if (event.type === 'SYNCED') return event.type;
  return `${event.revision} ${event.type} ${event.resource.kind}/${event.resource.id}`;
}

/** Up to the event that is of `last`, without those that only tell a revision. */
async function toldOf(events: AsyncIterable<WatchEvent>, last: string): Promise<WatchEvent[]> {
  const all: WatchEvent[] = [];
  for await (const event of events) {
    if (event.type === 'SYNCED') continue;
    if (event.resource.id === last) return all;
    all.push(event);
  }
  assert.fail(`it ended without ${last}: ${all.map(brief).join(', ')}`);
}

describe('the watches of a tenant', () => {
  let nva: NvaHarness;
  let api: GuardingNva;
  /** Of the wall clock that the NVA goes by. */
  let behindMs: number;
  beforeEach(async () => {
    behindMs = 0;
    const clock = {
      now: () => systemClock.now() - behindMs,
      monotonic: () => systemClock.monotonic(),
      after: (ms: number, callback: () => void) => systemClock.after(ms, callback),
    };
    nva = await NvaHarness.start({ clock });
    api = new GuardingNva(nva.nva);
    await applyAll(nva.nva, ...HOSTS, network('blue', { tenant: 'blue', vni: 100 }));
  });
  afterEach(() => nva.close());

  const endpoints = async (startRevision: number): Promise<string[]> => {
    await applyAll(nva.nva, endpoint('last'));
    const request: WatchRequest = { kinds: ['Endpoint'], filter: '', startRevision };
    const events = await toldOf(api.watch(request, BLUE), 'last');
    // A status is written when it is, also again.
    return [...new Set(events.map((event) => brief(event).replace(/^\d+ /, '')))];
  };
  const now = (): number => nva.store.status().revision;

  it('go on when a network has been replaced, and its endpoints are older', async () => {
    const mac = '02:4e:00:00:00:01';
    await applyAll(nva.nva, endpoint('web', { mac }));
    const first = now();
    await applyAll(nva.nva, gone('Endpoint', 'web'), gone('VirtualNetwork', 'blue'));
    const other = network('blue', { tenant: 'blue', vni: 200 });
    await applyAll(nva.nva, other, endpoint('web', { mac }));
    const done = await rollBack(nva.nva, first);
    assert.deepEqual(
      done.changes.map(({ verb, id }) => `${verb} ${id}`),
      ['REPLACE blue'],
    );
    const { revision } = await api.endpoints.list({ pageSize: 0, pageToken: '', filter: '' }, BLUE);
    await applyAll(nva.nva, endpoint('web', { mac, labels: { a: 'b' } }));
    assert.deepEqual(await endpoints(revision), ['PUT Endpoint/web']);
  });

  it('go on when the clock is set back, or another replica’s is behind', async () => {
    await applyAll(nva.nva, network('red', { tenant: 'red' }));
    const revision = now();
    behindMs = 5000;
    await applyAll(nva.nva, endpoint('red-1', { network: 'red' }), endpoint('blue-1'));
    behindMs = 0;
    await applyAll(nva.nva, gone('Endpoint', 'red-1'));
    assert.deepEqual(await endpoints(revision), ['PUT Endpoint/blue-1']);
  });

  it('go on over the end of another’s network, and of what was in it', async () => {
    const revision = now();
    await applyAll(nva.nva, network('red', { tenant: 'red' }), endpoint('r', { network: 'red' }));
    await applyAll(nva.nva, endpoint('mine'));
    await applyAll(nva.nva, gone('Endpoint', 'r'), gone('VirtualNetwork', 'red'));
    assert.deepEqual(await endpoints(revision), ['PUT Endpoint/mine']);
  });

  it('tell that something is gone when it is another’s, if it was told of', async () => {
    await applyAll(nva.nva, network('red', { tenant: 'red' }));
    await applyAll(nva.nva, endpoint('x', { network: 'red', labels: { a: 'b', c: 'd' } }));
    const first = now();
    await applyAll(nva.nva, gone('Endpoint', 'x'));
    await applyAll(nva.nva, endpoint('x', { labels: { a: 'b' } }));
    const revision = now();
    await rollBack(nva.nva, first);
    await applyAll(nva.nva, network('last', { tenant: 'blue', labels: { a: 'b', c: 'd' } }));
    for (const [filter, told] of [
      ['', ['DELETED Endpoint/x']],
      ['labels.a = "b"', ['DELETED Endpoint/x']],
      // It matches as the other's only.
      ['labels.c = "d"', []],
    ] as const) {
      for (const kinds of [[], ['Endpoint', 'VirtualNetwork']] as const) {
        const events = await toldOf(
          api.watch({ kinds, filter, startRevision: revision }, BLUE),
          'last',
        );
        const texts = events.map((event) => brief(event).replace(/^\d+ /, ''));
        const after = texts.slice(texts.lastIndexOf('PUT Endpoint/x') + 1);
        assert.deepEqual(after, told, filter);
      }
    }
  });

  it('tell, live and later, what was theirs then, whatever became of it', async () => {
    const id = fc.constantFrom('a', 'b');
    const sub = fc.constantFrom('s', 't');
    const step = fc.oneof(
      fc.record({ network: id, tenant: fc.constantFrom('blue', 'red') }),
      fc.record({ subnet: sub, of: id }),
      fc.record({ gone: fc.uniqueArray(fc.constantFrom('s', 't', 'a', 'b'), { minLength: 1 }) }),
      fc.record({ backBy: fc.integer({ min: 1, max: 4 }) }),
    );
    let run = 0;
    const property = fc.asyncProperty(
      fc.array(step, { minLength: 4, maxLength: 12 }),
      async (all) => {
        const last = `end-${++run}`;
        const start = now();
        const request: WatchRequest = {
          ...{ kinds: ['VirtualNetwork', 'Subnet'], filter: '', startRevision: start },
        };
        const live = toldOf(api.watch(request, BLUE), last);
        const revisions = [start];
        for (const each of all) {
          await done(each, revisions);
          revisions.push(now());
        }
        await done({ gone: ['s', 't', 'a', 'b'] }, revisions);
        await applyAll(nva.nva, network(last, { tenant: 'blue' }));
        const expected = ofBlue(await toldOf(nva.nva.watch(request, call), last));
        assert.deepEqual((await live).map(brief), expected);
        const resumed = await toldOf(api.watch(request, BLUE), last);
        assert.deepEqual(resumed.map(brief), expected);
      },
    );
    await fc.assert(property, { numRuns: 20 });
  });

  type Step =
    | { readonly network: string; readonly tenant: string }
    | { readonly subnet: string; readonly of: string }
    | { readonly gone: readonly string[] }
    | { readonly backBy: number };

  /** Some of it cannot be done, and is not. */
  const done = async (step: Step, revisions: readonly number[]): Promise<void> => {
    try {
      if ('network' in step) await applyAll(nva.nva, network(step.network, step));
      else if ('subnet' in step) {
        const net = step.subnet === 's' ? '10.1.0' : '10.2.0';
        const fields = { network: step.of, prefix: `${net}.0/24`, gateway: `${net}.1` };
        await applyAll(nva.nva, subnet(step.subnet, fields));
      } else if ('gone' in step) {
        const ids = step.gone.map((each) =>
          gone('st'.includes(each) ? 'Subnet' : 'VirtualNetwork', each),
        );
        await applyAll(nva.nva, ...ids);
      } else await rollBack(nva.nva, revisions.at(-step.backBy) ?? now());
    } catch (thrown) {
      assert.ok(thrown instanceof NfvError, String(thrown));
    }
  };
});

/** Of what somebody is told who may see all, what blue is: by the tenants of networks before and after each revision. */
function ofBlue(all: readonly WatchEvent[]): string[] {
  const told: string[] = [];
  let before = new Map<string, Resource>();
  for (const revision of new Set(all.map((event) => event.revision))) {
    const events = all.flatMap((event) =>
      event.revision === revision && event.type !== 'SYNCED' ? [event] : [],
    );
    const after = new Map(before);
    for (const { type, resource } of events) {
      if (type === 'PUT') after.set(nameOf(resource), resource);
      else after.delete(nameOf(resource));
    }
    for (const { resource } of events) {
      const name = nameOf(resource);
      if (tenantOf(after, name) === 'blue') told.push(`${revision} PUT ${name}`);
      else if (tenantOf(before, name) === 'blue') told.push(`${revision} DELETED ${name}`);
    }
    before = after;
  }
  return told;
}

function nameOf({ kind, id }: Resource): string {
  return `${kind}/${id}`;
}

function tenantOf(all: ReadonlyMap<string, Resource>, name: string): string | undefined {
  const resource = all.get(name);
  if (resource?.kind === 'VirtualNetwork') return resource.spec.tenant;
  if (resource?.kind !== 'Subnet') return undefined;
  return tenantOf(all, `VirtualNetwork/${resource.spec.network}`);
}

describe('a watch that tells nothing for long', () => {
  it('gives a newer revision by the clock alone, whatever matches that is another’s', async () => {
    const clock = new FakeClock();
    const nva = await NvaHarness.start({ clock });
    const api = new GuardingNva(nva.nva);
    const stop = new AbortController();
    const by: Call = { ...BLUE, signal: stop.signal };
    const watching = (filter: string): AsyncGenerator<string> =>
      textsOf(api.watch({ kinds: ['VirtualNetwork'], filter, startRevision: 0 }, by));
    const watches = ['', 'tenant = "red"', 'tenant = "green"'].map(watching);
    const next = async (): Promise<unknown[]> =>
      (await Promise.all(watches.map((watch) => watch.next()))).map(({ value }): unknown => value);
    await next();
    const told = next();
    // It has begun to wait.
    await clock.advance(0);
    await clock.advance(10_000);
    const { revision } = await applyAll(nva.nva, network('red', { tenant: 'red' }));
    const expected = `SYNCED ${revision}`;
    assert.deepEqual(await told, [expected, expected, expected]);
    stop.abort();
    await nva.close();
  });
});

async function* textsOf(events: AsyncIterable<WatchEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    yield event.type === 'SYNCED' ? `SYNCED ${event.revision}` : brief(event);
  }
}
