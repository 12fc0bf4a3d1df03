import assert from 'node:assert/strict';
import type { Laggard, WaitAppliedResult } from '../../../src/model/api.js';
import { AppliedWaiters } from '../../../src/nva/wait-applied.js';
import { FakeClock, settle } from '../../support/fake-clock.js';

const call = { signal: new AbortController().signal };

/** NVEs by the first revision that each lacks. */
class World {
  readonly clock = new FakeClock();
  readonly lacks = new Map<string, number>();
  stored = 10;
  compiled = 10;
  judged = Promise.resolve();
  failures: Laggard['failures'] = [];
  readonly waiters = new AppliedWaiters({
    clock: this.clock,
    storeRevision: () => this.stored,
    compiledRevision: () => this.compiled,
    judged: () => this.judged,
    behind: () => this.lacks.keys(),
    lags: (nve, revision) => this.#lags(nve, revision),
    laggard: (nve, revision) =>
      Promise.resolve(
        this.#lags(nve, revision) ? { ...laggard(nve), failures: this.failures } : undefined,
      ),
  });

  #lags(nve: string, revision: number): boolean {
    return (this.lacks.get(nve) ?? Infinity) <= revision;
  }

  applied(nve: string): void {
    this.lacks.delete(nve);
    this.waiters.progressed(nve);
  }

  /** @returns what answers with the result, or undefined as long as it waits */
  wait(revision: number, timeoutMs: number): () => WaitAppliedResult | undefined {
    let result: WaitAppliedResult | undefined;
    void this.waiters.wait({ revision, timeoutMs }, call).then((answer) => (result = answer));
    return () => result;
  }
}

function laggard(nve: string): Laggard {
  return { nve, code: 'NVE_PENDING', reason: 'slow', appliedRevision: 0, failures: [] };
}

describe('waiting until all is applied', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });

  it('answers at once when nobody lags, or when it is not to wait', async () => {
    world.lacks.set('later', 11);
    const nobody = world.wait(10, 1000);
    await settle();
    assert.deepEqual(nobody(), { applied: true, revision: 10, laggards: [] });
    world.lacks.set('b', 9);
    world.lacks.set('a', 10);
    const now = world.wait(0, 0);
    await settle();
    const laggards = [laggard('a'), laggard('b')];
    assert.deepEqual(now(), { applied: false, revision: 10, laggards });
    assert.equal(world.clock.pending, 0);
  });

  it('answers when the last one has applied it', async () => {
    world.lacks.set('a', 10).set('b', 10).set('c', 11);
    const waiting = world.wait(10, 1000);
    await settle();
    world.applied('b');
    await settle();
    assert.equal(waiting(), undefined);
    world.applied('a');
    await settle();
    assert.deepEqual(waiting(), { applied: true, revision: 10, laggards: [] });
    assert.equal(world.clock.pending, 0);
  });

  it('waits for the compiler first', async () => {
    world.stored = 12;
    world.compiled = 11;
    const waiting = world.wait(12, 1000);
    await settle();
    assert.equal(waiting(), undefined);
    world.lacks.set('a', 12);
    world.compiled = 12;
    world.waiters.progressed(undefined);
    await settle();
    assert.equal(waiting(), undefined);
    world.applied('a');
    await settle();
    assert.equal(waiting()?.applied, true);
  });

  it('names who lags when the time is over', async () => {
    world.lacks.set('a', 10).set('b', 10);
    const waiting = world.wait(10, 1000);
    await settle();
    world.applied('b');
    await world.clock.advance(999);
    assert.equal(waiting(), undefined);
    await world.clock.advance(1);
    assert.deepEqual(waiting(), { applied: false, revision: 10, laggards: [laggard('a')] });
  });

  it('is not applied as long as it is not compiled', async () => {
    world.stored = 12;
    const waiting = world.wait(12, 1000);
    await settle();
    await world.clock.advance(1000);
    assert.deepEqual(waiting(), { applied: false, revision: 12, laggards: [] });
  });

  it('first knows of every NVE whether it lags', async () => {
    let done = (): void => undefined;
    world.judged = new Promise((resolve) => (done = resolve));
    const waiting = world.wait(10, 0);
    await settle();
    assert.equal(waiting(), undefined);
    world.lacks.set('a', 0);
    done();
    await settle();
    assert.deepEqual(waiting()?.laggards, [laggard('a')]);
  });

  it('is not taken back by an NVE that has just come back, and is not heard of yet', async () => {
    world.lacks.set('a', 10);
    const waiting = world.wait(10, 1000);
    await settle();
    world.lacks.set('reconnected', 0);
    world.waiters.progressed('reconnected');
    world.applied('a');
    await settle();
    assert.deepEqual(waiting(), { applied: true, revision: 10, laggards: [] });
  });

  it('tells fewer failures of each laggard where there are many: an answer has a limit', async () => {
    const failure = { key: 'port/x', code: 'KERNEL_REFUSED', message: 'no' };
    world.failures = Array.from({ length: 100 }, () => failure);
    const told = async (nves: number): Promise<Set<number>> => {
      for (let i = 0; i < nves; i++) world.lacks.set(`nve-${i}`, 0);
      const { laggards } = await world.waiters.wait({ revision: 10, timeoutMs: 0 }, call);
      assert.equal(laggards.length, nves);
      return new Set(laggards.map(({ failures }) => failures.length));
    };
    assert.deepEqual(await told(10), new Set([100]));
    assert.deepEqual(await told(100), new Set([10]));
    assert.deepEqual(await told(2000), new Set([1]));
  });

  it('refuses a revision that does not exist yet', async () => {
    await assert.rejects(world.waiters.wait({ revision: 11, timeoutMs: 0 }, call), {
      code: 'REVISION_IN_FUTURE',
      message: 'the store is at revision 10, not 11',
    });
  });

  it('ends with the call, and with the NVA', async () => {
    world.lacks.set('a', 10);
    const caller = new AbortController();
    const request = { revision: 10, timeoutMs: 1000 };
    const gone = world.waiters.wait(request, { signal: caller.signal });
    const other = world.wait(10, 1000);
    await settle();
    caller.abort();
    assert.equal((await gone).applied, false);
    assert.equal(other(), undefined);
    world.waiters.close();
    await settle();
    assert.deepEqual(other()?.laggards, [laggard('a')]);
    assert.equal(world.clock.pending, 0);
    assert.equal((await world.waiters.wait(request, { signal: caller.signal })).applied, false);
  });
});
