/** Random histories against the model. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NfvError } from '../../src/errors.js';
import type { Compare, Store } from '../../src/store/store.js';
import { type StoreFactory, watchFor } from './store-helpers.js';
import { StoreModel } from './store-model.js';

/** One inside the other, around the order of bytes, with the ends of it. */
const KEYS = ['a', 'a\u0000', 'a/', 'a/b', 'a0', 'b', 'é', '\u0000', '\uffff', '\u{10000}'];
const PREFIXES = ['', 'a', 'a/', 'é', 'zz', '\u0000'];

const key = fc.constantFrom(...KEYS);
const prefix = fc.constantFrom(...PREFIXES);
/** Back from the latest revision: 0 is the future, 1 the latest. */
const back = fc.option(fc.nat(12), { nil: undefined });

const compare = fc.oneof(
  fc.record({ kind: fc.constant('empty' as const), prefix }),
  fc.record({ kind: fc.constant('revision' as const), key, off: fc.constantFrom(0, 0, 0, 1) }),
);
const write = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), key, value: fc.string({ unit: 'grapheme' }) }),
  fc.record({ kind: fc.constant('delete' as const), key }),
);
const ops = fc.uniqueArray(write, { minLength: 1, maxLength: 5, selector: (op) => op.key });

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('txn' as const),
      compare: fc.array(compare, { maxLength: 2 }),
      ops,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('get' as const), key, back }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('range' as const),
      prefix,
      after: fc.option(key, { nil: undefined }),
      limit: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
      back,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('watch' as const), prefix, back: fc.nat(12) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('compact' as const), back: fc.nat(12) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
);
type StepOf<T> = T extends fc.Arbitrary<infer S> ? S : never;
type Step = StepOf<typeof step>;

export function modelContract(factory: StoreFactory): void {
  describe('model', () => {
    it('does what the model does, in random histories', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 80, size: 'max' }), async (steps) => {
          let open = await factory.open();
          try {
            const model = new StoreModel(open.store.status());
            let reopened = false;
            for (const one of steps) {
              if (one.kind === 'reopen') {
                open = await open.reopen();
                reopened = true;
              } else if (one.kind === 'txn') {
                reopened = await doTxn(open.store, model, one, reopened);
              } else {
                await doStep(open.store, model, one);
              }
            }
          } finally {
            await open.dispose();
          }
        }),
        { numRuns: factory.capabilities.modelRuns },
      );
    });
  });
}

/** @returns whether an opening may still have taken revisions that nothing has shown yet */
async function doTxn(
  store: Store,
  model: StoreModel,
  step: Extract<Step, { kind: 'txn' }>,
  reopened: boolean,
): Promise<boolean> {
  const txn = { compare: step.compare.map((c) => compareOf(model, c)), ops: step.ops };
  const before = model.revision;
  const actual = await store.txn(txn);
  if (reopened && actual.revision > before) model.skip(actual.revision - 1);
  assert.deepEqual(actual, model.txn(txn));
  return reopened && actual.revision === before;
}

async function doStep(
  store: Store,
  model: StoreModel,
  step: Exclude<Step, { kind: 'reopen' | 'txn' }>,
): Promise<void> {
  const revisionOf = (back: number | undefined): number | undefined =>
    back === undefined ? undefined : Math.max(0, model.revision + 1 - back);
  switch (step.kind) {
    case 'get': {
      const revision = revisionOf(step.back);
      return same(
        () => store.get(step.key, revision),
        () => model.get(step.key, revision),
      );
    }
    case 'range': {
      const revision = revisionOf(step.back);
      const request = {
        prefix: step.prefix,
        ...(step.after === undefined ? {} : { after: step.after }),
        ...(step.limit === undefined ? {} : { limit: step.limit }),
        ...(revision === undefined ? {} : { revision }),
      };
      return same(
        () => store.range(request),
        () => model.range(request),
      );
    }
    case 'watch': {
      const { prefix } = step;
      const after = revisionOf(step.back) ?? 0;
      const expected = outcomeOf(() => model.watch(prefix, after));
      // A watch that is refused is so at its first batch.
      const count = 'value' in expected ? expected.value.length : 1;
      return same(
        () => watchFor(store, { prefix, after }, count),
        () => model.watch(prefix, after),
      );
    }
    case 'compact': {
      const revision = revisionOf(step.back) ?? 0;
      await same(
        () => store.compact(revision),
        () => {
          model.compact(revision);
        },
      );
      assert.equal(store.status().compactRevision, model.compactRevision);
    }
  }
}

type Outcome<T> = { readonly value: T } | { readonly code: string };

function failure(error: unknown): { readonly code: string } {
  if (error instanceof NfvError) return { code: error.code };
  throw error;
}

function outcomeOf<T>(call: () => T): Outcome<T> {
  try {
    return { value: call() };
  } catch (error) {
    return failure(error);
  }
}

async function same<T>(real: () => Promise<T>, model: () => T): Promise<void> {
  const expected = outcomeOf(model);
  let actual: Outcome<T>;
  try {
    actual = { value: await real() };
  } catch (error) {
    actual = failure(error);
  }
  assert.deepEqual(actual, expected);
}

function compareOf(
  model: StoreModel,
  c: { kind: 'empty'; prefix: string } | { kind: 'revision'; key: string; off: number },
): Compare {
  if (c.kind === 'empty') return c;
  const revision = (model.get(c.key)?.modRevision ?? 0) + c.off;
  return { kind: 'revision', key: c.key, revision };
}
