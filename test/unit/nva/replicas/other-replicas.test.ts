import assert from 'node:assert/strict';
import type { Call } from '../../../../src/model/api.js';
import { NfvError, type ErrorCode } from '../../../../src/errors.js';
import {
  MAX_ASKED,
  OtherReplicas,
  type Asking,
} from '../../../../src/nva/replicas/other-replicas.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { MemoryLog } from '../../../support/null-log.js';
import { MUTE_REPLICA } from '../../../support/nva-events.js';
import { refusal, refusedWith } from '../../../support/refusals.js';

const ADDRESS = '192.0.2.2:4433';
const peers = { addresses: () => new Map([['b', ADDRESS]]), onChange: () => () => undefined };
const READ: Asking = { question: 'readShare', withinMs: 1000 };
const patient: Call = { signal: new AbortController().signal };

/** Answers when it is cancelled, as a call over the wire does. */
function never(call: Call): Promise<never> {
  return new Promise((_, reject) => {
    const cancel = (): void => {
      reject(new NfvError('CANCELLED', 'cancelled'));
    };
    if (call.signal.aborted) cancel();
    else call.signal.addEventListener('abort', cancel, { once: true });
  });
}

describe('nva/other-replicas', () => {
  let clock: FakeClock;
  let asked: string[];
  let log: MemoryLog;
  let others: OtherReplicas;

  beforeEach(() => {
    clock = new FakeClock();
    asked = [];
    log = new MemoryLog();
    others = new OtherReplicas({
      ...{ clock, log, stop: new AbortController().signal },
      peers,
      access: {
        at(address) {
          asked.push(address);
          return MUTE_REPLICA;
        },
      },
    });
  });

  it('asks where the replica says that it is, and leaves nothing behind', async () => {
    assert.equal(await others.ask('b', READ, patient, () => Promise.resolve(7)), 7);
    assert.deepEqual(asked, [ADDRESS]);
    assert.equal(clock.pending, 0);
  });

  it('says once that one does not answer, or why otherwise, and that it does again', async () => {
    const failing = (code: ErrorCode): Promise<void> =>
      others
        .ask('b', READ, patient, () => Promise.reject(new NfvError(code, 'no')))
        .catch(() => undefined);
    for (const code of [
      'NVA_UNREACHABLE',
      'NVA_UNREACHABLE',
      'INTERNAL',
      'NVA_UNREACHABLE',
    ] as const) {
      await failing(code);
    }
    for (let n = 0; n < 2; n++) await others.ask('b', READ, patient, () => Promise.resolve(7));
    assert.deepEqual(
      log.lines.map(({ level, message }) => [level, message]),
      [
        ['warn', 'another replica does not answer'],
        ['warn', 'another replica does not answer'],
        ['info', 'another replica answers again'],
      ],
    );
  });

  it('says it of each kind of question: an older replica does not know all of them', async () => {
    const refused = new NfvError('PROTOCOL_VERSION', 'no such method');
    const listen = async (): Promise<void> => {
      const unknown = others.listen(ADDRESS, patient, () => {
        throw refused;
      });
      for await (const each of unknown) assert.fail(String(each));
    };
    const lines = (): unknown[] =>
      log.lines.map(({ level, fields }) => [level, 'question' in fields && fields.question]);
    for (let n = 0; n < 3; n++) {
      assert.equal(await refusal(listen()), refused);
      await others.ask('b', READ, patient, () => Promise.resolve(7));
    }
    assert.deepEqual(lines(), [['warn', 'ownEvents']]);
    await refusal(others.ask('b', READ, patient, () => Promise.reject(refused)));
    await others.ask('b', READ, patient, () => Promise.resolve(7));
    assert.deepEqual(lines().slice(1), [
      ['warn', 'readShare'],
      ['info', 'readShare'],
    ]);
  });

  it('one that does not say where it is, is not asked', async () => {
    const error = await refusedWith(
      'NVA_UNREACHABLE',
      others.ask('c', READ, patient, () => Promise.resolve()),
    );
    assert.equal(error.remedy, 'configure peer.advertise there');
  });

  it('nobody is asked without a way to ask', async () => {
    const alone = new OtherReplicas({
      ...{ clock, log, peers, access: undefined },
      stop: new AbortController().signal,
    });
    assert.equal(alone.known().size, 0);
    assert.deepEqual([...others.known()], [['b', ADDRESS]]);
    await refusedWith(
      'NVA_UNREACHABLE',
      alone.ask('b', READ, patient, () => Promise.resolve()),
    );
  });

  const WAITS = [
    { title: 'no longer than it may', deadline: undefined, ms: 1000 },
    { title: 'four fifths of what the caller still waits', deadline: 500, ms: 400 },
    { title: 'not at all for a caller that is late', deadline: -1, ms: 0 },
    { title: 'no longer for a patient caller', deadline: 60_000, ms: 1000 },
  ];
  for (const { title, deadline, ms } of WAITS) {
    it(`waits for an answer ${title}`, async () => {
      const call: Call =
        deadline === undefined ? patient : { ...patient, deadline: clock.now() + deadline };
      const told: (number | undefined)[] = [];
      const answer = refusal(
        others.ask('b', READ, call, (_, limited) => {
          told.push(limited.deadline);
          return never(limited);
        }),
      );
      assert.deepEqual(told, [clock.now() + ms]);
      assert.equal(clock.nextIn, ms);
      await clock.advance(ms);
      const { code, message } = await answer;
      assert.deepEqual(
        [code, message],
        ['DEADLINE_EXCEEDED', `${ADDRESS}: no answer within ${ms} ms`],
      );
    });
  }

  it('asks no longer than its caller is there', async () => {
    const gone = new AbortController();
    const answer = refusal(
      others.ask('b', READ, { signal: gone.signal }, (_, call) => never(call)),
    );
    gone.abort();
    assert.equal((await answer).code, 'CANCELLED');
    assert.equal(clock.pending, 0);
  });

  it('hands on what the replica refuses', async () => {
    const refused = new NfvError('ACCESS_DENIED', 'no replica');
    assert.equal(
      await refusal(others.ask('b', READ, patient, () => Promise.reject(refused))),
      refused,
    );
  });

  it(`asks one at most ${MAX_ASKED} questions at once`, async () => {
    const waiting = Array.from({ length: MAX_ASKED }, () =>
      refusal(others.ask('b', READ, patient, (_, call) => never(call))),
    );
    await refusedWith(
      'TOO_MANY_REQUESTS',
      others.ask('b', READ, patient, () => Promise.resolve(1)),
    );
    await clock.advance(1000);
    await Promise.all(waiting);
    assert.equal(await others.ask('b', READ, patient, () => Promise.resolve(1)), 1);
  });
});
