/** Everybody is told of what they may read, and of nothing else. */
import assert from 'node:assert/strict';
import type { Caller, Grant } from '../../../../src/model/access-policy.js';
import type { ObservationApi } from '../../../../src/model/api.js';
import type { EventKind, NvaEvent } from '../../../../src/model/observation.js';
import { GuardedNva } from '../../../../src/nva/access/access.js';
import { EventRing } from '../../../../src/nva/observing/event-ring.js';
import { EventsEverywhere } from '../../../../src/nva/replicas/events-everywhere.js';
import { GuardedObservation } from '../../../../src/nva/access/guarded-observation.js';
import { OtherReplicas } from '../../../../src/nva/replicas/other-replicas.js';
import { Rights } from '../../../../src/nva/access/rights.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { MemoryNva } from '../../../support/memory-nva.js';
import { nullLog } from '../../../support/null-log.js';
import { TellingReplica } from '../../../support/nva-events.js';
import { refusedWith } from '../../../support/refusals.js';

const grant = (role: Grant['role'], ...tenants: string[]): Grant => ({
  role,
  tenants: tenants.length === 0 ? undefined : new Set(tenants),
  ports: undefined,
});
const event = (sequence: number, tenant: string | undefined, kind: EventKind): NvaEvent => ({
  ...{ sequence, tenant, kind, time: '2026-01-02T03:04:05.678Z' },
  ...{
    replica: '',
    resource: 'x',
    who: '',
    nve: '',
    revision: 0,
    code: '',
    message: '',
    traceId: '',
  },
});
const EVENTS = [
  event(1, 'blue', 'CREATED'),
  event(2, 'red', 'CREATED'),
  event(3, '', 'NVE_LOST'),
  event(4, undefined, 'DELETED'),
  event(5, '', 'MISSED'),
];
const rows: readonly (readonly [string, readonly Grant[], readonly number[], boolean])[] = [
  ['a tenant', [grant('tenant', 'blue')], [1, 5], false],
  ['a tenant of two', [grant('tenant', 'blue'), grant('viewer', 'red')], [1, 2, 5], false],
  ['a viewer of everything', [grant('viewer')], [1, 2, 3, 4, 5], true],
  ['an operator of one tenant', [grant('operator', 'red')], [2, 5], false],
  ['an operator of all', [grant('operator')], [1, 2, 3, 4, 5], true],
  ['somebody without rights', [], [5], false],
];

describe('statistics and events', () => {
  const call = { signal: new AbortController().signal };
  const request = { follow: false, kinds: [], tenant: '', resource: '' };

  for (const [who, grants, seen, reads] of rows) {
    it(`as ${who} gets them`, async () => {
      const nva = new MemoryNva();
      nva.events.push(...EVENTS);
      const caller: Caller = { who: 'user/x', grants };
      const { observation } = new GuardedNva(nva, caller);
      const found: number[] = [];
      for await (const { sequence } of observation.events(request, call)) found.push(sequence);
      assert.deepEqual(found, seen);
      if (reads) assert.equal((await observation.statistics(call)).revision, 0);
      else await refusedWith('ACCESS_DENIED', observation.statistics(call));
    });
  }

  it('tells everybody what is missing, and why it is those who may read NVEs', async () => {
    const reason = '192.0.2.3:4433: certificate has expired: /run/nva.sock';
    const silent = { replica: '192.0.2.3:4433', code: 'NVA_UNREACHABLE', message: reason };
    const missed = { ...event(0, '', 'MISSED'), ...silent };
    const slow = { ...event(0, '', 'MISSED'), message: '3 events came faster than they were read' };
    const code = 'TOO_MANY_REQUESTS';
    const at = { resource: 'nves/host-a', nve: 'host-a', who: 'nve/host-a' };
    const crowding = { ...event(0, '', 'MISSED'), ...at, code, message: 'more than 1000' };
    const nowhere = { resource: '', nve: '', who: '' };
    const fixed = 'some of what only this replica knows cannot be told';
    for (const [who, grants, , reads] of rows) {
      const nva = new MemoryNva();
      nva.events.push(missed, slow, crowding);
      const { observation } = new GuardedNva(nva, { who: 'user/x', grants });
      const found: NvaEvent[] = [];
      for await (const each of observation.events(request, call)) found.push(each);
      const shown = [missed, crowding].map((each) =>
        reads ? each : { ...each, ...nowhere, message: fixed },
      );
      assert.deepEqual(found, [shown[0], slow, shown[1]], who);
    }
  });

  it('holds for what other replicas tell, too', async () => {
    const other = new TellingReplica();
    const events = EVENTS.map((each) => ({ ...each, resource: `their ${each.sequence}` }));
    for (const each of events) other.ring.add(each);
    const own = new EventRing();
    for (const each of EVENTS) own.add({ ...each, resource: `own ${each.sequence}` });
    const peers = { addresses: () => new Map([['b', 'unix:/b']]), onChange: () => () => undefined };
    const clock = new FakeClock();
    const access = { at: () => other.api };
    const others = new OtherReplicas({
      clock,
      log: nullLog,
      peers,
      access,
      stop: new AbortController().signal,
    });
    const everywhere = new EventsEverywhere({ clock, all: own, others });
    for (const [who, grants, seen] of rows) {
      const api: ObservationApi = {
        statistics: () => Promise.reject(new Error('not asked')),
        events: (asked, by) => everywhere.read(asked, by),
      };
      const guarded = new GuardedObservation(api, new Rights({ who: 'user/x', grants }));
      const found: string[] = [];
      for await (const { resource } of guarded.events(request, call)) found.push(resource);
      const expected = ['own', 'their'].flatMap((whose) => seen.map((n) => `${whose} ${n}`));
      assert.deepEqual(found.sort(), expected.sort(), who);
    }
  });
});
