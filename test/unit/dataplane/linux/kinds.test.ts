import assert from 'node:assert/strict';
import { KIND_TABLE, KINDS } from '../../../../src/dataplane/linux/kinds.js';
import { Memory } from '../../../../src/dataplane/linux/memory.js';
import { Wants } from '../../../../src/dataplane/linux/view.js';
import {
  dependenciesOf,
  ITEM_KINDS,
  keyOf,
  type ItemKind,
  type Payload,
} from '../../../../src/model/item.js';
import type { Observed } from '../../../../src/reconcile/dataplane.js';
import { makePlan } from '../../../../src/reconcile/plan.js';
import { FakeDoors } from '../../../support/fake-doors.js';
import { itemsOf, rankOf } from '../../../support/linux-host.js';
import {
  domain,
  floodTo,
  macAt,
  macOf,
  neighbor,
  tapPort,
  tunnelTo,
  vethPort,
  vtepItem,
} from '../../../support/linux-items.js';
import {
  gateway,
  gatewayNeighbor,
  hop,
  routeTo,
  vrf,
  xconnect,
} from '../../../support/routing-items.js';
import { outline } from '../../../support/plans.js';

const MAC = '02:00:00:00:00:01';
const LOCAL = '10.1.0.1';

const ONE_OF_EACH: readonly Payload[] = [
  vtepItem(LOCAL),
  domain(7, LOCAL),
  tunnelTo(7, '10.1.0.2', LOCAL),
  floodTo(7, '10.1.0.2'),
  macAt(7, MAC, '10.1.0.2'),
  neighbor(7, '192.168.7.1', MAC),
  vethPort('web', 7, MAC, 'blue'),
  vrf(7),
  gateway(7, 7, ['192.168.7.254/24']),
  gatewayNeighbor(7, 7, '192.168.7.1', MAC),
  routeTo(7, '10.0.0.0/8', hop('192.168.7.1', 7)),
];

/** What only VPP does. */
const NOT_HERE: readonly ItemKind[] = ['xconnect'];

describe('kinds', () => {
  it('are all there but cross-connects, each found by payload and by key', () => {
    const here = ITEM_KINDS.filter((kind) => !NOT_HERE.includes(kind));
    assert.deepEqual(Object.keys(KINDS).sort(), here.sort());
    assert.equal(KIND_TABLE.all.length, here.length);
    for (const payload of ONE_OF_EACH) {
      const [kind, rest] = KIND_TABLE.at(keyOf(payload));
      assert.equal(kind, KIND_TABLE.of(payload));
      assert.deepEqual(rest, keyOf(payload).split('/').slice(1));
    }
    assert.deepEqual(KIND_TABLE.at('nat/7')[0], undefined);
  });

  it('are not there for what only VPP does', () => {
    const both = xconnect('a', 'b');
    assert.equal(KIND_TABLE.at(keyOf(both))[0], undefined);
    assert.throws(() => KIND_TABLE.of(both), { code: 'ITEM_UNSUPPORTED' });
    const observation = { objects: new Map(), obstacles: new Map() };
    const plan = makePlan({ wanted: itemsOf([both]), complete: true, observation, traits: KINDS });
    assert.equal(plan.verdicts.get('xc/a/b')?.code, 'ITEM_UNSUPPORTED');
    assert.deepEqual(plan.waves, []);
  });

  it('have higher ranks than what they depend on', () => {
    const ranks = new Map(ONE_OF_EACH.map((payload) => [keyOf(payload), rankOf(payload)]));
    for (const payload of [...ONE_OF_EACH, macOf(7, MAC, 'web')]) {
      for (const dependency of dependenciesOf(payload)) {
        const rank = ranks.get(dependency) ?? assert.fail(dependency);
        assert.ok(rank < rankOf(payload), `${keyOf(payload)} and ${dependency}`);
      }
    }
  });

  it('do nothing with a payload of another kind', () => {
    const [vtep, bridge] = ONE_OF_EACH;
    assert.ok(vtep !== undefined && bridge !== undefined);
    const doors = new FakeDoors();
    const kind = KIND_TABLE.of(vtep);
    const strange = { code: 'INTERNAL', message: /a bridge_domain where a vtep was expected/ };
    assert.throws(() => {
      kind.reads([], bridge, new Wants(false), new Memory());
    }, strange);
    for (const work of [
      () => kind.create(bridge, doors, new Memory()),
      () => kind.update(bridge, vtep, doors, new Memory()),
      () => kind.remove(bridge, doors, new Memory()),
    ]) {
      assert.throws(() => void work(), strange);
    }
    assert.deepEqual(doors.said, []);
  });

  it('leave a port where it is while its bridge makes way', () => {
    const before: readonly Payload[] = [
      domain(7, LOCAL),
      domain(8, LOCAL),
      vethPort('web', 7, MAC, 'blue'),
    ];
    const wanted: readonly Payload[] = [
      domain(8, LOCAL),
      vethPort('web', 8, MAC, 'blue'),
      // Takes the name that the bridge of 7 has.
      tapPort('vm', 8, '02:00:00:00:00:02', { interface: 'nfvb7' }),
    ];
    const objects = new Map<string, Observed>();
    for (const payload of before) {
      const key = keyOf(payload);
      objects.set(key, { key, payload, defects: [] });
    }
    const observation = { objects, obstacles: new Map() };
    const plan = makePlan({ wanted: itemsOf(wanted), complete: true, observation, traits: KINDS });
    assert.deepEqual(outline(plan), ['update port/web', 'delete bd/7', 'create port/vm']);
  });
});
