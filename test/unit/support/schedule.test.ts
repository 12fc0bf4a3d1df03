/** What a campaign does follows from its seed. */
import assert from 'node:assert/strict';
import { FAULT_KINDS } from '../../support/chaos/fault-kinds.js';
import { Schedule, type Round } from '../../support/chaos/schedule.js';

const GUESTS = [0, 1, 2].map((host) => [0, 1, 2].map((slot) => `guest-${host}-${slot}`));

function rounds(seed: number, count: number): Round[] {
  const schedule = new Schedule({ seed, guests: GUESTS });
  return Array.from({ length: count }, () => schedule.round());
}

describe('chaos: the schedule', () => {
  it('is the same for the same seed, and another for another', () => {
    assert.deepEqual(rounds(7, 40), rounds(7, 40));
    assert.notDeepEqual(rounds(7, 3), rounds(8, 3));
  });

  it('has every fault before any comes again', () => {
    const faults = rounds(3, FAULT_KINDS.length).map(({ fault }) => fault);
    assert.deepEqual([...faults].sort(), [...FAULT_KINDS].sort());
  });

  it('asks nothing while a fault lasts whose outcome another step depends on', () => {
    for (const { during } of rounds(5, 200)) {
      const changed = during.flatMap(({ write }) => [...write.effects.keys()]);
      assert.equal(new Set(changed).size, changed.length);
    }
  });

  it('comes to every kind of write, and to a model whose references all lead somewhere', () => {
    const all = rounds(11, 200);
    const kinds = all.flatMap((r) => [...r.before, ...r.during].map(({ write }) => write.kind));
    assert.deepEqual([...new Set(kinds)].sort(), [
      'apply',
      'bad',
      'create',
      'delete',
      'migrate',
      'stale',
      'update',
    ]);
    for (const { model } of all) {
      const addresses: string[] = [];
      for (const each of model.values()) {
        if (each.kind === 'Endpoint') {
          assert.ok(model.has(`VirtualNetwork/${each.spec.network}`), each.id);
          addresses.push(...each.spec.ips.map((ip) => `${each.spec.network} ${ip}`));
          if (each.spec.port.kind === 'veth') addresses.push(each.spec.port.netns);
        } else if (each.kind === 'Router') {
          for (const subnet of each.spec.subnets) assert.ok(model.has(`Subnet/${subnet}`), each.id);
        }
      }
      assert.equal(new Set(addresses).size, addresses.length, 'nothing is given twice');
    }
  });
});
