import assert from 'node:assert/strict';
import { MAX_QUERIES, NO_ANSWER } from '../../../../src/model/query.js';
import { Queries } from '../../../../src/nva/sessions/queries.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { refusedWith } from '../../../support/refusals.js';

const LOOK = { what: 'LOOK', keys: ['bd/1'] } as const;
const NOTHING = NO_ANSWER;

describe('what is asked of an NVE', () => {
  let clock: FakeClock;
  let woken: number;
  let queries: Queries;
  let asker: AbortController;
  beforeEach(() => {
    clock = new FakeClock();
    woken = 0;
    queries = new Queries('host-a', clock, () => woken++);
    asker = new AbortController();
  });

  it('is sent once, and settled by the answer with its id', async () => {
    const first = queries.ask(LOOK, asker.signal);
    const second = queries.ask({ what: 'COUNTERS', keys: ['port/a'] }, asker.signal);
    assert.equal(woken, 2);
    assert.deepEqual(queries.next(), { kind: 'query', id: 1, ...LOOK, paths: [] });
    assert.equal(queries.next()?.id, 2);
    assert.equal(queries.next(), undefined);
    const counters = [
      { key: 'port/a', rxPackets: 1, rxBytes: 2, txPackets: 3, txBytes: 4, drops: 5 },
    ];
    queries.answered({ kind: 'query_reply', id: 2, ...NO_ANSWER, counters });
    queries.answered({ kind: 'query_reply', id: 1, ...NOTHING });
    assert.deepEqual(await second, { ...NO_ANSWER, counters });
    assert.deepEqual(await first, NOTHING);
    queries.answered({ kind: 'query_reply', id: 1, ...NOTHING });
  });

  it("fails with the NVE's error, with INTERNAL for a code that we do not know", async () => {
    for (const [code, expected] of [
      ['VPP_LIBRARY_MISSING', 'VPP_LIBRARY_MISSING'],
      ['NEW_ONE', 'INTERNAL'],
    ] as const) {
      const asked = queries.ask(LOOK, asker.signal);
      const id = queries.next()?.id ?? 0;
      const error = { code, message: 'why' };
      queries.answered({ kind: 'query_reply', id, ...NOTHING, error });
      await refusedWith(expected, asked);
    }
  });

  it('fails after ten seconds, when the session ends, and when nobody waits any more', async () => {
    const late = refusedWith('DEADLINE_EXCEEDED', queries.ask(LOOK, asker.signal));
    await clock.advance(10_000);
    await late;
    assert.equal(queries.next(), undefined, 'it need not be sent any more');
    const left = refusedWith('CANCELLED', queries.ask(LOOK, asker.signal));
    asker.abort();
    await left;
    const cut = refusedWith('NVE_DISCONNECTED', queries.ask(LOOK, new AbortController().signal));
    queries.end();
    await cut;
    await refusedWith('NVE_DISCONNECTED', queries.ask(LOOK, new AbortController().signal));
  });

  it('is refused when too much is asked already', async () => {
    const all = Array.from({ length: MAX_QUERIES }, () =>
      refusedWith('NVE_DISCONNECTED', queries.ask(LOOK, new AbortController().signal)),
    );
    await refusedWith('TOO_MANY_REQUESTS', queries.ask(LOOK, asker.signal));
    queries.end();
    await Promise.all(all);
  });

  it('is forgotten with who asked, while the NVE takes nothing', async () => {
    for (let i = 0; i < 3 * MAX_QUERIES; i++) {
      const caller = new AbortController();
      const left = refusedWith('CANCELLED', queries.ask(LOOK, caller.signal));
      assert.equal(queries.unsent, 1);
      caller.abort();
      await left;
    }
    assert.equal(queries.unsent, 0);
  });
});
