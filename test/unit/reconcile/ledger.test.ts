import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NfvError } from '../../../src/errors.js';
import { dependenciesOf, keyOf, type Payload } from '../../../src/model/item.js';
import { claimsOf } from '../../../src/reconcile/assess.js';
import { blocked, blockerOf } from '../../../src/reconcile/blocked.js';
import { Ledger, type Entry } from '../../../src/reconcile/ledger.js';
import { bridgeDomain, itemOf, port, tunnel, vtep } from '../../support/items.js';
import { MemoryDataplane } from '../../support/memory-dataplane.js';

const { traits } = new MemoryDataplane();
const PAYLOADS: readonly Payload[] = [
  vtep(),
  vtep('10.0.0.2'),
  bridgeDomain(10),
  bridgeDomain(10, { vtep: '10.0.0.2' }),
  bridgeDomain(20),
  tunnel(10, '10.0.1.1'),
  port('e1', 10, { name: 'tap-x' }),
  port('e1', 20, { name: 'tap-y' }),
  port('e2', 10, { name: 'tap-x' }),
];
const payload = fc.constantFrom(...PAYLOADS);
const key = payload.map(keyOf);

type Change = (ledger: Ledger) => void;
const randomChange: fc.Arbitrary<Change> = fc.oneof(
  payload.map((p) => (ledger: Ledger) => {
    ledger.want(itemOf(p));
  }),
  key.map((k) => (ledger: Ledger) => {
    ledger.unwant(k);
  }),
  payload.map((p) => (ledger: Ledger) => {
    ledger.saw(keyOf(p), p);
  }),
  key.map((k) => (ledger: Ledger) => {
    ledger.saw(k, undefined);
  }),
  key.map((k) => (ledger: Ledger) => {
    if (ledger.get(k)?.item !== undefined) ledger.settle(k, 'applied');
  }),
  fc.tuple(key, key).map(([k, by]) => (ledger: Ledger) => {
    ledger.settle(k, k === by ? new NfvError('KERNEL_REFUSED', 'no') : blocked(by, 'no'));
  }),
  key.map((k) => (ledger: Ledger) => {
    ledger.forget(k);
  }),
);

function keysOf(entries: readonly Entry[], of: (entry: Entry) => boolean): readonly string[] {
  return entries
    .filter(of)
    .map((entry) => entry.key)
    .sort();
}

describe('ledger', () => {
  it('keeps counts and indices as they follow from its entries', () => {
    fc.assert(
      fc.property(fc.array(randomChange, { maxLength: 40 }), (changes) => {
        const ledger = new Ledger(traits);
        for (const change of changes) change(ledger);
        const all = [...ledger.entries()];
        assert.equal(ledger.appliedCount, keysOf(all, (e) => e.fate === 'applied').length);
        assert.deepEqual(
          [...ledger.failures.keys()].sort(),
          keysOf(all, (e) => e.fate instanceof NfvError),
        );
        assert.deepEqual(
          [...ledger.wanted.keys()].sort(),
          keysOf(all, (e) => e.item !== undefined),
        );
        assert.deepEqual(
          [...ledger.unwanted].sort(),
          keysOf(all, (e) => e.item === undefined),
        );
        for (const name of new Set(PAYLOADS.map(keyOf))) {
          const waits = (e: Entry): boolean =>
            e.fate instanceof NfvError && blockerOf(e.fate) === name;
          assert.deepEqual([...ledger.waitersFor(name)].sort(), keysOf(all, waits));
          assert.deepEqual([...ledger.dependents(name)].sort(), dependentsOf(name, all));
        }
        const claims = (e: Entry): readonly string[] =>
          [e.item?.payload, e.seen].flatMap((p) => (p === undefined ? [] : claimsOf(traits, p)));
        for (const claim of ['interface tap-x', 'interface tap-y']) {
          const found = keysOf(all, (e) => claims(e).includes(claim));
          assert.deepEqual([...ledger.claimants(claim)].sort(), found);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('begins anew with a new version, not with the same', () => {
    const ledger = new Ledger(traits);
    ledger.want(itemOf(bridgeDomain(10)));
    ledger.settle('bd/10', 'applied');
    const entry = ledger.get('bd/10');
    assert.ok(entry !== undefined);
    entry.attempts = 3;
    ledger.want(itemOf(bridgeDomain(10)));
    assert.equal(ledger.get('bd/10')?.fate, 'applied');
    assert.equal(ledger.get('bd/10')?.attempts, 3);
    ledger.want(itemOf(bridgeDomain(10, { mtu: 1400 })));
    assert.equal(ledger.get('bd/10')?.fate, 'untried');
    assert.equal(ledger.get('bd/10')?.attempts, 0);
  });

  it('follows dependencies and dependents all the way, circles too', () => {
    const ledger = new Ledger(traits);
    const items = [itemOf(vtep()), itemOf(bridgeDomain(10)), itemOf(tunnel(10, '10.0.1.1'))];
    for (const item of items) ledger.want(item);
    assert.deepEqual([...ledger.dependencies('tunnel/10/10.0.1.1')], ['bd/10', 'vtep/10.0.0.1']);
    ledger.want({ ...itemOf(vtep()), version: 'v2', dependsOn: ['tunnel/10/10.0.1.1'] });
    assert.deepEqual([...ledger.dependents('bd/10')], ['tunnel/10/10.0.1.1', 'vtep/10.0.0.1']);
  });
});

function dependentsOf(name: string, all: readonly Entry[]): readonly string[] {
  const found = new Set([name]);
  for (const one of found) {
    for (const { key: other, item, seen } of all) {
      const needs = [
        ...(item?.dependsOn ?? []),
        ...(item === undefined ? [] : dependenciesOf(item.payload)),
        ...(seen === undefined ? [] : dependenciesOf(seen)),
      ];
      if (needs.includes(one)) found.add(other);
    }
  }
  found.delete(name);
  return [...found].sort();
}
