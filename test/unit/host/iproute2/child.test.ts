/** One batch process, whose clock stands still unless a test moves it. */
import assert from 'node:assert/strict';
import { BatchChild, describeEnd, type End } from '../../../../src/host/iproute2/child.js';
import type { Ask, Outcome, Unfinished } from '../../../../src/host/iproute2/ledger.js';
import { eventually } from '../../../support/eventually.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { FakeIproute2 } from '../../../support/fake-iproute2.js';

const STALL_MS = 1000;

const ask = (line: string, answers: Ask['answers'] = 'nothing', devices: string[] = []): Ask => ({
  line: `${line}\n`,
  answers,
  devices,
});

describe('BatchChild', () => {
  let fake: FakeIproute2;
  let clock: FakeClock;
  let finished: (readonly [line: string, Outcome])[];
  let ends: { readonly unfinished: Unfinished<Ask>; readonly end: End }[];
  let child: BatchChild<Ask>;

  const start = (searchPath: string): BatchChild<Ask> =>
    new BatchChild<Ask>({ name: 'ip', args: [], searchPath }, clock, STALL_MS, {
      finish: (of, outcome) => finished.push([of.line.trim(), outcome]),
      ended: (unfinished, end) => ends.push({ unfinished, end }),
    });

  beforeEach(async () => {
    fake = await FakeIproute2.create('ip');
    clock = new FakeClock();
    finished = [];
    ends = [];
    child = start(fake.searchPath);
  });

  afterEach(async () => {
    child.kill('aborted');
    await fake.remove();
  });

  const ended = (): Promise<End> =>
    eventually(() => {
      const [first, second] = ends;
      assert.ok(first !== undefined);
      assert.equal(second, undefined, 'told once');
      return first.end;
    });

  const finishedAll = (count: number): Promise<boolean> =>
    eventually(() => finished.length === count);

  it('finishes what it is asked, in order, and waits for no clock when it owes nothing', async () => {
    child.send([ask('ok'), ask('json a', 'json'), ask('fail')]);
    assert.equal(child.unfinished, 3);
    await finishedAll(3);
    assert.deepEqual(finished, [
      ['ok', { ok: true, output: '' }],
      ['json a', { ok: true, output: '["a"]' }],
      ['fail', { ok: false, text: 'RTNETLINK answers: File exists\n' }],
    ]);
    assert.equal(clock.pending, 0);
    await clock.advance(10 * STALL_MS);
    assert.deepEqual(ends, []);
  });

  it('has not been used before it was given something, and remembers the devices of that', () => {
    assert.equal(child.used, false);
    child.send([ask('ok dev a', 'nothing', ['a']), ask('ok')]);
    assert.equal(child.used, true);
    assert.equal(child.remembers('a'), true);
    assert.equal(child.remembers('b'), false);
  });

  it('remembers whatever there is once it has read all, but for what it changed, did not find or was made', async () => {
    const learns = (how: 'once' | 'each'): Ask => ({ ...ask('ok'), learnsAll: how });
    child.send([ask('ok dev a', 'nothing', ['a'])]);
    child.send([learns('once')]);
    child.send([{ ...ask('ok dev b', 'nothing', ['b']), drops: 'b' }]);
    child.send([ask('unknown dev c', 'nothing', ['c'])]);
    await finishedAll(4);
    assert.deepEqual([child.made('a'), child.made('d')], [true, false]);
    const known = (): readonly boolean[] =>
      ['a', 'b', 'c', 'd', 'e'].map((name) => child.remembers(name));
    assert.deepEqual(known(), [true, false, false, false, true]);
    child.send([ask('ok dev c', 'nothing', ['c']), learns('once')]);
    assert.deepEqual(known(), [true, false, true, false, true]);
    child.send([learns('each')]);
    assert.deepEqual(known(), [true, true, true, true, true]);
  });

  it('puts the halves of a line together', async () => {
    child.send([ask('half-slow', 'json')]);
    await finishedAll(1);
    assert.deepEqual(finished[0]?.[1], { ok: true, output: '["half"]' });
  });

  it('is over when it dies in the middle of a line; half an answer is none', async () => {
    child.send([ask('half-dead', 'json'), ask('ok')]);
    child.send([ask('ok 2')]);
    assert.deepEqual(await ended(), { kind: 'exit', code: 1, signal: null });
    assert.deepEqual(finished, []);
    const [{ unfinished } = assert.fail()] = ends;
    assert.deepEqual(
      unfinished.started.map(({ line }) => line),
      ['half-dead\n', 'ok\n'],
    );
    assert.deepEqual(
      unfinished.waiting.map((asks) => asks.map(({ line }) => line)),
      [['ok 2\n']],
    );
    assert.equal(clock.pending, 0);
  });

  it('is killed when it owes the other half of a line for too long', async () => {
    child.send([ask('half-hung', 'json')]);
    await eventually(async () => (await fake.said()).includes('half-hung'));
    // What it says sets its clock back, so it may take more than one round.
    await eventually(async () => {
      await clock.advance(STALL_MS);
      return ends.length === 1;
    });
    assert.deepEqual(await ended(), { kind: 'stalled' });
    assert.deepEqual(finished, []);
  });

  it('is killed when it says nothing for so long, not a moment before', async () => {
    child.send([ask('quiet')]);
    await eventually(async () => (await fake.said()).includes('quiet'));
    await clock.advance(STALL_MS - 1);
    assert.deepEqual(ends, []);
    await clock.advance(1);
    assert.deepEqual(await ended(), { kind: 'stalled' });
    const [pid = 0] = await fake.started();
    await eventually(() => isGone(pid));
  });

  it('takes a flood of warnings for what it is, and keeps little of it', async () => {
    const before = process.memoryUsage().heapUsed;
    child.send([ask('flood'), ask('fail'), ask('json a', 'json')]);
    await finishedAll(3);
    const [, refused, answered] = finished;
    assert.ok(refused?.[1].ok === false);
    assert.ok(refused[1].text.length < 10_000, `${refused[1].text.length} characters`);
    assert.deepEqual(answered?.[1], { ok: true, output: '["a"]' });
    assert.ok(process.memoryUsage().heapUsed - before < 100 * 1024 * 1024);
  });

  for (const [verb, text] of [
    ['lie', /Command failed -:99999.*not a line it was given/],
    ['surplus', /more output than asked for/],
  ] as const) {
    it(`is not trusted on when it goes mad: ${verb}`, async () => {
      child.send([ask(verb)]);
      const end = await ended();
      assert.ok(end.kind === 'garbled');
      assert.match(end.text, text);
    });
  }

  it('finishes what it has when it is to finish up, and ends', async () => {
    child.send([ask('json a', 'json')]);
    child.finishUp();
    child.finishUp();
    assert.deepEqual(await ended(), { kind: 'exit', code: 0, signal: null });
    assert.deepEqual(finished, [['json a', { ok: true, output: '["a"]' }]]);
    assert.equal(clock.pending, 0);
  });

  it('is killed when it does not end although it should', async () => {
    child.send([ask('quiet')]);
    await eventually(async () => (await fake.said()).includes('quiet'));
    child.finishUp();
    await clock.advance(STALL_MS);
    assert.deepEqual(await ended(), { kind: 'stalled' });
  });

  it('ends once, whatever comes after', async () => {
    child.send([ask('quiet')]);
    child.kill('aborted');
    child.kill('stalled');
    child.finishUp();
    assert.deepEqual(await ended(), { kind: 'aborted' });
    await clock.advance(STALL_MS);
    assert.equal(ends.length, 1);
  });

  it('says so when there is no such program', async () => {
    const none = start('/nowhere');
    none.send([ask('ok')]);
    assert.deepEqual(await ended(), { kind: 'unstartable', text: 'ENOENT' });
    assert.equal(none.pid, undefined);
    assert.equal(ends[0]?.unfinished.started.length, 1);
    assert.equal(clock.pending, 0);
  });
});

describe('the end of a batch process', () => {
  const ends: readonly (readonly [End, string])[] = [
    [{ kind: 'exit', code: 255, signal: null }, 'exit code 255'],
    [{ kind: 'exit', code: null, signal: 'SIGKILL' }, 'killed by SIGKILL'],
    [{ kind: 'exit', code: null, signal: null }, 'exit code unknown'],
    [{ kind: 'unstartable', text: 'EACCES' }, 'EACCES'],
    [{ kind: 'garbled', text: 'more output than asked for' }, 'more output than asked for'],
    [{ kind: 'stalled' }, 'stalled'],
    [{ kind: 'aborted' }, 'aborted'],
  ];
  for (const [end, text] of ends) {
    it(`is told as "${text}"`, () => {
      assert.equal(describeEnd(end), text);
    });
  }
});

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
