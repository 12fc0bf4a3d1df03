import assert from 'node:assert/strict';
import type { Item } from '../../../src/model/item.js';
import {
  bridgeDomain,
  floodMember,
  itemOf,
  itemsOf,
  port,
  tunnel,
  vtep,
} from '../../support/items.js';
import { MemoryDataplane } from '../../support/memory-dataplane.js';
import { dataplaneWith, outline, planFor, verdicts } from '../../support/plans.js';

const R1 = '10.0.1.1';
const network = [vtep(), bridgeDomain(10)];

describe('what cannot be made', () => {
  it('names what is in the way and not ours, and who waits for it', async () => {
    const dataplane = new MemoryDataplane();
    dataplane.foreign.add('bd/10');
    const plan = await planFor(dataplane, itemsOf(...network, tunnel(10, R1)));
    assert.deepEqual(outline(plan), ['create vtep/10.0.0.1']);
    assert.deepEqual(verdicts(plan), ['bd/10 FOREIGN_OBJECT', `tunnel/10/${R1} ITEM_BLOCKED`]);
    const blocked = plan.verdicts.get(`tunnel/10/${R1}`);
    assert.match(blocked?.message ?? '', /needs bd\/10/);
    assert.equal(blocked?.metadata['blocked_by'], 'bd/10');
  });

  it('says what this dataplane cannot do', async () => {
    const dataplane = new MemoryDataplane({ without: ['flood_member'] });
    const plan = await planFor(dataplane, itemsOf(...network, tunnel(10, R1), floodMember(10, R1)));
    assert.deepEqual(verdicts(plan), [`flood/10/${R1} ITEM_UNSUPPORTED`]);
  });

  it('blocks what depends on an unknown key', async () => {
    const plan = await planFor(new MemoryDataplane(), itemsOf(tunnel(10, R1)));
    assert.deepEqual(outline(plan), []);
    assert.match(
      plan.verdicts.get(`tunnel/10/${R1}`)?.message ?? '',
      /needs bd\/10, which is not in the configuration/,
    );
  });

  it('blocks cycles and what is behind them, and nothing else', async () => {
    const cyclic = (item: Item, ...dependsOn: string[]): Item => ({ ...item, dependsOn });
    const items = [
      itemOf(vtep()),
      cyclic(itemOf(bridgeDomain(10)), 'vtep/10.0.0.1', 'port/e1'),
      cyclic(itemOf(port('e1', 10)), 'bd/10'),
      cyclic(itemOf(tunnel(10, R1)), 'bd/10'),
      cyclic(itemOf(floodMember(10, R1)), `flood/10/${R1}`),
    ];
    const plan = await planFor(new MemoryDataplane(), new Map(items.map((i) => [i.key, i])));
    assert.deepEqual(outline(plan), ['create vtep/10.0.0.1']);
    assert.deepEqual(
      [...plan.verdicts.values()].map((e) => e.message),
      [
        'bd/10 depends on itself: bd/10 -> port/e1 -> bd/10',
        `flood/10/${R1} depends on itself: flood/10/${R1} -> flood/10/${R1}`,
        'port/e1 depends on itself: port/e1 -> bd/10 -> port/e1',
        `tunnel/10/${R1} needs bd/10, which cannot be done now (ITEM_BLOCKED)`,
      ],
    );
  });

  it('does not remove what a staying object hangs on', async () => {
    const dataplane = dataplaneWith([...network, bridgeDomain(20), port('e1', 10)]);
    dataplane.foreign.add('interface tap-z');
    const wanted = itemsOf(vtep(), bridgeDomain(20), port('e1', 20, { name: 'tap-z' }));
    const plan = await planFor(dataplane, wanted);
    assert.deepEqual(outline(plan), []);
    assert.match(plan.verdicts.get('bd/10')?.message ?? '', /port\/e1 still depends on it/);
  });
});
