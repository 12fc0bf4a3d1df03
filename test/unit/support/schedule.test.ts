/** What a campaign does follows from its seed. */
import assert from 'node:assert/strict';
import { FAULT_KINDS } from '../../support/chaos/fault-kinds.js';
import { Schedule, type Round } from '../../support/chaos/schedule.js';

const GUESTS = [0, 1, 2].map((host) => [0, 1, 2].map((slot) => `guest-${host}-${slot}`));

function rounds(seed: number, count: number, vlans = false): Round[] {
  const schedule = new Schedule({ seed, guests: GUESTS, vlans });
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
      'take',
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
          for (const { subnet, gateways } of each.spec.exits) {
            assert.ok(model.has(`VirtualNetwork/${subnet}`), each.id);
            addresses.push(...gateways.map(({ address }) => `${subnet} ${address}`));
          }
        } else if (each.kind === 'VirtualNetwork' && each.spec.provider !== undefined) {
          const { uplink, vlan } = each.spec.provider;
          addresses.push(`${uplink} ${vlan}`);
        }
      }
      assert.equal(new Set(addresses).size, addresses.length, 'nothing is given twice');
    }
  });

  it('has the world outside in it, and addresses that move', () => {
    for (const vlans of [false, true]) {
      const all = rounds(13, 300, vlans);
      const models = all.flatMap(({ model }) => [...model.values()]);
      const places = models.flatMap((each) =>
        each.kind === 'VirtualNetwork' && each.spec.provider !== undefined
          ? [`${each.spec.provider.uplink} ${each.spec.provider.vlan}`]
          : [],
      );
      const tagged = vlans ? ['physnet4 101', 'physnet4 102'] : [];
      assert.deepEqual([...new Set(places)].sort(), [
        ...['physnet1 0', 'physnet2 0', 'physnet3 0'],
        ...tagged,
      ]);
      const exits = models.flatMap((each) => (each.kind === 'Router' ? [each.spec.exits] : []));
      const counts = new Set(exits.map(({ length }) => length));
      assert.deepEqual([...counts].sort(), [0, 1, 2]);
      assert.ok(exits.some((each) => each.some(({ gateways }) => gateways.length > 1)));
    }
  });

  it('lets a virtual address be taken by guests that may have it, never by the one that has it', () => {
    let had = new Map<string, string>();
    let moves = 0;
    for (const { before, during, holders } of rounds(17, 200)) {
      for (const { write } of [...before, ...during]) {
        if (write.kind !== 'take') continue;
        const key = `${write.network} ${write.ip}`;
        assert.notEqual(had.get(key), write.id);
        had.set(key, write.id);
        moves++;
      }
      for (const [key, id] of had) assert.equal(holders.get(key), id);
      had = new Map(holders);
    }
    assert.ok(moves > 50, `${moves} moves`);
  });
});
