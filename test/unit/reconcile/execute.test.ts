import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NfvError } from '../../../src/errors.js';
import type { Payload } from '../../../src/model/item.js';
import type { ResultListener, Step, StepResult } from '../../../src/reconcile/dataplane.js';
import { execute, MAX_CALLS, MAX_STEPS, type Execution } from '../../../src/reconcile/execute.js';
import type { Plan, PlannedStep } from '../../../src/reconcile/plan-types.js';
import { settle } from '../../support/fake-clock.js';
import {
  behind,
  bridgeDomain,
  itemsOf,
  macEntry,
  randomConfiguration,
  tunnel,
  vtep,
} from '../../support/items.js';
import { dataplaneWith, planFor } from '../../support/plans.js';

const REFUSED = new NfvError('KERNEL_REFUSED', 'no');
const nameOf = ({ op, key }: Step): string => `${op} ${key}`;
const remote = (n: number): string => `10.0.${n >> 8}.${n & 255}`;

/** Steps end when the test says so. */
class Workshop {
  /** `op key` of each step in the order in which they were begun. */
  readonly begun: string[] = [];
  readonly sizes: number[] = [];
  readonly controller = new AbortController();
  readonly #open = new Map<string, (result: StepResult) => void>();
  #calls = 0;
  mostCalls = 0;

  start(plan: Plan, overlapsWaves: boolean): Promise<Execution> {
    const { signal } = this.controller;
    return execute(plan, { signal, overlapsWaves, apply: (...call) => this.#apply(...call) });
  }

  get underWay(): readonly string[] {
    return [...this.#open.keys()];
  }

  /** Ends a step that is under way; lets begin what can begin then. */
  async end(name: string, result?: StepResult): Promise<void> {
    const finish = this.#open.get(name);
    assert.ok(finish, `${name} is not under way`);
    this.#open.delete(name);
    finish(result);
    await settle();
  }

  async endAll(result: (name: string) => StepResult = () => undefined): Promise<void> {
    await settle();
    while (this.#open.size > 0) {
      for (const [name, finish] of [...this.#open]) {
        this.#open.delete(name);
        finish(result(name));
      }
      await settle();
    }
  }

  async #apply(steps: readonly Step[], onResult: ResultListener): Promise<readonly StepResult[]> {
    this.sizes.push(steps.length);
    this.mostCalls = Math.max(this.mostCalls, ++this.#calls);
    const results = await Promise.all(
      steps.map(async (step, at) => {
        const name = nameOf(step);
        this.begun.push(name);
        const result = await new Promise<StepResult>((resolve) => this.#open.set(name, resolve));
        onResult(at, result);
        return result;
      }),
    ).finally(() => this.#calls--);
    return results;
  }
}

const planOf = (...payloads: readonly Payload[]): Promise<Plan> =>
  planFor(dataplaneWith([]), itemsOf(...payloads));

const tunnels = (count: number): Payload[] =>
  Array.from({ length: count }, (_, n) => tunnel(10, remote(n)));

describe('carrying out a plan', function () {
  this.timeout(60_000);

  it('begins a step as soon as what it comes after has ended, whatever else is under way', async () => {
    const plan = await planOf(
      vtep(),
      bridgeDomain(10),
      tunnel(10, '10.0.1.1'),
      tunnel(10, '10.0.1.2'),
      macEntry(10, '02:00:00:00:00:0a', behind('10.0.1.1')),
      macEntry(10, '02:00:00:00:00:0b', behind('10.0.1.2')),
    );
    const shop = new Workshop();
    const done = shop.start(plan, true);
    await shop.end('create vtep/10.0.0.1');
    await shop.end('create bd/10');
    await shop.end('create tunnel/10/10.0.1.1');
    assert.deepEqual(shop.underWay, [
      'create tunnel/10/10.0.1.2',
      'create mac/10/02:00:00:00:00:0a',
    ]);
    await shop.endAll();
    assert.equal((await done).steps, 6);
  });

  it('begins the few of a small wave before the many of others that can be begun as well', async () => {
    const most = MAX_STEPS * MAX_CALLS;
    const mac = macEntry(10, '02:00:00:00:00:0a', behind(remote(0)));
    const plan = await planOf(vtep(), bridgeDomain(10), ...tunnels(most + 300), mac);
    const shop = new Workshop();
    const done = shop.start(plan, true);
    await shop.end('create vtep/10.0.0.1');
    await shop.end('create bd/10');
    for (const name of shop.underWay.slice(0, MAX_STEPS)) await shop.end(name);
    assert.equal(shop.begun[2 + most], 'create mac/10/02:00:00:00:00:0a');
    await shop.endAll();
    assert.equal((await done).steps, most + 303);
  });

  it('waits for all of a wave where waves do not overlap', async () => {
    const plan = await planOf(
      vtep(),
      bridgeDomain(10),
      tunnel(10, '10.0.1.1'),
      tunnel(10, '10.0.1.2'),
      macEntry(10, '02:00:00:00:00:0a', behind('10.0.1.1')),
    );
    const shop = new Workshop();
    const done = shop.start(plan, false);
    await shop.end('create vtep/10.0.0.1');
    await shop.end('create bd/10');
    await shop.end('create tunnel/10/10.0.1.1');
    assert.deepEqual(shop.underWay, ['create tunnel/10/10.0.1.2']);
    await shop.endAll();
    assert.equal((await done).steps, 5);
  });

  it('has a bounded number of steps and calls under way, and fills up as steps end', async () => {
    const most = MAX_STEPS * MAX_CALLS;
    const plan = await planOf(vtep(), bridgeDomain(10), ...tunnels(most + 300));
    const shop = new Workshop();
    const done = shop.start(plan, true);
    await shop.end('create vtep/10.0.0.1');
    await shop.end('create bd/10');
    assert.equal(shop.underWay.length, most);
    const first = shop.underWay.slice(0, MAX_STEPS);
    for (const name of first) await shop.end(name);
    assert.equal(shop.underWay.length, most, 'a call that has ended makes room for another');
    await shop.endAll();
    assert.equal((await done).steps, most + 302);
    assert.ok(shop.sizes.every((size) => size <= MAX_STEPS));
    assert.equal(shop.mostCalls, MAX_CALLS);
  });

  it('begins nothing that needs a failed step, and all the rest', async () => {
    const plan = await planOf(
      vtep(),
      bridgeDomain(10),
      bridgeDomain(20),
      tunnel(10, '10.0.1.1'),
      macEntry(10, '02:00:00:00:00:0a', behind('10.0.1.1')),
      tunnel(20, '10.0.1.1'),
    );
    const shop = new Workshop();
    const done = shop.start(plan, true);
    await shop.endAll((name) => (name === 'create bd/10' ? REFUSED : undefined));
    const { failures, touched } = await done;
    assert.deepEqual(
      [...failures].map(([key, { code }]) => `${key} ${code}`),
      [
        'bd/10 KERNEL_REFUSED',
        'tunnel/10/10.0.1.1 ITEM_BLOCKED',
        'mac/10/02:00:00:00:00:0a ITEM_BLOCKED',
      ],
    );
    assert.deepEqual([...touched].sort(), [
      'bd/10',
      'bd/20',
      'tunnel/20/10.0.1.1',
      'vtep/10.0.0.1',
    ]);
  });

  it('ends with its signal when all that is under way has ended, and begins nothing more', async () => {
    const plan = await planOf(vtep(), bridgeDomain(10), ...tunnels(3));
    const shop = new Workshop();
    let isOver = false;
    const failed = assert.rejects(shop.start(plan, true), /bye/).then(() => (isOver = true));
    await shop.end('create vtep/10.0.0.1');
    await shop.end('create bd/10');
    shop.controller.abort(new Error('bye'));
    await shop.end(`create tunnel/10/${remote(0)}`);
    assert.equal(isOver, false);
    await shop.endAll();
    await failed;
    assert.equal(shop.begun.length, 5);
  });

  for (const [name, answer] of [
    ['throws', () => Promise.reject(REFUSED)],
    ['gives too few results', () => Promise.resolve([])],
  ] as const) {
    it(`fails the steps of a call that ${name}, but not those that had ended`, async () => {
      const plan = await planOf(vtep('10.0.0.1'), vtep('10.0.0.2'));
      const { signal } = new AbortController();
      const { failures } = await execute(plan, {
        signal,
        overlapsWaves: true,
        apply: (_steps, onResult) => {
          onResult(0, undefined);
          onResult(7, undefined);
          return answer();
        },
      });
      assert.deepEqual([...failures.keys()], ['vtep/10.0.0.2']);
    });
  }

  it('keeps the order of any plan, whichever steps end first, and whichever fail', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomConfiguration,
        randomConfiguration,
        fc.boolean(),
        fc.infiniteStream(fc.nat(1000)),
        async (before, after, overlapsWaves, picks) => {
          const plan = await planFor(dataplaneWith(before), itemsOf(...after));
          const shop = new Workshop();
          const done = shop.start(plan, overlapsWaves);
          const planned = new Map(plan.waves.flat().map((each) => [nameOf(each.step), each]));
          const ended = new Set<PlannedStep>();
          const failed = new Set<PlannedStep>();
          await settle();
          for (let seen = 0; shop.underWay.length > 0; seen = checkBegun(seen)) {
            const pick = Number(picks.next().value);
            const name = shop.underWay[pick % shop.underWay.length] ?? '';
            const isBad = pick % 8 === 0;
            ended.add(plannedAs(name));
            if (isBad) failed.add(plannedAs(name));
            await shop.end(name, isBad ? REFUSED : undefined);
          }
          const { steps, failures } = await done;
          assert.equal(steps, shop.begun.length);
          for (const part of overlapsWaves ? plan.waves : [plan.waves.flat()]) {
            const names = part.map(({ step }) => nameOf(step));
            // Where waves overlap, those that come after others are begun when these have ended.
            const counts = (name: string): boolean =>
              names.includes(name) && (!overlapsWaves || plannedAs(name).after.length === 0);
            const inOrder = names.filter((name) => shop.begun.includes(name));
            assert.deepEqual(shop.begun.filter(counts), inOrder.filter(counts));
          }
          assert.equal(new Set(shop.begun).size, shop.begun.length);
          for (const [name, { step }] of planned) {
            assert.ok(shop.begun.includes(name) || failures.has(step.key), name);
          }

          function checkBegun(seen: number): number {
            for (const name of shop.begun.slice(seen)) checkBeginning(name);
            return shop.begun.length;
          }

          function checkBeginning(name: string): void {
            const own = plannedAs(name);
            for (const need of own.needs) {
              assert.ok(!failed.has(need), `${name} needs ${nameOf(need.step)}`);
            }
            for (const other of shop.begun.map(plannedAs)) {
              const isFirst = other.phase < own.phase || own.after.includes(other);
              if (isFirst) assert.ok(ended.has(other), `${name} before ${nameOf(other.step)}`);
            }
          }

          function plannedAs(name: string): PlannedStep {
            const own = planned.get(name);
            assert.ok(own);
            return own;
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
