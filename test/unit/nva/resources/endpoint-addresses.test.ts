import assert from 'node:assert/strict';
import { allowedOf, specKey } from '../../../../src/nva/keys.js';
import { RECORDS } from '../../../../src/nva/records.js';
import { withAddresses } from '../../../../src/nva/resources/endpoint-addresses.js';
import { MemoryStore } from '../../../support/memory-store.js';
import { refusedWith } from '../../../support/refusals.js';
import { endpointSpec, networkSpec, subnetSpec } from '../../../support/specs.js';

const TIME = '2026-01-01T00:00:00.000Z';

describe('addresses that an endpoint is given', () => {
  let store: MemoryStore;
  beforeEach(() => {
    store = new MemoryStore();
    const record = { spec: subnetSpec(), createTime: TIME, updateTime: TIME };
    store.put(specKey('subnets', 's'), RECORDS.subnets.encode(record));
  });

  /** Of a pool that has these free, which are offered in turn, a hundred times at most. */
  const givenOf = async (
    free: readonly string[],
    allowed: readonly string[] = [],
  ): Promise<readonly string[]> => {
    let offered = 0;
    const takeAddress = (): string => {
      assert.ok(offered < 100, 'it asks for ever');
      return free[offered++ % free.length] ?? '';
    };
    const allowedAddresses = allowed.map((ip) => ({ ip, mac: '' }));
    const spec = endpointSpec({ subnets: ['s'], allowedAddresses });
    return (await withAddresses({ store, takeAddress }, spec, networkSpec())).spec.ips;
  };

  it('are none that another may have, and are exhausted where all are so', async () => {
    store.put(`${allowedOf('net', '10.0.0.10')}vip`, 'vip');
    assert.deepEqual(await givenOf(['10.0.0.10', '10.0.0.11']), ['10.0.0.11']);
    store.put(`${allowedOf('net', '10.0.0.11')}vip`, 'vip');
    await refusedWith('ADDRESSES_EXHAUSTED', givenOf(['10.0.0.10', '10.0.0.11']));
  });

  it('are none that it may have besides', async () => {
    assert.deepEqual(await givenOf(['10.0.0.10', '10.0.0.11'], ['10.0.0.10']), ['10.0.0.11']);
    await refusedWith('ADDRESSES_EXHAUSTED', givenOf(['10.0.0.10'], ['10.0.0.10']));
  });
});
