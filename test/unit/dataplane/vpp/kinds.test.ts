import assert from 'node:assert/strict';
import { KIND_TABLE, KINDS } from '../../../../src/dataplane/vpp/kinds.js';
import { dependenciesOf, ITEM_KINDS, keyOf, type Payload } from '../../../../src/model/item.js';
import type { TraitsTable } from '../../../../src/reconcile/dataplane.js';
import {
  domain,
  floodTo,
  macAt,
  macOf,
  neighbor,
  tunnelTo,
  vethPort,
  vtepItem,
} from '../../../support/linux-items.js';

const MAC = '02:00:00:00:00:01';
const ONE_OF_EACH: readonly Payload[] = [
  vtepItem('10.1.0.1'),
  domain(7, '10.1.0.1'),
  tunnelTo(7, '10.1.0.2', '10.1.0.1'),
  floodTo(7, '10.1.0.2'),
  macAt(7, MAC, '10.1.0.2'),
  neighbor(7, '192.168.7.1', MAC),
  vethPort('web', 7, MAC, 'blue'),
];

function rankOf(payload: Payload): number {
  const traits: TraitsTable = KINDS;
  return traits[payload.kind]?.rank ?? assert.fail(payload.kind);
}

describe('kinds of VPP', () => {
  it('are all there, each found by payload and by key', () => {
    assert.ok(Object.keys(KINDS).every((kind) => ITEM_KINDS.some((each) => each === kind)));
    assert.equal(KIND_TABLE.all.length, Object.keys(KINDS).length);
    for (const payload of ONE_OF_EACH) {
      const [kind, rest] = KIND_TABLE.at(keyOf(payload));
      assert.equal(kind, KIND_TABLE.of(payload));
      assert.deepEqual(rest, keyOf(payload).split('/').slice(1));
    }
    assert.equal(KIND_TABLE.at('nat/7')[0], undefined);
  });

  it('have higher ranks than what they depend on', () => {
    const ranks = new Map(ONE_OF_EACH.map((payload) => [keyOf(payload), rankOf(payload)]));
    for (const payload of [...ONE_OF_EACH, macOf(7, MAC, 'web')]) {
      for (const need of dependenciesOf(payload)) {
        assert.ok((ranks.get(need) ?? Infinity) < rankOf(payload), need);
      }
    }
  });
});
