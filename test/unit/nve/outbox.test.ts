import assert from 'node:assert/strict';
import type { Drift } from '../../../src/model/nve.js';
import type { FromNve, ItemReport } from '../../../src/model/southbound.js';
import { Outbox } from '../../../src/nve/outbox.js';

const failed = (key: string, message = 'no'): ItemReport => ({
  key,
  version: 'v1',
  failure: { code: 'KERNEL_REFUSED', message },
});
const applied = (key: string, version = 'v1'): ItemReport => ({ key, version });
const keys = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => `mac/${from + i}`);
const drift = (key: string, difference = 'missing'): Drift => ({
  key,
  difference,
  action: 'REPAIRED',
  time: '2026-01-01T00:00:00.000Z',
});

function takeAll(outbox: Outbox): FromNve[] {
  const messages: FromNve[] = [];
  for (let next = outbox.next(5); next !== undefined; next = outbox.next(5)) messages.push(next);
  return messages;
}

describe('outbox', () => {
  let outbox: Outbox;
  beforeEach(() => {
    outbox = new Outbox();
  });

  it('has nothing to tell at first', () => {
    assert.equal(outbox.next(5), undefined);
  });

  it('begins a session with what has failed, and how far everything was tried', () => {
    outbox.reset([failed('mac/1')], 7);
    assert.deepEqual(takeAll(outbox), [
      { kind: 'item_reports', epoch: 5, entries: [failed('mac/1')], settledRevision: 7 },
    ]);
    outbox.reset([], 7);
    assert.deepEqual(takeAll(outbox), [
      { kind: 'item_reports', epoch: 5, entries: [], settledRevision: 7 },
    ]);
  });

  it('tells the last of an item, however often it changes', () => {
    for (let i = 0; i < 5000; i++) outbox.report([applied('mac/1', `v${i}`)], i);
    assert.deepEqual(takeAll(outbox), [
      {
        kind: 'item_reports',
        epoch: 5,
        entries: [applied('mac/1', 'v4999')],
        settledRevision: 4999,
      },
    ]);
  });

  it('tells many in parts, and that all is tried with the last of them only', () => {
    outbox.report(
      keys(2500).map((key) => failed(key)),
      9,
    );
    const messages = takeAll(outbox);
    assert.deepEqual(
      messages.map((m) => m.kind === 'item_reports' && [m.entries.length, m.settledRevision]),
      [
        [1000, 0],
        [1000, 0],
        [500, 9],
      ],
    );
    const told = messages.flatMap((m) => (m.kind === 'item_reports' ? m.entries : []));
    assert.deepEqual(
      told.map(({ key }) => key),
      keys(2500),
    );
  });

  it('shortens what no message of a thousand could hold', () => {
    outbox.report([failed('mac/1', 'x'.repeat(5000))], 1);
    const [message] = takeAll(outbox);
    assert.ok(message?.kind === 'item_reports');
    assert.equal(message.entries[0]?.failure?.message, `${'x'.repeat(497)}...`);
    outbox.drift([drift('mac/1', 'y'.repeat(5000))], 1, 0);
    const [drifts] = takeAll(outbox);
    assert.ok(drifts?.kind === 'drift_reports');
    assert.equal(drifts.drifts[0]?.difference.length, 500);
  });

  it('tells the hundred newest drifts, and how many there were', () => {
    outbox.drift(
      keys(60).map((key) => drift(key)),
      60,
      2,
    );
    outbox.drift(
      keys(70, 100).map((key) => drift(key)),
      130,
      3,
    );
    const expected = [...keys(70, 100), ...keys(30)].map((key) => drift(key));
    assert.deepEqual(takeAll(outbox), [
      { kind: 'drift_reports', drifts: expected, total: 130, leftAlone: 3 },
    ]);
    outbox.drift(
      keys(10_000).map((key) => drift(key)),
      10_130,
      0,
    );
    const [message, ...more] = takeAll(outbox);
    assert.ok(message?.kind === 'drift_reports');
    assert.deepEqual(
      message.drifts,
      keys(100).map((key) => drift(key)),
    );
    assert.equal(message.total, 10_130);
    assert.deepEqual(more, []);
  });

  it('keeps drifts until there is a session, and addresses if its hello did not have them', () => {
    outbox.drift([drift('mac/1')], 1, 0);
    outbox.underlays([{ address: '10.0.0.1', interface: 'eth0', mtu: 1500 }]);
    outbox.beginSession();
    outbox.reset([], 0);
    assert.deepEqual(
      takeAll(outbox).map(({ kind }) => kind),
      ['item_reports', 'drift_reports'],
    );
    outbox.underlays([{ address: '10.0.0.1', interface: 'eth0', mtu: 1500 }]);
    outbox.underlays([{ address: '10.0.0.1', interface: 'eth0', mtu: 9000 }]);
    outbox.reset([], 0);
    assert.deepEqual(takeAll(outbox).slice(0, 1), [
      {
        kind: 'underlay_report',
        underlays: [{ address: '10.0.0.1', interface: 'eth0', mtu: 9000 }],
      },
    ]);
  });
});
