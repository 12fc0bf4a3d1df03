import assert from 'node:assert/strict';
import { Health } from '../../../../src/dataplane/vpp/health.js';
import { NfvError } from '../../../../src/errors.js';
import type { DataplaneStatus } from '../../../../src/model/dataplane-status.js';
import type { Boot } from '../../../../src/vpp-api/client/boot.js';
import type { SessionEvent } from '../../../../src/vpp-api/client/options.js';

const ready = (boot: Boot): SessionEvent => ({
  kind: 'ready',
  boot,
  restarted: true,
  schema: 'vpp',
  passedOver: undefined,
});
const lost = (code: 'VPP_UNREACHABLE' | 'VPP_CONNECTION_LOST', text: string): SessionEvent => ({
  kind: 'lost',
  error: new NfvError(code, text),
  wasOpen: true,
});
const FIRST: Boot = { number: 1, pid: 7, instance: 'a' };
const SECOND: Boot = { number: 2, pid: 8, instance: 'b' };

describe('how we stand with VPP', () => {
  let now: number;
  let health: Health;
  let told: DataplaneStatus[];
  beforeEach(() => {
    now = Date.parse('2026-01-01T00:00:00.000Z');
    health = new Health({ now: () => now });
    told = [];
    health.listen((status) => told.push(status));
  });

  const after = (ms: number, event: SessionEvent): DataplaneStatus => {
    now += ms;
    health.told(event, undefined);
    return told.at(-1) ?? assert.fail();
  };

  it('is lost until VPP was reached, and told at once', () => {
    assert.equal(told.length, 1);
    const { session, since, reasonCode, restarts, boot } = told[0] ?? assert.fail();
    assert.deepEqual(
      { session, since, reasonCode, restarts, boot },
      {
        session: 'LOST',
        since: '2026-01-01T00:00:00.000Z',
        reasonCode: 'VPP_UNREACHABLE',
        restarts: 0,
        boot: '',
      },
    );
  });

  it('counts the restarts that were seen, not the connections', () => {
    assert.equal(after(1, ready(FIRST)).restarts, 0);
    after(1, lost('VPP_CONNECTION_LOST', 'gone'));
    assert.equal(after(1, ready(FIRST)).restarts, 0);
    after(1, lost('VPP_CONNECTION_LOST', 'gone'));
    const { restarts, boot, reasonCode } = after(1, ready(SECOND));
    assert.deepEqual([restarts, boot, reasonCode], [1, '8 b', '']);
  });

  it('has been lost since the first failure, whatever comes after it', () => {
    after(1000, ready(FIRST));
    assert.equal(
      after(1000, lost('VPP_CONNECTION_LOST', 'gone')).since,
      '2026-01-01T00:00:02.000Z',
    );
    const later = after(1000, lost('VPP_UNREACHABLE', 'no socket'));
    assert.deepEqual(
      [later.since, later.reasonCode],
      ['2026-01-01T00:00:02.000Z', 'VPP_UNREACHABLE'],
    );
    const { length } = told;
    after(1000, lost('VPP_UNREACHABLE', 'no socket'));
    assert.equal(told.length, length, 'the same is not told again');
  });

  it('is degraded while VPP is slow', () => {
    after(1, ready(FIRST));
    const slow = after(1, { kind: 'degraded' });
    assert.deepEqual([slow.session, slow.reasonCode], ['DEGRADED', 'DATAPLANE_TIMEOUT']);
    const fine = after(1, { kind: 'recovered' });
    assert.deepEqual([fine.session, fine.reasonCode, fine.reason], ['CONNECTED', '', '']);
  });
});
