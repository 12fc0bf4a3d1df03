/** Commands for guests, by processes that stand in for iproute2. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Guests } from '../../../../../src/dataplane/linux/ports/guests.js';
import { hasErrno } from '../../../../../src/host/iproute2/answers.js';
import { NfvError } from '../../../../../src/errors.js';
import { systemClock } from '../../../../../src/model/clock.js';
import { eventually } from '../../../../support/eventually.js';
import { FakeIproute2 } from '../../../../support/fake-iproute2.js';

/** MAX_AT_ONCE of guests.ts. */
const AT_ONCE = 4;
const NEVER = new AbortController().signal;

describe('Guests', () => {
  let fake: FakeIproute2;
  let guests: Guests;

  const open = (scratch = fake.folder): Guests =>
    new Guests({ timers: systemClock, stallMs: 5000, searchPath: fake.searchPath, scratch });

  beforeEach(async () => {
    fake = await FakeIproute2.create('ip');
    guests = open();
  });

  afterEach(async () => {
    await guests.close();
    await fake.remove();
  });

  /** What was said inside namespaces. */
  const saidInside = async (): Promise<string[]> =>
    (await fake.said()).filter((line) => /^\w+: /.test(line));

  it('carry out commands in order, and answer the query', async () => {
    const answer = await guests.run(
      'blue',
      [
        ['ok', '1'],
        ['ok', '2'],
      ],
      ['json', 'a'],
      NEVER,
    );
    assert.deepEqual(answer, ['a']);
    assert.deepEqual(await saidInside(), ['blue: ok 1', 'blue: ok 2', 'blue: json a']);
  });

  it('stop at the first command that fails, and say which it was, as it could be typed', async () => {
    const work = guests.run('blue', [['ok'], ['fail', 'x'], ['ok']], ['json', 'a'], NEVER);
    await assert.rejects(work, {
      code: 'KERNEL_REFUSED',
      message: 'ip -n blue fail x: RTNETLINK answers: File exists',
      metadata: { command: 'ip -n blue fail x', errno: 'EEXIST', line: '2' },
    });
    assert.deepEqual(
      await saidInside(),
      ['blue: ok ', 'blue: fail x'].map((line) => line.trim()),
    );
    assert.deepEqual(await guests.run('blue', [], ['json', 'b'], NEVER), ['b']);
  });

  it('read nothing of what was there before', async () => {
    const long = Array.from({ length: 20 }, (_, i) => ['ok', String(i)]);
    await guests.run('blue', long, ['json', 'a'], NEVER);
    const before = (await saidInside()).length;
    assert.deepEqual(await guests.run('red', [['ok', 'b']], ['json', 'b'], NEVER), ['b']);
    const said = (await saidInside()).slice(before).filter((line) => line !== 'red:');
    assert.deepEqual(said, ['red: ok b', 'red: json b']);
  });

  it('need few processes, however many guests come at once', async () => {
    const work = Array.from({ length: 30 }, (_, i) =>
      guests.run(`ns${i}`, [['ok']], ['json', String(i)], NEVER),
    );
    const answers = await Promise.all(work);
    assert.deepEqual(
      answers.flat(),
      Array.from({ length: 30 }, (_, i) => String(i)),
    );
    assert.equal((await fake.started()).length, AT_ONCE);
    await guests.run('blue', [], ['json', 'a'], NEVER);
    assert.equal((await fake.started()).length, AT_ONCE);
  });

  it('say that a namespace is not there, and trust that process no longer', async () => {
    const work = guests.run('nowhere', [['ok']], ['json', 'a'], NEVER);
    await assert.rejects(work, (error) => hasErrno(error, 'ENOENT'));
    const [first = 0] = await fake.started();
    await eventually(() => isGone(first));
    assert.deepEqual(await guests.run('blue', [], ['json', 'a'], NEVER), ['a']);
    assert.equal((await fake.started()).length, 2);
  });

  it('let go of who waits when the operation is given up', async () => {
    const controller = new AbortController();
    const work = Array.from({ length: 3 * AT_ONCE }, () =>
      guests.run('blue', [['hang']], ['json', 'a'], controller.signal),
    );
    await eventually(async () => (await saidInside()).length === AT_ONCE);
    controller.abort();
    const ends = await Promise.allSettled(work);
    assert.ok(ends.every(({ status }) => status === 'rejected'));
    assert.equal((await saidInside()).length, AT_ONCE, 'none was begun for nothing');
    assert.deepEqual(await guests.run('blue', [], ['json', 'b'], NEVER), ['b']);
  });

  it('refuse words that cannot be told, before anything is done', async () => {
    const work = guests.run('blue', [['ok', 'a b']], ['json', 'a'], NEVER);
    await assert.rejects(work, { code: 'ITEM_INVALID' });
    assert.deepEqual(await fake.started(), []);
  });

  it('say where no file can be written, and try again', async () => {
    const nowhere = open(join(fake.folder, 'nowhere'));
    for (let i = 0; i < 2; i++) {
      const work = nowhere.run('blue', [], ['json', 'a'], NEVER);
      await assert.rejects(work, {
        code: 'KERNEL_REFUSED',
        message: /cannot write to .*nowhere/,
      });
    }
    await nowhere.close();
  });

  it('leave neither process nor folder when they are closed', async () => {
    await guests.run('blue', [], ['json', 'a'], NEVER);
    await guests.close();
    assert.ok(!(await readdir(fake.folder)).some((name) => name.startsWith('nfvd-')));
    for (const pid of await fake.started()) await eventually(() => isGone(pid));
    const work = guests.run('blue', [], ['json', 'a'], NEVER);
    await assert.rejects(work, { code: 'SHUTTING_DOWN' });
  });

  it('let go of all who wait when they are closed', async () => {
    const work = Array.from({ length: 3 * AT_ONCE }, () =>
      guests.run('blue', [['hang']], ['json', 'a'], NEVER),
    );
    const ends = Promise.allSettled(work);
    await eventually(async () => (await saidInside()).length === AT_ONCE);
    await guests.close();
    for (const end of await ends) {
      assert.ok(end.status === 'rejected' && NfvError.from(end.reason).code === 'SHUTTING_DOWN');
    }
  });
});

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
