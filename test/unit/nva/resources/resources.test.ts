import assert from 'node:assert/strict';
import { vniKey } from '../../../../src/nva/keys.js';
import { Resources } from '../../../../src/nva/resources/resources.js';
import { virtualNetworkRules } from '../../../../src/nva/resources/virtual-networks.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { MemoryStore } from '../../../support/memory-store.js';
import { networkSpec } from '../../../support/specs.js';

const call = { signal: new AbortController().signal };

describe('creating a network', () => {
  it('takes another VNI where somebody was faster, if none was asked for', async () => {
    const store = new MemoryStore();
    let next = 4096;
    const networks = new Resources(
      store,
      new FakeClock(),
      virtualNetworkRules({ store, takeVni: () => next++, effectiveMtu: () => undefined }),
    );
    // The allocator does not know of them yet.
    store.put(vniKey(4096), 'a');
    store.beforeTxn = () => {
      if (store.txns.length === 2) store.put(vniKey(4097), 'b');
    };
    const request = { requestId: '', validateOnly: false };
    const free = await networks.create({ ...request, id: 'free', spec: networkSpec() }, call);
    assert.equal(free.spec.vni, 4098);
    const fixed = { ...request, id: 'fixed', spec: networkSpec({ vni: 4096 }) };
    await assert.rejects(networks.create(fixed, call), { code: 'VNI_IN_USE' });
  });
});
