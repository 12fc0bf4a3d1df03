import assert from 'node:assert/strict';
import fc from 'fast-check';
import { VniAllocator } from '../../../../src/nva/resources/vni-allocator.js';

describe('the VNI allocator', () => {
  it('goes up, then around, so that a VNI just freed is the last to be used again', () => {
    const used = new Set<number>();
    const allocator = new VniAllocator(10, 13, (vni) => used.has(vni));
    const take = (): number => {
      const vni = allocator.take();
      used.add(vni);
      return vni;
    };
    assert.deepEqual([take(), take()], [10, 11]);
    used.delete(10);
    assert.deepEqual([take(), take(), take()], [12, 13, 10]);
  });

  it('says so when all are in use', () => {
    const allocator = new VniAllocator(10, 13, () => true);
    assert.throws(() => allocator.take(), {
      code: 'VNI_EXHAUSTED',
      message: 'all VNIs from 10 to 13 are in use',
    });
  });

  it('hands out every free VNI of its range, and no other, whatever is in use', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 20 })), (taken) => {
        const used = new Set(taken);
        const allocator = new VniAllocator(1, 20, (vni) => used.has(vni));
        const free = 20 - used.size;
        for (let i = 0; i < free; i++) {
          const vni = allocator.take();
          assert.ok(vni >= 1 && vni <= 20 && !used.has(vni), `${vni}`);
          used.add(vni);
        }
        assert.throws(() => allocator.take(), { code: 'VNI_EXHAUSTED' });
      }),
    );
  });
});
