import assert from 'node:assert/strict';
import type { SubnetSpec } from '../../../../src/model/subnet.js';
import { Free } from '../../../../src/nva/changes/free.js';
import { MemoryStore } from '../../../support/memory-store.js';
import { refusedWith } from '../../../support/refusals.js';
import { subnetSpec } from '../../../support/specs.js';

const ADDRESSES = 100;
const RANGE = { min: 1, max: ADDRESSES };

describe('what is free for a plan', () => {
  it('looks through what is used up once, however many ask for it', async () => {
    let asked = 0;
    const isUsed = (): boolean => {
      asked++;
      return true;
    };
    const used = { vniUsed: isUsed, vrfUsed: isUsed, addressUsed: isUsed };
    const free = new Free(new MemoryStore(), used, RANGE, []);
    const pools = [{ first: '10.0.0.101', last: '10.0.0.200' }];
    const subnet: SubnetSpec = subnetSpec({ pools });
    for (let i = 0; i < 10; i++) {
      await refusedWith('ADDRESSES_EXHAUSTED', free.takeAddress('net-v4', subnet));
      await refusedWith('VNI_EXHAUSTED', free.takeVni());
      await refusedWith('VNI_EXHAUSTED', free.takeVrf());
    }
    // What nobody has, then what the plan takes away, of each of the three.
    assert.equal(asked, 2 * 3 * ADDRESSES);
    await refusedWith('ADDRESSES_EXHAUSTED', free.takeAddress('other', subnet));
    assert.equal(asked, 2 * 4 * ADDRESSES);
  });
});
