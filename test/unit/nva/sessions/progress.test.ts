import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Item } from '../../../../src/model/item.js';
import { Digest } from '../../../../src/model/southbound.js';
import { CompileIndex } from '../../../../src/nva/compiler/compile-index.js';
import { ItemSum } from '../../../../src/nva/compiler/item-sum.js';
import { MAX_FAILURES, MAX_UNASKED, Progress } from '../../../../src/nva/sessions/progress.js';
import { endpointSpec, networkSpec, nveInput } from '../../../support/specs.js';

const FAILURE = { code: 'NETNS_MISSING', message: 'there is no namespace x' };

function item(key: string, version: string): Item {
  return { key, version, dependsOn: [], payload: { kind: 'vtep', address: '192.0.2.1' } };
}

function items(versions: Readonly<Record<string, string>>): Map<string, Item> {
  return new Map(Object.entries(versions).map(([key, version]) => [key, item(key, version)]));
}

interface Change {
  readonly upserts: ReadonlyMap<string, Item>;
  readonly removes: ReadonlySet<string>;
}

const change = (
  upserts: Readonly<Record<string, string>>,
  removes: readonly string[] = [],
): Change => ({ upserts: items(upserts), removes: new Set(removes) });

/** Of an NVE that should have these, by version, and then something else. */
function wanting(versions: Readonly<Record<string, string>>): {
  progress: Progress;
  expect: (change: Change, revision: number) => void;
} {
  const wanted = items(versions);
  const progress = new Progress(ItemSum.of(wanted.values()), (key) => wanted.get(key)?.version);
  const expect = ({ upserts, removes }: Change, revision: number): void => {
    const before = new Map<string, Item>();
    for (const key of [...upserts.keys(), ...removes]) {
      const was = wanted.get(key);
      if (was !== undefined) before.set(key, was);
      wanted.delete(key);
    }
    for (const [key, one] of upserts) wanted.set(key, one);
    progress.expect({ upserts, removes, before }, revision);
  };
  return { progress, expect };
}

describe("an NVE's progress", () => {
  it('knows nothing before the NVE has said anything', () => {
    const { progress } = wanting({ a: '1', b: '1' });
    assert.equal(progress.settled, false);
    assert.equal(progress.idle, false);
    assert.equal(progress.behind, true);
    assert.equal(progress.lags(0), true);
    assert.equal(progress.stateOf('a'), 'open');
    assert.deepEqual(progress.counts, { wanted: 2, applied: 0, failed: 0 });
  });

  it('takes silence about an item for success once its revision is settled', () => {
    const { progress, expect } = wanting({ a: '1' });
    progress.settle(5);
    assert.equal(progress.stateOf('a'), 'applied');
    expect(change({ a: '2' }), 6);
    expect(change({ b: '1' }), 7);
    assert.equal(progress.lags(5), false);
    assert.equal(progress.lags(6), true);
    assert.equal(progress.oldestOpen, 6);
    assert.deepEqual(progress.settle(6), ['a']);
    assert.equal(progress.lags(6), false);
    assert.equal(progress.lags(7), true);
    assert.deepEqual(progress.counts, { wanted: 2, applied: 1, failed: 0 });
    assert.deepEqual(progress.settle(7), ['b']);
    assert.equal(progress.idle, true);
    assert.equal(progress.behind, false);
  });

  it('keeps a failure until another report or version', () => {
    const { progress, expect } = wanting({});
    progress.settle(1);
    expect(change({ a: '1' }), 2);
    assert.equal(progress.report({ key: 'a', version: '1', failure: FAILURE }), true);
    progress.settle(2);
    assert.equal(progress.idle, true);
    assert.equal(progress.behind, true);
    assert.deepEqual(progress.stateOf('a'), { key: 'a', ...FAILURE });
    assert.deepEqual(progress.failures, [{ key: 'a', ...FAILURE }]);
    assert.equal(progress.lags(1), false);
    assert.equal(progress.lags(2), true);
    assert.equal(progress.report({ key: 'a', version: '1' }), true);
    assert.equal(progress.behind, false);
  });

  it('drops a report about what is no longer wanted', () => {
    const { progress, expect } = wanting({ a: '1' });
    progress.settle(1);
    expect(change({ a: '2' }), 2);
    assert.equal(progress.report({ key: 'a', version: '1', failure: FAILURE }), false);
    assert.equal(progress.stateOf('a'), 'open');
    assert.equal(progress.report({ key: 'a', version: '2' }), true);
    assert.equal(progress.report({ key: 'a', version: '1', failure: FAILURE }), false);
    assert.equal(progress.report({ key: 'gone', version: '1', failure: FAILURE }), false);
    assert.equal(progress.stateOf('a'), 'applied');
  });

  it('waits for removals too', () => {
    const { progress, expect } = wanting({ a: '1' });
    progress.settle(1);
    expect(change({}, ['a']), 2);
    assert.deepEqual(progress.counts.wanted, 0);
    assert.equal(progress.lags(2), true);
    assert.equal(progress.report({ key: 'a', version: '' }), true);
    assert.equal(progress.lags(2), false);
  });

  it('counts a failure of an item that was applied before as of the beginning', () => {
    const { progress } = wanting({ a: '1' });
    progress.settle(9);
    progress.report({ key: 'a', version: '1', failure: FAILURE });
    assert.equal(progress.oldestOpen, 0);
    assert.equal(progress.lags(0), true);
  });

  it('opens again what the NVE turned out not to have', () => {
    const { progress } = wanting({ a: '1' });
    progress.reopen('a', '1', 4);
    progress.reopen('stray', '', 4);
    progress.settle(3);
    assert.equal(progress.stateOf('a'), 'open');
    assert.deepEqual(progress.settle(4), ['a', 'stray']);
    assert.equal(progress.idle, true);
  });

  it('lags from any revision where the NVE turned out to lack something', () => {
    const { progress } = wanting({ a: '1', b: '1' });
    progress.reopen('a', '1', 20);
    progress.reopen('b', '1', 20);
    // What it held before is tried; what it missed since some unknown revision is not.
    progress.settle(10);
    assert.equal(progress.lags(11), true);
    assert.equal(progress.report({ key: 'a', version: '1' }), true);
    assert.equal(progress.report({ key: 'b', version: '1', failure: FAILURE }), true);
    assert.deepEqual(progress.settle(20), []);
    assert.equal(progress.lags(11), true);
    assert.equal(progress.report({ key: 'b', version: '1' }), true);
    assert.equal(progress.behind, false);
  });

  it('lags from the first of the changes of an item that was not applied', () => {
    const { progress, expect } = wanting({});
    progress.settle(1);
    expect(change({ slow: '1', broken: '1' }), 2);
    progress.report({ key: 'broken', version: '1', failure: FAILURE });
    expect(change({ slow: '2', broken: '2' }), 3);
    assert.equal(progress.lags(2), true);
    progress.report({ key: 'slow', version: '2' });
    assert.equal(progress.lags(2), true);
    progress.report({ key: 'broken', version: '2', failure: FAILURE });
    progress.report({ key: 'broken', version: '2', failure: FAILURE });
    assert.equal(progress.oldestOpen, 2);
    progress.settle(3);
    assert.equal(progress.lags(1), false);
    assert.equal(progress.lags(2), true);
    progress.report({ key: 'broken', version: '2' });
    assert.equal(progress.lags(3), false);
  });

  it('tells a bounded number of failures', () => {
    const { progress, expect } = wanting({});
    progress.settle(1);
    for (let i = 0; i < MAX_FAILURES + 5; i++) {
      expect(change({ [`k${i}`]: '1' }), 2);
      progress.report({ key: `k${i}`, version: '1', failure: FAILURE });
    }
    assert.equal(progress.failures.length, MAX_FAILURES);
    assert.equal(progress.counts.failed, MAX_FAILURES + 5);
  });

  it('keeps failures of removals that an earlier session asked for, so many at most', () => {
    const { progress, expect } = wanting({ 'port/a': '1' });
    progress.settle(1);
    const stray = (n: number): string => `port/stray-${n}`;
    const fails = (key: string): boolean => progress.report({ key, version: '', failure: FAILURE });
    assert.equal(fails('nobody-asked/1'), false);
    for (let n = 0; n < MAX_UNASKED; n++) assert.equal(fails(stray(n)), true);
    assert.equal(fails(stray(MAX_UNASKED)), false);
    assert.equal(progress.counts.failed, MAX_UNASKED);
    assert.equal(fails(stray(0)), true, 'of one that is kept it is news');
    assert.equal(progress.report({ key: stray(0), version: '' }), true);
    assert.equal(fails(stray(MAX_UNASKED)), true);
    expect(change({ [stray(1)]: '1' }), 2);
    assert.equal(fails(stray(0)), true);
    assert.equal(fails(stray(MAX_UNASKED + 1)), false);
    expect(change({}, ['port/a']), 3);
    assert.equal(fails('port/a'), true, 'one that was asked for now is not of them');
  });

  it('keeps the digest of what is wanted, however it came about', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd');
    const step = fc.record({ key, version: fc.constantFrom('', '1', '2', '3') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { progress, expect } = wanting({ a: '1', b: '1' });
        const wanted = new Map([
          ['a', '1'],
          ['b', '1'],
        ]);
        for (const [i, { key, version }] of steps.entries()) {
          if (version === '') {
            wanted.delete(key);
            expect(change({}, [key]), i + 1);
          } else {
            wanted.set(key, version);
            expect(change({ [key]: version }), i + 1);
          }
        }
        const digest = new Digest();
        for (const [key, version] of wanted) digest.toggle(key, version);
        assert.equal(progress.digest, digest.text);
        assert.equal(progress.counts.wanted, wanted.size);
      }),
    );
  });

  it('lags exactly from the oldest change that is open or failed', () => {
    const key = fc.constantFrom('a', 'b', 'c');
    const step = fc.oneof(
      fc.record({ kind: fc.constant('expect' as const), key }),
      fc.record({ kind: fc.constant('fail' as const), key }),
      fc.record({ kind: fc.constant('settle' as const), back: fc.integer({ min: 0, max: 3 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { progress, expect } = wanting({});
        progress.settle(1);
        let revision = 1;
        const versions = new Map<string, string>();
        for (const step of steps) {
          if (step.kind === 'settle') progress.settle(Math.max(0, revision - step.back));
          else if (step.kind === 'expect') {
            revision++;
            versions.set(step.key, String(revision));
            expect(change({ [step.key]: String(revision) }), revision);
          } else {
            const version = versions.get(step.key) ?? '';
            progress.report({ key: step.key, version, failure: FAILURE });
          }
          const oldest = progress.oldestOpen;
          for (let r = 0; r <= revision; r++) {
            assert.equal(progress.lags(r), oldest !== undefined && oldest <= r);
          }
          assert.equal(progress.behind, oldest !== undefined);
        }
      }),
    );
  });

  it('has the digest that an NVE works out by itself, hashed once for all NVEs of a network', () => {
    const index = new CompileIndex();
    const digests = new Map<string, Progress>();
    index.load({ kind: 'VirtualNetwork', id: 'net', after: networkSpec({ vni: 5 }) });
    for (const n of [1, 2, 3]) {
      index.load({ kind: 'Nve', id: `nve-${n}`, after: nveInput([`192.0.2.${n}`]) });
      const mac = `02:00:00:00:00:0${n}`;
      const after = endpointSpec({ nve: `nve-${n}`, mac, ips: [`10.0.0.${n}`] });
      index.load({ kind: 'Endpoint', id: `ep-${n}`, after });
    }
    const mac = 'mac/5/02:00:00:00:00:03';
    assert.equal(index.full('nve-1').get(mac), index.full('nve-2').get(mac));
    const of = (nve: string): string => {
      const digest = new Digest();
      for (const { key, version } of index.full(nve).values()) digest.toggle(key, version);
      return digest.text;
    };
    for (const nve of index.nves()) {
      const version = (key: string): string | undefined => index.full(nve).get(key)?.version;
      digests.set(nve, new Progress(index.sum(nve), version));
    }
    for (const [nve, { digest }] of digests) assert.equal(digest, of(nve), nve);
    const moved = endpointSpec({ nve: 'nve-2', mac: '02:00:00:00:00:03', ips: ['10.0.0.3'] });
    const deltas = index.apply({ kind: 'Endpoint', id: 'ep-3', after: moved });
    assert.ok(deltas.size > 0);
    for (const [nve, delta] of deltas) digests.get(nve)?.expect(delta, 2);
    for (const [nve, { digest }] of digests) assert.equal(digest, of(nve), nve);
  });
});
