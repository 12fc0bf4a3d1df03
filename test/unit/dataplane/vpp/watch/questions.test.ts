import assert from 'node:assert/strict';
import type { OpenOutlets } from '../../../../../src/dataplane/vpp/watch/outlets.js';
import { Questions } from '../../../../../src/dataplane/vpp/watch/questions.js';
import { NfvError, type ErrorCode } from '../../../../../src/errors.js';
import { FakeClock, settle } from '../../../../support/fake-clock.js';
import { MemoryLog } from '../../../../support/null-log.js';

const IPS = ['10.0.0.1', '10.0.0.100'];

describe('questions to guests', () => {
  let clock: FakeClock;
  let log: MemoryLog;
  let sent: string[];
  /** Why a port is not asked, by its index. */
  let failures: Map<number, ErrorCode>;
  let whileReading: () => void;
  let ports: number;
  let questions: Questions;

  beforeEach(() => {
    [clock, log, sent, ports] = [new FakeClock(), new MemoryLog(), [], 3];
    failures = new Map();
    whileReading = () => undefined;
    questions = new Questions({
      ...{ clock, log },
      outlets: () => {
        whileReading();
        return Promise.resolve(outlets());
      },
      addresses: () => IPS,
      door: {
        ask: ({ index }, ip) => {
          const code = failures.get(index);
          if (code !== undefined) return Promise.reject(new NfvError(code, 'no'));
          sent.push(`${index} ${ip}`);
          return Promise.resolve();
        },
      },
    });
  });
  afterEach(async () => {
    questions.stop();
    await questions.over;
    assert.equal(clock.pending, 0);
  });

  const outlets = (): OpenOutlets =>
    new Map(
      Array.from({ length: ports }, (_, index) => [
        `p${index}`,
        { index, tags: [], isThere: () => true },
      ]),
    );
  const all = (...indices: number[]): string[] =>
    indices.flatMap((index) => IPS.map((ip) => `${index} ${ip}`));

  it('go to a port once, however often they were asked for', async () => {
    questions.ask(['p0', 'p1', 'gone']);
    questions.ask(['p1', 'p2']);
    await questions.over;
    assert.deepEqual(sent, all(0, 1, 2));
  });

  it('that come up while others are put are put next', async () => {
    whileReading = () => {
      whileReading = () => undefined;
      questions.ask(['p2']);
    };
    questions.ask(['p0']);
    await settle();
    assert.deepEqual(sent, all(0, 2));
  });

  it('are put to the others where one cannot be asked, which is told once', async () => {
    failures.set(0, 'KERNEL_REFUSED');
    for (let i = 0; i < 2; i++) {
      questions.ask(['p0', 'p1']);
      await questions.over;
    }
    assert.deepEqual(sent, all(1, 1));
    assert.equal(log.lines.length, 1);
    failures.clear();
    questions.ask(['p0']);
    await questions.over;
    failures.set(0, 'KERNEL_REFUSED');
    questions.ask(['p0']);
    await questions.over;
    assert.equal(log.lines.length, 2);
  });

  it('that a busy VPP does not take are put again, with those that came up meanwhile', async () => {
    failures.set(1, 'DEADLINE_EXCEEDED');
    questions.ask(['p0', 'p1', 'p2']);
    await questions.over;
    questions.ask(['p0']);
    await settle();
    assert.deepEqual(sent, all(0));
    assert.equal(log.lines.length, 1);
    assert.deepEqual(log.lines[0]?.fields, { code: 'DEADLINE_EXCEEDED', error: 'no', left: 2 });
    failures.clear();
    await clock.advance(4999);
    assert.deepEqual(sent, all(0));
    await clock.advance(1);
    assert.deepEqual(sent.sort(), all(0, 0, 1, 2).sort());
  });

  it('are forgotten with the connection, without a word', async () => {
    failures.set(1, 'VPP_UNREACHABLE');
    questions.ask(['p0', 'p1', 'p2']);
    await questions.over;
    assert.deepEqual([sent, log.lines, clock.pending], [all(0), [], 0]);
    failures.set(1, 'DEADLINE_EXCEEDED');
    questions.ask(['p1']);
    await questions.over;
    questions.stop();
    failures.clear();
    await clock.advance(60_000);
    assert.deepEqual(sent, all(0));
  });

  it('are a thousand in a second at most', async () => {
    ports = 1000;
    questions.ask(outlets().keys());
    await settle();
    await clock.advance(1000);
    assert.ok(sent.length > 900 && sent.length <= 1050, `${sent.length}`);
    await clock.advance(1000);
    assert.equal(sent.length, 2000);
  });
});
