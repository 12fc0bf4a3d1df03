import assert from 'node:assert/strict';
import { NfvError } from '../../../src/errors.js';
import type { Item, Payload } from '../../../src/model/item.js';
import type { TraitsTable } from '../../../src/reconcile/dataplane.js';
import {
  at,
  behind,
  bridgeDomain,
  floodMember,
  itemOf,
  itemsOf,
  macEntry,
  neighbor,
  port,
  tunnel,
  vtep,
} from '../../support/items.js';
import { MemoryDataplane } from '../../support/memory-dataplane.js';
import { dataplaneWith, outline, planFor, verdicts } from '../../support/plans.js';

const A = '02:00:00:00:00:0a';
const R1 = '10.0.1.1';
const R2 = '10.0.1.2';
const network = [vtep(), bridgeDomain(10)];
const whole = [
  ...network,
  tunnel(10, R1),
  macEntry(10, A, behind(R1)),
  neighbor(10, '192.168.0.1', A),
  floodMember(10, R1),
];

describe('plan', () => {
  it('makes network, tunnel, mapping and flood list in this order', async () => {
    const plan = await planFor(new MemoryDataplane(), itemsOf(...whole, port('e1', 10)));
    assert.deepEqual(outline(plan), [
      'create vtep/10.0.0.1',
      'create bd/10',
      'create port/e1, create tunnel/10/10.0.1.1',
      `create mac/10/${A}`,
      'create neigh/10/192.168.0.1',
      'create flood/10/10.0.1.1',
    ]);
  });

  it('removes in the opposite order', async () => {
    const plan = await planFor(dataplaneWith(whole), itemsOf());
    assert.deepEqual(outline(plan), [
      'delete flood/10/10.0.1.1',
      'delete neigh/10/192.168.0.1',
      `delete mac/10/${A}`,
      'delete tunnel/10/10.0.1.1',
      'delete bd/10',
      'delete vtep/10.0.0.1',
    ]);
  });

  it('has nothing to do when all is as wanted', async () => {
    const plan = await planFor(dataplaneWith(whole), itemsOf(...whole));
    assert.deepEqual(outline(plan), []);
    assert.deepEqual(verdicts(plan), []);
  });

  it('removes nothing as long as the configuration is not known to be complete', async () => {
    const plan = await planFor(dataplaneWith(whole), itemsOf(...network, port('e1', 10)), {
      complete: false,
    });
    assert.deepEqual(outline(plan), ['create port/e1']);
  });

  it('moves a MAC to its new place before the old place goes', async () => {
    const moved = [...network, tunnel(10, R2), macEntry(10, A, behind(R2))];
    const before = [...network, tunnel(10, R1), macEntry(10, A, behind(R1))];
    assert.deepEqual(outline(await planFor(dataplaneWith(before), itemsOf(...moved))), [
      `create tunnel/10/${R2}`,
      `update mac/10/${A}`,
      `delete tunnel/10/${R1}`,
    ]);
  });

  it('makes the new network before it breaks a port', async () => {
    const before = [...network, port('e1', 10)];
    const after = [vtep(), bridgeDomain(20), port('e1', 20, { mac: '02:00:00:00:00:02' })];
    assert.deepEqual(outline(await planFor(dataplaneWith(before), itemsOf(...after))), [
      'create bd/20',
      'delete port/e1',
      'create port/e1',
      'delete bd/10',
    ]);
  });

  it('mends a defect of an object that is otherwise as wanted', async () => {
    const dataplane = dataplaneWith(network);
    dataplane.put(bridgeDomain(10), 'bd/10', ['link down']);
    const plan = await planFor(dataplane, itemsOf(...network));
    assert.deepEqual(outline(plan), ['update bd/10']);
    assert.equal(plan.waves[0]?.[0]?.reason, 'link down');
  });

  it('takes down and makes again all that hangs on what must be recreated, and nothing else', async () => {
    const other = [bridgeDomain(20), tunnel(20, R1)];
    const wanted = [vtep(), vtep('10.0.0.2'), bridgeDomain(10, { vtep: '10.0.0.2' })];
    const rest = [...whole.slice(2), ...other];
    const plan = await planFor(dataplaneWith([...whole, ...other]), itemsOf(...wanted, ...rest));
    assert.deepEqual(outline(plan), [
      'create vtep/10.0.0.2',
      'delete flood/10/10.0.1.1',
      'delete neigh/10/192.168.0.1',
      `delete mac/10/${A}`,
      'delete tunnel/10/10.0.1.1',
      'delete bd/10',
      'create bd/10',
      'create tunnel/10/10.0.1.1',
      `create mac/10/${A}`,
      'create neigh/10/192.168.0.1',
      'create flood/10/10.0.1.1',
    ]);
  });

  it('leaves a port that can stay behind in place and updates it', async () => {
    const macs = [port('e1', 10), macEntry(10, A, at('e1'))];
    const dataplane = dataplaneWith([...network, ...macs], { parents: 'cascade' });
    const wanted = [vtep(), vtep('10.0.0.2'), bridgeDomain(10, { vtep: '10.0.0.2' }), ...macs];
    const plan = await planFor(dataplane, itemsOf(...wanted));
    assert.deepEqual(outline(plan), [
      'create vtep/10.0.0.2',
      `delete mac/10/${A}`,
      'delete bd/10',
      'create bd/10',
      'update port/e1',
      `create mac/10/${A}`,
    ]);
    assert.equal(plan.waves[4]?.[0]?.reason, 'bd/10 is recreated');
  });

  it('does not recreate what would take along an object it may not know yet', async () => {
    const dataplane = dataplaneWith([...network, tunnel(10, R1)]);
    const wanted = itemsOf(vtep(), vtep('10.0.0.2'), bridgeDomain(10, { vtep: '10.0.0.2' }));
    const plan = await planFor(dataplane, wanted, { complete: false });
    assert.deepEqual(outline(plan), ['create vtep/10.0.0.2']);
    assert.deepEqual(verdicts(plan), ['bd/10 ITEM_BLOCKED']);
  });

  describe('collisions', () => {
    const e1 = port('e1', 10, { name: 'tap-x' });

    it('removes who has a name before another takes it', async () => {
      const plan = await planFor(
        dataplaneWith([...network, port('e2', 10, { name: 'tap-x' })]),
        itemsOf(...network, e1),
      );
      assert.deepEqual(outline(plan), ['delete port/e2', 'create port/e1']);
    });

    it('swaps two names', async () => {
      const swap = [port('e1', 10, { name: 'tap-y' }), port('e2', 10, { name: 'tap-x' })];
      const plan = await planFor(
        dataplaneWith([...network, e1, port('e2', 10, { name: 'tap-y' })]),
        itemsOf(...network, ...swap),
      );
      assert.deepEqual(outline(plan), [
        'delete port/e1, delete port/e2',
        'create port/e1, create port/e2',
      ]);
    });

    it('lets who has a name keep it', async () => {
      const wanted = itemsOf(...network, e1, port('e2', 10, { name: 'tap-x' }));
      const plan = await planFor(
        dataplaneWith([...network, port('e2', 10, { name: 'tap-x' })]),
        wanted,
      );
      assert.deepEqual(outline(plan), []);
      assert.match(plan.verdicts.get('port/e1')?.message ?? '', /port\/e2 has interface tap-x/);
    });

    it('gives a name that two want to the first key', async () => {
      const wanted = itemsOf(...network, e1, port('e2', 10, { name: 'tap-x' }));
      const plan = await planFor(dataplaneWith(network), wanted);
      assert.deepEqual(outline(plan), ['create port/e1']);
      assert.deepEqual(verdicts(plan), ['port/e2 ITEM_BLOCKED']);
    });

    it('waits for a name while nothing may be removed', async () => {
      const plan = await planFor(
        dataplaneWith([...network, port('e2', 10, { name: 'tap-x' })]),
        itemsOf(...network, e1),
        { complete: false },
      );
      assert.deepEqual(outline(plan), []);
      assert.deepEqual(verdicts(plan), ['port/e1 ITEM_BLOCKED']);
    });

    it('waits for a name that its owner cannot give up, sound as that is', async () => {
      const mine = port('e3', 10, { name: 'tap-x' });
      const wanted = itemsOf(
        ...network,
        port('e1', 10, { name: 'tap-y' }),
        port('e2', 10, { name: 'tap-x' }),
        port('e3', 10, { name: 'tap-y' }),
      );
      const plan = await planFor(dataplaneWith([...network, mine]), wanted);
      assert.deepEqual(outline(plan), ['create port/e1']);
      assert.deepEqual(verdicts(plan), ['port/e2 ITEM_BLOCKED', 'port/e3 ITEM_BLOCKED']);
    });

    it('leaves who has a name alone if the taker cannot be made', async () => {
      const renamed = port('e2', 10, { name: 'tap-y' });
      const plan = await planFor(
        dataplaneWith([...network, port('e2', 10, { name: 'tap-x' })]),
        itemsOf(...network, port('e1', 20, { name: 'tap-x' }), renamed),
      );
      assert.deepEqual(verdicts(plan), ['port/e1 ITEM_BLOCKED']);
      assert.ok(outline(plan).length > 0, 'e2 is renamed all the same');
    });
  });

  describe('holds', () => {
    const failure = new NfvError('KERNEL_REFUSED', 'no');

    it('repeat a failure, and block what needs it', async () => {
      const plan = await planFor(new MemoryDataplane(), itemsOf(...network, tunnel(10, R1)), {
        holds: new Map([['bd/10', failure]]),
      });
      assert.deepEqual(outline(plan), ['create vtep/10.0.0.1']);
      assert.deepEqual(verdicts(plan), ['bd/10 KERNEL_REFUSED', `tunnel/10/${R1} ITEM_BLOCKED`]);
    });

    it('yield where something else must make way', async () => {
      const holds = new Map([[`tunnel/10/${R1}`, failure]]);
      const dataplane = dataplaneWith([...network, tunnel(10, R1)]);
      const plan = await planFor(dataplane, itemsOf(vtep()), { holds });
      assert.deepEqual(outline(plan), [`delete tunnel/10/${R1}`, 'delete bd/10']);
      assert.deepEqual(verdicts(plan), []);
    });

    it('leave drift alone; what is missing blocks, what is only different does not', async () => {
      const dataplane = dataplaneWith([vtep(), bridgeDomain(10, { mtu: 1400 })]);
      const holds = new Map([
        ['bd/10', 'drift' as const],
        ['bd/20', 'drift' as const],
      ]);
      const wanted = itemsOf(...network, bridgeDomain(20), tunnel(10, R1), tunnel(20, R1));
      const plan = await planFor(dataplane, wanted, { holds });
      assert.deepEqual(outline(plan), [`create tunnel/10/${R1}`]);
      assert.deepEqual(verdicts(plan), [`tunnel/20/${R1} ITEM_BLOCKED`]);
    });
  });

  it('asks about dependencies out of scope', async () => {
    const wanted = itemsOf(tunnel(10, R1), tunnel(20, R1));
    const plan = await planFor(new MemoryDataplane(), wanted, {
      outside: (key) => (key === 'bd/10' ? 'stands' : 'missing'),
    });
    assert.deepEqual(outline(plan), [`create tunnel/10/${R1}`]);
    assert.deepEqual(verdicts(plan), [`tunnel/20/${R1} ITEM_BLOCKED`]);
  });

  it('keeps the order of dependencies even where ranks say nothing', async () => {
    const rankless = (dataplane: MemoryDataplane): TraitsTable =>
      Object.fromEntries(
        Object.entries(dataplane.traits).map(([kind, traits]) => [kind, { ...traits, rank: 0 }]),
      );
    const empty = new MemoryDataplane();
    const making = await planFor(empty, itemsOf(...whole), { traits: rankless(empty) });
    const order = [
      'vtep/10.0.0.1',
      'bd/10',
      `tunnel/10/${R1}`,
      `flood/10/${R1}, mac/10/${A}`,
      'neigh/10/192.168.0.1',
    ];
    const said = (op: string): readonly string[] =>
      order.map((keys) => keys.replaceAll(/(^|, )/g, `$1${op} `));
    assert.deepEqual(outline(making), said('create'));
    const full = dataplaneWith(whole);
    const clearing = await planFor(full, itemsOf(), { traits: rankless(full) });
    assert.deepEqual(outline(clearing), [
      `delete flood/10/${R1}, delete neigh/10/192.168.0.1`,
      `delete mac/10/${A}`,
      `delete tunnel/10/${R1}`,
      'delete bd/10',
      'delete vtep/10.0.0.1',
    ]);
  });

  it('has another hash if anything in it is another', async () => {
    const dataplane = dataplaneWith(network);
    const other = dataplaneWith([vtep(), bridgeDomain(10, { mtu: 1300 })]);
    const item = itemOf(bridgeDomain(10, { mtu: 1400 }));
    const wanted = new Map([...itemsOf(vtep()), [item.key, item]]);
    const plans = [
      await planFor(dataplane, wanted),
      await planFor(dataplane, new Map([...wanted, [item.key, { ...item, version: 'v2' }]])),
      await planFor(dataplane, new Map([...wanted, ...itemsOf(bridgeDomain(10, { mtu: 1200 }))])),
      await planFor(other, wanted),
      await planFor(dataplane, wanted, { complete: false }),
      await planFor(dataplane, itemsOf(vtep())),
      await planFor(dataplane, new Map([...wanted, ...itemsOf(tunnel(20, R1))])),
    ];
    assert.equal(new Set(plans.map(({ hash }) => hash)).size, plans.length);
  });

  it('spares what hangs on something that turns out not to be recreated', async () => {
    const needing = (payload: Payload, ...more: string[]): Item => {
      const item = itemOf(payload);
      return { ...item, dependsOn: [...item.dependsOn, ...more] };
    };
    const [link, mac] = [tunnel(10, R1), macEntry(30, A, at('e1'))];
    const host = [...network, bridgeDomain(30), link, port('e1', 30), mac];
    const dataplane = dataplaneWith(host);
    dataplane.foreign.add('bd/20');
    // The tunnel is lost with its network and cannot come back; the port comes to need it.
    const wanted = [
      itemOf(vtep()),
      itemOf(vtep('10.0.0.2')),
      itemOf(bridgeDomain(10, { vtep: '10.0.0.2' })),
      itemOf(bridgeDomain(20)),
      itemOf(bridgeDomain(30)),
      needing(link, 'bd/20'),
      needing(port('e1', 30, { mac: '02:00:00:00:00:02' }), `tunnel/10/${R1}`),
      needing(mac, 'bd/20'),
    ];
    const plan = await planFor(dataplane, new Map(wanted.map((item) => [item.key, item])));
    assert.deepEqual(verdicts(plan), [
      'bd/20 FOREIGN_OBJECT',
      'port/e1 ITEM_BLOCKED',
      `tunnel/10/${R1} ITEM_BLOCKED`,
    ]);
    assert.ok(!outline(plan).join().includes(`mac/30/${A}`));
  });

  it('breaks a circle of objects that hang on each other somewhere', async () => {
    const circle = (item: Item, ...dependsOn: string[]): Item => ({ ...item, dependsOn });
    const wanted = [
      itemOf(vtep()),
      itemOf(vtep('10.0.0.2')),
      itemOf(bridgeDomain(10, { vtep: '10.0.0.2' })),
      circle(itemOf(tunnel(10, R1)), 'bd/10', `flood/10/${R1}`),
      circle(itemOf(floodMember(10, R1)), `tunnel/10/${R1}`),
    ];
    const plan = await planFor(
      dataplaneWith([...network, tunnel(10, R1), floodMember(10, R1)]),
      new Map(wanted.map((item) => [item.key, item])),
    );
    assert.deepEqual(outline(plan), [
      'create vtep/10.0.0.2',
      `delete flood/10/${R1}`,
      `delete tunnel/10/${R1}`,
      'delete bd/10',
      'create bd/10',
    ]);
    assert.deepEqual(verdicts(plan), [
      `flood/10/${R1} ITEM_BLOCKED`,
      `tunnel/10/${R1} ITEM_BLOCKED`,
    ]);
  });

  it('takes a chain of 20,000 dependencies without a stack', async () => {
    const items = new Map<string, Item>();
    for (let i = 0; i < 20_000; i++) {
      const dependsOn = i === 0 ? ['nothing'] : [`k${i - 1}`];
      items.set(`k${i}`, { ...itemOf(vtep()), key: `k${i}`, dependsOn });
    }
    const plan = await planFor(new MemoryDataplane(), items);
    assert.equal(plan.verdicts.size, 20_000);
  });
});
