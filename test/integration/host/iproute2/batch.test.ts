/** Batch processes that work, die, hang and lie. */
import assert from 'node:assert/strict';
import { Batch } from '../../../../src/host/iproute2/batch.js';
import { systemClock } from '../../../../src/model/clock.js';
import { eventually } from '../../../support/eventually.js';
import { FakeIproute2 } from '../../../support/fake-iproute2.js';

const SIGNAL = new AbortController().signal;

describe('Batch', function () {
  this.timeout(20_000);
  let fake: FakeIproute2;
  const open: Batch[] = [];

  beforeEach(async () => {
    fake = await FakeIproute2.create('ip');
  });

  afterEach(async () => {
    for (const batch of open.splice(0)) batch.close();
    await fake.remove();
  });

  const batchOf = (stallMs = 5000, searchPath = fake.searchPath): Batch => {
    const batch = new Batch({ name: 'ip', args: [], searchPath }, { timers: systemClock, stallMs });
    open.push(batch);
    return batch;
  };

  const run = (batch: Batch, ...words: string[]): Promise<void> => batch.run(words, SIGNAL);

  /** How each of these ends: "ok", or the error's code. */
  const ends = async (...work: Promise<unknown>[]): Promise<string[]> => {
    const settled = await Promise.allSettled(work);
    return settled.map((end) => {
      if (end.status === 'fulfilled') return 'ok';
      const reason: unknown = end.reason;
      return reason instanceof Error && 'code' in reason ? String(reason.code) : String(reason);
    });
  };

  const isGone = (pid: number): boolean => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  };

  it('carries out commands in order, in one process', async () => {
    const batch = batchOf();
    const [, answer, text] = await Promise.all([
      run(batch, 'ok', '1'),
      batch.query(['json', 'a'], SIGNAL),
      batch.queryText(['text', 'some', 'words'], SIGNAL),
      run(batch, 'ok', '2'),
    ]);
    assert.deepEqual(answer, ['a']);
    assert.equal(text, 'some words');
    await run(batch, 'ok', '3');
    const said = await fake.said();
    assert.deepEqual(
      said.filter((line) => !line.startsWith('link')),
      ['ok 1', 'json a', 'text some words', 'ok 2', 'ok 3'],
    );
    assert.equal((await fake.started()).length, 1);
  });

  it('tells each failure to whom it concerns, with the words of the kernel', async () => {
    const batch = batchOf();
    const failed = run(batch, 'fail');
    assert.deepEqual(await ends(run(batch, 'ok'), failed, run(batch, 'noise'), run(batch, 'ok')), [
      'ok',
      'KERNEL_REFUSED',
      'ok',
      'ok',
    ]);
    await assert.rejects(failed, {
      message: 'ip fail: RTNETLINK answers: File exists',
      metadata: { command: 'ip fail', errno: 'EEXIST' },
    });
  });

  it('takes thousands', async () => {
    const batch = batchOf();
    const work = Array.from({ length: 5000 }, (_, i) =>
      i % 1000 === 500 ? run(batch, 'fail') : batch.query(['json', String(i)], SIGNAL),
    );
    const settled = await Promise.allSettled(work);
    for (const [i, end] of settled.entries()) {
      if (i % 1000 === 500) assert.equal(end.status, 'rejected');
      else assert.deepEqual(end, { status: 'fulfilled', value: [String(i)] });
    }
    assert.equal((await fake.started()).length, 1);
  });

  it('finds out which command a process died of, and does the others again', async () => {
    const batch = batchOf();
    const before = Array.from({ length: 10 }, (_, i) => run(batch, 'ok', `a${i}`));
    const died = assert.rejects(run(batch, 'die'), {
      metadata: { command: 'ip die', errno: 'ENOENT' },
    });
    const after = Array.from({ length: 100 }, (_, i) => batch.query(['json', `b${i}`], SIGNAL));
    assert.deepEqual(new Set(await ends(...before, ...after)), new Set(['ok']));
    await died;
    assert.deepEqual(await after[99], ['b99']);
  });

  it('does what comes after many deaths, one for each command that is refused like that', async () => {
    const batch = batchOf();
    const work = Array.from({ length: 30 }, (_, i) => run(batch, i % 2 === 0 ? 'die' : 'ok'));
    const found = await ends(...work);
    assert.deepEqual(
      found,
      work.map((_, i) => (i % 2 === 0 ? 'KERNEL_REFUSED' : 'ok')),
    );
  });

  it('gives a neighbour that is to be deleted a segment of its own', async () => {
    const batch = batchOf();
    await Promise.all([
      run(batch, 'ok', 'before'),
      run(batch, 'neigh', 'del', '192.0.2.1', 'dev', 'x'),
      run(batch, 'die').catch(() => undefined),
    ]);
    const said = await fake.said();
    // Never twice: the second time it would be missing.
    assert.equal(said.filter((line) => line.startsWith('neigh del')).length, 1);
  });

  it('tries again when somebody else killed the process, but not for ever', async () => {
    const batch = batchOf();
    assert.deepEqual(await ends(run(batch, 'killed-once'), run(batch, 'ok')), ['ok', 'ok']);
    const killed = run(batch, 'killed');
    await assert.rejects(killed, { code: 'KERNEL_REFUSED', message: /killed by SIGKILL/ });
  });

  it('gives up a program that keeps dying', async () => {
    await fake.break();
    const batch = batchOf();
    const work = Array.from({ length: 500 }, () => run(batch, 'ok'));
    assert.deepEqual(new Set(await ends(...work)), new Set(['KERNEL_REFUSED']));
    const starts = await fake.started();
    assert.ok(starts.length < 20, `${starts.length} starts`);
  });

  it('ends a process that hangs, and goes on with another', async () => {
    const batch = batchOf(200);
    assert.deepEqual(await ends(run(batch, 'ok'), run(batch, 'hang')), [
      'COMMAND_TIMEOUT',
      'COMMAND_TIMEOUT',
    ]);
    await run(batch, 'ok');
    const [first = 0] = await fake.started();
    await eventually(() => isGone(first));
  });

  it('ends what is aborted, at once, and does again what is not', async () => {
    const batch = batchOf();
    const controller = new AbortController();
    const hung = batch.run(['hang'], controller.signal);
    const waiting = batch.run(['ok', 'never'], controller.signal);
    const other = batch.query(['json', 'other'], SIGNAL);
    await eventually(async () => (await fake.said()).includes('hang'));
    controller.abort();
    assert.deepEqual(await ends(hung, waiting), ['CANCELLED', 'CANCELLED']);
    assert.deepEqual(await other, ['other']);
    const [first = 0] = await fake.started();
    await eventually(() => isGone(first));
    assert.deepEqual(await ends(batch.run(['ok'], controller.signal)), ['CANCELLED']);
  });

  it('tells a deadline from a cancellation', async () => {
    const batch = batchOf();
    assert.deepEqual(await ends(batch.run(['hang'], AbortSignal.timeout(50))), [
      'DEADLINE_EXCEEDED',
    ]);
  });

  for (const verb of ['lie', 'crash']) {
    it(`trusts no process that goes mad (${verb}), and goes on with another`, async () => {
      const batch = batchOf();
      const [mad, ...others] = await ends(
        run(batch, verb),
        run(batch, 'ok'),
        batch.query(['json', 'x'], SIGNAL).then((answer) => {
          assert.deepEqual(answer, ['x']);
        }),
      );
      assert.equal(mad, 'KERNEL_REFUSED');
      assert.deepEqual(others, ['ok', 'ok']);
      assert.deepEqual(await batch.query(['json', 'y'], SIGNAL), ['y']);
    });
  }

  it('replaces a process that says more than it was asked', async () => {
    const batch = batchOf();
    await run(batch, 'surplus');
    await eventually(async () => {
      assert.deepEqual(await batch.query(['json', 'y'], SIGNAL), ['y']);
      return (await fake.started()).length === 2;
    });
  });

  it('bounds what a process says', async () => {
    const batch = batchOf();
    const endless = batch.query(['endless'], SIGNAL);
    await assert.rejects(endless, {
      code: 'KERNEL_REFUSED',
      message: /a line of over \d+ characters/,
    });
    await run(batch, 'ok');
    assert.ok(process.memoryUsage().rss < 1024 * 1024 * 1024);
  });

  it('says which package is missing', async () => {
    const batch = batchOf(5000, '/nowhere');
    const missing = run(batch, 'ok');
    await assert.rejects(missing, { code: 'COMMAND_MISSING', remedy: /apt-get install iproute2/ });
    assert.deepEqual(await ends(run(batch, 'ok'), run(batch, 'ok')), [
      'COMMAND_MISSING',
      'COMMAND_MISSING',
    ]);
  });

  it('refuses words that cannot be told, and nothing else', async () => {
    const batch = batchOf();
    assert.deepEqual(await ends(run(batch, 'ok', 'a\nok'), run(batch, 'ok', 'b')), [
      'ITEM_INVALID',
      'ok',
    ]);
    assert.deepEqual(await fake.said(), ['ok b']);
  });

  it('believes a process that looked for a device and found none', async () => {
    const batch = batchOf();
    await run(batch, 'ok');
    await assert.rejects(run(batch, 'unknown', 'dev', 'a'), /Cannot find device/);
    assert.equal((await fake.started()).length, 1);
    // Nor does it remember the name, which may be given to a device now.
    batch.forget(['a']);
    batch.gone(['a']);
    await run(batch, 'ok', 'dev', 'a');
    assert.equal((await fake.started()).length, 1);
  });

  it('is replaced when a name that it knew is spoken of again after its device was gone', async () => {
    const batch = batchOf();
    await run(batch, 'ok', 'dev', 'a');
    batch.gone(['a', 'b']);
    await Promise.all([run(batch, 'ok', 'dev', 'b'), run(batch, 'ok')]);
    assert.equal((await fake.started()).length, 1);
    await Promise.all([run(batch, 'ok', 'dev', 'c'), run(batch, 'ok', 'dev', 'a')]);
    await run(batch, 'ok', 'dev', 'a');
    assert.equal((await fake.started()).length, 2);
  });

  it('no longer remembers a device that it has changed or removed itself', async () => {
    const batch = batchOf();
    await run(batch, 'link', 'set', 'dev', 'a', 'master', 'br');
    await run(batch, 'link', 'del', 'dev', 'b');
    batch.forget(['a', 'b']);
    await run(batch, 'ok', 'dev', 'a');
    assert.equal((await fake.started()).length, 1);
    batch.forget(['br']);
    await run(batch, 'ok', 'dev', 'a');
    assert.equal((await fake.started()).length, 2);
  });

  it('is replaced when a device that it knows changed, and only then', async () => {
    const batch = batchOf();
    await run(batch, 'ok', 'dev', 'a');
    batch.forget(['b']);
    await run(batch, 'ok', 'dev', 'a');
    assert.equal((await fake.started()).length, 1);
    batch.forget(['b', 'a']);
    await run(batch, 'ok', 'dev', 'a');
    const [first = 0, second] = await fake.started();
    assert.ok(second !== undefined);
    await eventually(() => isGone(first));
  });

  it('lets a process that is replaced finish', async () => {
    const batch = batchOf();
    await run(batch, 'ok', 'dev', 'a');
    const work = Array.from({ length: 300 }, (_, i) => batch.query(['json', String(i)], SIGNAL));
    await new Promise((resolve) => setImmediate(resolve));
    batch.forget(['a']);
    assert.deepEqual(new Set(await ends(...work)), new Set(['ok']));
    assert.equal((await fake.said()).length, 301);
  });

  it('asks a new process when an old one may have had a stale index', async () => {
    const batch = batchOf();
    await run(batch, 'ok');
    await run(batch, 'stale', 'dev', 'a');
    assert.equal((await fake.started()).length, 2);
    // What is gone for both is gone.
    await assert.rejects(run(batch, 'gone', 'dev', 'a'), /No such device/);
    assert.equal((await fake.said()).filter((line) => line === 'gone dev a').length, 2);
  });

  it('does again in order what an old process refused', async () => {
    const batch = batchOf();
    await run(batch, 'ok');
    const work = Array.from({ length: 5 }, (_, i) => run(batch, 'stale', String(i), 'dev', 'a'));
    await Promise.allSettled([...work, run(batch, 'ok', 'last')]);
    const [, second = []] = await fake.saidByProcess();
    assert.deepEqual(
      second.filter((line) => line.startsWith('stale')),
      work.map((_, i) => `stale ${i} dev a`),
    );
  });

  it('ends with what was not done, and leaves no process', async () => {
    const batch = batchOf();
    const hung = run(batch, 'hang');
    await eventually(async () => (await fake.said()).includes('hang'));
    const waiting = run(batch, 'ok');
    batch.close();
    assert.deepEqual(await ends(hung, waiting, run(batch, 'ok')), [
      'SHUTTING_DOWN',
      'SHUTTING_DOWN',
      'SHUTTING_DOWN',
    ]);
    for (const pid of await fake.started()) await eventually(() => isGone(pid));
  });
});
