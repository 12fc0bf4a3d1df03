import assert from 'node:assert/strict';
import type { ErrorCode } from '../../../../src/errors.js';
import { delay } from '../../../../src/model/clock.js';
import type { FromNve, Hello } from '../../../../src/model/southbound.js';
import type { Underlay } from '../../../../src/model/nve.js';
import {
  checkHello,
  receiveHeldItems,
  receiveHello,
} from '../../../../src/nva/sessions/handshake.js';
import { LINUX_LIKE } from '../../../support/fake-nve.js';
import { FakeClock, settle } from '../../../support/fake-clock.js';

const HELLO: Hello = {
  kind: 'hello',
  protocolVersions: [1],
  nve: 'host-a',
  nodeUuid: '11111111-1111-4111-8111-111111111111',
  agentVersion: '0.1.0',
  capabilities: LINUX_LIKE,
  underlays: [],
  epoch: { storeId: 'here', number: 7 },
  revision: 3,
  digest: '0000000000000000',
  itemCount: 0,
  takesHostOffers: true,
  probesUnderlay: true,
};
const REPORTS: FromNve = { kind: 'item_reports', epoch: 7, entries: [], settledRevision: 3 };
const underlays = (mtu: number): Underlay[] => [{ address: '192.0.2.1', interface: 'eth0', mtu }];
const moved = (mtu: number): FromNve => ({ kind: 'underlay_report', underlays: underlays(mtu) });
const DRIFTS: FromNve = { kind: 'drift_reports', drifts: [], total: 0, leftAlone: 0 };

function held(versions: Readonly<Record<string, string>>, last = true): FromNve {
  const entries = Object.entries(versions).map(([key, version]) => ({ key, version }));
  return { kind: 'held_items', entries, last };
}

/** What the NVE sends; then the stream ends, or with `silent` nothing more comes. */
async function* sent(messages: readonly FromNve[], silent = false): AsyncGenerator<FromNve> {
  yield* messages;
  if (silent) await new Promise(() => undefined);
}

describe('the handshake', () => {
  const clock = new FakeClock();

  it('begins with hello', async () => {
    assert.equal(await receiveHello(sent([HELLO, REPORTS]), clock), HELLO);
    assert.equal(clock.pending, 0, 'no timer is left');
  });

  for (const messages of [[], [REPORTS]]) {
    it(`does not begin with ${messages[0]?.kind ?? 'the end'}`, async () => {
      await assert.rejects(receiveHello(sent(messages), clock), {
        code: 'PROTOCOL_VIOLATION',
        message: 'the first message is not hello',
      });
    });
  }

  it('does not wait for hello forever', async () => {
    const waiting = receiveHello(sent([], true), clock);
    const over = assert.rejects(waiting, {
      code: 'DEADLINE_EXCEEDED',
      message: 'no hello within 10 s',
    });
    await settle();
    await clock.advance(10_000);
    await over;
  });

  const fine: [string, Partial<Hello>][] = [
    ['an NVE that was here before', {}],
    ['a new NVE', { epoch: { storeId: '', number: 0 } }],
    ['an NVE of an earlier epoch', { epoch: { storeId: 'here', number: 1 } }],
    ['one that speaks other versions, too', { protocolVersions: [3, 1] }],
  ];
  for (const [what, change] of fine) {
    it(`lets in ${what}`, () => {
      checkHello({ ...HELLO, ...change }, { storeId: 'here', number: 7 });
    });
  }

  const refused: [string, Partial<Hello>, ErrorCode, string][] = [
    [
      'a version from the future',
      { protocolVersions: [2, 3] },
      'PROTOCOL_VERSION',
      'nves/host-a: speaks version 2, 3 of the protocol, not 1',
    ],
    [
      'an NVE without an identity',
      { nodeUuid: '' },
      'PROTOCOL_VIOLATION',
      'nves/host-a: says hello without node_uuid',
    ],
    [
      'an NVE of another store',
      { epoch: { storeId: 'there', number: 1 } },
      'FOREIGN_STORE',
      "nves/host-a: holds the configuration of another NVA's store, there; this one is here",
    ],
    [
      'an NVE that has heard of a later epoch',
      { epoch: { storeId: 'here', number: 8 } },
      'STALE_EPOCH',
      "nves/host-a: has heard of epoch 8; this NVA's is 7",
    ],
  ];
  for (const [what, change, code, message] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => {
          checkHello({ ...HELLO, ...change }, { storeId: 'here', number: 7 });
        },
        { code, message },
      );
    });
  }
});

describe('held items', () => {
  const clock = new FakeClock();

  it('come in any number of messages, whatever else is said in between', async () => {
    const messages = [
      held({ a: '1', b: '1' }, false),
      REPORTS,
      moved(1500),
      moved(9000),
      DRIFTS,
      held({ b: '2' }),
    ];
    const result = await receiveHeldItems(sent(messages), clock);
    assert.deepEqual(result.underlays, underlays(9000));
    assert.deepEqual([...result.versions].sort(), [
      ['a', '1'],
      ['b', '2'],
    ]);
    assert.equal(clock.pending, 0, 'no timer is left');
  });

  it('are not anything else', async () => {
    const reply: FromNve = { kind: 'delta_reply', sequence: 1 };
    await assert.rejects(receiveHeldItems(sent([reply]), clock), {
      code: 'PROTOCOL_VIOLATION',
      message: 'delta_reply before held items',
    });
  });

  for (const messages of [[], [held({ a: '1' }, false)]]) {
    it(`are not cut short, and a stream that ends after ${messages.length} of them violates nothing`, async () => {
      await assert.rejects(receiveHeldItems(sent(messages), clock), {
        code: 'CANCELLED',
        message: 'the stream ended before all held items had come',
      });
    });
  }

  it('have no more characters than there is room for', async () => {
    const entries = Array.from({ length: 1000 }, (_, i) => {
      return { key: `${i}`.padEnd(256, 'k'), version: 'v'.repeat(64) };
    });
    const messages = (count: number): FromNve[] =>
      Array.from({ length: count }, (_, i) => {
        return { kind: 'held_items', entries, last: i === count - 1 };
      });
    const most = Math.floor((128 * 1024 * 1024) / (1000 * 320));
    const { versions } = await receiveHeldItems(sent(messages(most)), clock);
    assert.equal(versions.size, 1000);
    await assert.rejects(receiveHeldItems(sent(messages(most + 1)), clock), {
      code: 'PROTOCOL_VIOLATION',
      message: 'too many held items',
    });
  });

  it('are not waited for forever, even if some come now and then', async () => {
    async function* slow(): AsyncGenerator<FromNve> {
      for (;;) {
        yield held({ a: '1' }, false);
        await delay(clock, 10_000, new AbortController().signal);
      }
    }
    const over = assert.rejects(receiveHeldItems(slow(), clock), {
      code: 'DEADLINE_EXCEEDED',
      message: 'no held items within 60 s',
    });
    await settle();
    await clock.advance(60_000);
    await over;
  });

  it('are bounded', async () => {
    function* flood(): Generator<FromNve> {
      for (let i = 0; ; i += 1000) {
        const entries = Array.from({ length: 1000 }, (_, n) => ({ key: `${i + n}`, version: '1' }));
        yield { kind: 'held_items', entries, last: false };
      }
    }
    async function* endless(): AsyncGenerator<FromNve> {
      for (const message of flood()) yield await Promise.resolve(message);
    }
    await assert.rejects(receiveHeldItems(endless(), clock), {
      code: 'PROTOCOL_VIOLATION',
      message: 'too many held items',
    });
  }).timeout(60_000);
});
