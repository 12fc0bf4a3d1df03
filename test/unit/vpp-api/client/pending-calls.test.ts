import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Call } from '../../../../src/vpp-api/client/call.js';
import { PendingCalls } from '../../../../src/vpp-api/client/pending-calls.js';

const OWNER = { timedOut: () => undefined, prolong: () => undefined };

class SomeCall extends Call {
  constructor() {
    super('some_call', OWNER);
  }

  override isLast(): boolean {
    return true;
  }

  override receive(): void {
    throw new Error('nothing comes here');
  }

  override fail(): void {
    throw new Error('nothing fails here');
  }
}

const MAX_CONTEXT = 0xffff_ffff;

function added(calls: PendingCalls, count: number): SomeCall[] {
  return Array.from({ length: count }, () => {
    const call = new SomeCall();
    calls.add(call);
    return call;
  });
}

const contexts = (calls: readonly Call[]): number[] => calls.map(({ context }) => context);

describe('PendingCalls', () => {
  it('counts contexts up from 1', () => {
    const calls = new PendingCalls(4);
    const three = added(calls, 3);
    assert.deepEqual(contexts(three), [1, 2, 3]);
    assert.equal(calls.size, 3);
    assert.equal(calls.get(2), three[1]);
  });

  it('finds nothing under a context that was not given or is free again', () => {
    const calls = new PendingCalls(4);
    const [first] = added(calls, 1);
    assert.ok(first !== undefined);
    // 4 calls have 16 places, so that 17 would have the place of 1.
    for (const context of [0, 2, 17, MAX_CONTEXT]) assert.equal(calls.get(context), undefined);
    calls.delete(first);
    calls.delete(first);
    assert.equal(calls.get(1), undefined);
    assert.equal(calls.size, 0);
  });

  it('leaves out a context whose place is taken', () => {
    const calls = new PendingCalls(4);
    const [first] = added(calls, 1);
    for (const call of added(calls, 15)) calls.delete(call);
    const [next] = added(calls, 1);
    assert.equal(next?.context, 18);
    assert.equal(calls.get(1), first);
  });

  it('starts again behind the last context of u32, and never with 0', () => {
    const calls = new PendingCalls(4, MAX_CONTEXT - 2);
    const four = added(calls, 4);
    assert.deepEqual(contexts(four), [MAX_CONTEXT - 1, MAX_CONTEXT, 1, 2]);
    assert.deepEqual(calls.all(), four);
    for (const call of four) assert.equal(calls.get(call.context), call);
  });

  it('knows which contexts were used', () => {
    const calls = new PendingCalls(4, MAX_CONTEXT - 1);
    assert.equal(calls.wasUsed(0), false);
    assert.equal(calls.wasUsed(MAX_CONTEXT), false);
    added(calls, 1);
    assert.equal(calls.wasUsed(MAX_CONTEXT), true);
    added(calls, 1);
    // All of them have had their turn.
    assert.equal(calls.wasUsed(0x1234), true);
    assert.equal(calls.wasUsed(0), false);
  });

  it('behaves like a map, however calls come and go', () => {
    const AT_MOST = 5;
    const steps = fc.array(fc.oneof(fc.constant('add' as const), fc.nat(AT_MOST)), {
      maxLength: 400,
    });
    const start = fc.oneof(fc.constant(0), fc.integer({ min: MAX_CONTEXT - 50, max: MAX_CONTEXT }));
    fc.assert(
      fc.property(start, steps, (last, changes) => {
        const calls = new PendingCalls(AT_MOST, last);
        const model: SomeCall[] = [];
        for (const change of changes) {
          if (change !== 'add') for (const call of model.splice(change, 1)) calls.delete(call);
          else if (model.length < AT_MOST) model.push(...added(calls, 1));
          assert.equal(calls.size, model.length);
          assert.deepEqual(contexts(calls.all()), contexts(model));
          assert.equal(new Set(contexts(model)).size, model.length);
          for (const call of model) assert.equal(calls.get(call.context), call);
        }
      }),
    );
  });
});
