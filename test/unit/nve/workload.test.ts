import assert from 'node:assert/strict';
import { Workload } from '../../../src/nve/workload.js';

describe('workload', () => {
  it('is told when it becomes much, or is over, and only then', () => {
    const told: boolean[] = [];
    const workload = new Workload((isMuch) => told.push(isMuch));
    const story: readonly [what: string, items: number, more: boolean, told: boolean[]][] = [
      ['few items', 255, false, []],
      ['few, and more that follow', 1, true, [true]],
      ['many more', 256, false, []],
      ['over', 0, false, [false]],
      ['over again', 0, false, []],
      ['many at once', 256, false, [true]],
    ];
    for (const [what, items, more, expected] of story) {
      if (items === 0) workload.done();
      else workload.coming(items, more);
      assert.deepEqual(told.splice(0), expected, what);
    }
  });

  it('needs nobody who wants to know', () => {
    new Workload().coming(1000);
  });
});
