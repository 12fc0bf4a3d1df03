/** Everybody is told of what they may read, and of nothing else. */
import assert from 'node:assert/strict';
import type { Caller, Grant } from '../../../src/model/access-policy.js';
import type { EventKind, NvaEvent } from '../../../src/model/observation.js';
import { GuardedNva } from '../../../src/nva/access.js';
import { MemoryNva } from '../../support/memory-nva.js';
import { refusedWith } from '../../support/refusals.js';

const grant = (role: Grant['role'], ...tenants: string[]): Grant => ({
  role,
  tenants: tenants.length === 0 ? undefined : new Set(tenants),
  ports: undefined,
});
const event = (sequence: number, tenant: string | undefined, kind: EventKind): NvaEvent => ({
  ...{ sequence, tenant, kind, time: '2026-01-02T03:04:05.678Z' },
  ...{ resource: 'x', who: '', nve: '', revision: 0, code: '', message: '', traceId: '' },
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
});
