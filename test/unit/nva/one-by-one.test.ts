import assert from 'node:assert/strict';
import { OneByOne } from '../../../src/nva/one-by-one.js';
import { settle } from '../../support/fake-clock.js';

describe('work of one name', () => {
  it('is done in the order in which it comes, whatever becomes of what is before, beside that of others', async () => {
    const queue = new OneByOne();
    const seen: string[] = [];
    let fail: (error: Error) => void = () => undefined;
    const first = queue.do('a', () => {
      seen.push('first');
      return new Promise<never>((_, reject) => (fail = reject));
    });
    const second = queue.do('a', () => {
      seen.push('second');
      return 2;
    });
    const other = queue.do('b', () => seen.push('other'));
    await other;
    await settle();
    assert.deepEqual(seen, ['first', 'other']);
    fail(new Error('broken'));
    await assert.rejects(first, /broken/);
    assert.equal(await second, 2);
    await assert.rejects(
      queue.do('a', () => {
        throw new Error('at once');
      }),
      /at once/,
    );
    assert.deepEqual(seen, ['first', 'other', 'second']);
  });
});
