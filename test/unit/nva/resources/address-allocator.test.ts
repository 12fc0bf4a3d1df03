import assert from 'node:assert/strict';
import { AddressAllocator } from '../../../../src/nva/resources/address-allocator.js';
import { subnetSpec } from '../../../support/specs.js';
import { turnsDuring } from '../../../support/turns.js';

const LARGE = subnetSpec({ prefix: '10.0.0.0/16', gateway: '10.0.0.1' });

describe('addresses of a pool', () => {
  it('are looked for in turns with others, where very many are in use', async () => {
    let asked = 0;
    const allocator = new AddressAllocator(() => {
      asked++;
      return true;
    });
    const turns = await turnsDuring(() =>
      assert.rejects(allocator.take('s', LARGE), { code: 'ADDRESSES_EXHAUSTED' }),
    );
    // But the network's own, that of the broadcast and the gateway.
    assert.equal(asked, 2 ** 16 - 3);
    assert.ok(turns > 100, `${turns} turns`);
  });

  it('are given once to each of those that look at the same time, and none is passed over', async () => {
    const allocator = new AddressAllocator((_, ip) => !ip.startsWith('10.0.200.'));
    const takers = Array.from({ length: 4 }, () => allocator.take('s', LARGE));
    assert.deepEqual(await Promise.all(takers), [
      '10.0.200.0',
      '10.0.200.1',
      '10.0.200.2',
      '10.0.200.3',
    ]);
  });

  it('are looked for after one that found none', async () => {
    let isFull = true;
    const allocator = new AddressAllocator(() => isFull);
    const first = assert.rejects(allocator.take('s', LARGE), { code: 'ADDRESSES_EXHAUSTED' });
    const second = allocator.take('s', LARGE);
    await first;
    isFull = false;
    assert.match(await second, /^10\.0\./);
  });
});
