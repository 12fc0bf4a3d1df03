import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Memory, type KnownPort } from '../../../../src/dataplane/linux/memory.js';

const WEB: KnownPort = { endpoint: 'web', link: 'eth7', vni: 7 };

describe('Memory', () => {
  it('knows which networks are ours until it is told otherwise', () => {
    const memory = new Memory();
    assert.equal(memory.isOurs(7), false);
    memory.setDomain(7, true);
    memory.setDomain(8, true);
    memory.setDomain(8, false);
    assert.deepEqual(
      [7, 8, 9].map((vni) => memory.isOurs(vni)),
      [true, false, false],
    );
    memory.clear();
    assert.equal(memory.isOurs(7), false);
  });

  it('finds a port by its endpoint and by its link', () => {
    const memory = new Memory();
    memory.setPort(WEB);
    assert.equal(memory.portOf('web'), WEB);
    assert.equal(memory.portAt('eth7'), WEB);
    assert.equal(memory.portOf('eth7'), undefined);
  });

  it('forgets both ways, whichever it is told', () => {
    for (const forget of [
      (memory: Memory): void => {
        memory.forgetEndpoint('web');
      },
      (memory: Memory): void => {
        memory.forgetLink('eth7');
      },
      (memory: Memory): void => {
        memory.clear();
      },
    ]) {
      const memory = new Memory();
      memory.setPort(WEB);
      forget(memory);
      forget(memory);
      assert.equal(memory.portOf('web'), undefined);
      assert.equal(memory.portAt('eth7'), undefined);
    }
  });

  it('never has an endpoint with two links, nor a link with two endpoints', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const step = fc.oneof(
      fc.record({ endpoint: name, link: name, vni: fc.constant(7) }),
      fc.record({ forgetEndpoint: name }),
      fc.record({ forgetLink: name }),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const memory = new Memory();
        for (const each of steps) {
          if ('endpoint' in each) memory.setPort(each);
          else if ('forgetLink' in each) memory.forgetLink(each.forgetLink);
          else memory.forgetEndpoint(each.forgetEndpoint);
        }
        for (const one of ['a', 'b', 'c']) {
          const of = memory.portOf(one);
          if (of !== undefined) assert.equal(memory.portAt(of.link), of);
          const at = memory.portAt(one);
          if (at !== undefined) assert.equal(memory.portOf(at.endpoint), at);
        }
      }),
    );
  });
});
