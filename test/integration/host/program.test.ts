import assert from 'node:assert/strict';
import { NfvError } from '../../../src/errors.js';
import { SystemPrograms } from '../../../src/host/program.js';
import { systemClock } from '../../../src/model/clock.js';
import { eventually } from '../../support/eventually.js';

const programs = new SystemPrograms('/usr/sbin:/usr/bin:/sbin:/bin', systemClock);
const signal = new AbortController().signal;
const options = { deadlineMs: 5000, signal };

async function failure(run: Promise<unknown>): Promise<NfvError> {
  try {
    await run;
  } catch (error) {
    if (error instanceof NfvError) return error;
    throw error;
  }
  return assert.fail('it did not fail');
}

describe('SystemPrograms', () => {
  it('gives input, output, exit code and a fixed environment', async () => {
    const ran = await programs.run('sh', ['-c', 'cat; echo "$LC_ALL" >&2; exit 3'], {
      ...options,
      input: 'a b',
    });
    assert.deepEqual(ran, { code: 3, stdout: 'a b', stderr: 'C\n' });
  });

  it('hands arguments on as they are', async () => {
    const ran = await programs.run('printf', ['%s|', 'a b', '$(id)', "'", ''], options);
    assert.equal(ran.stdout, "a b|$(id)|'||");
  });

  it('names the package of a program that is not there', async () => {
    const nowhere = new SystemPrograms('/nonexistent', systemClock);
    const error = await failure(nowhere.run('modprobe', [], options));
    assert.equal(error.code, 'COMMAND_MISSING');
    assert.equal(error.remedy, 'install the package: apt-get install kmod');
  });

  it('gives up at the deadline, tells where it waits, and knows when it is gone', async () => {
    const error = await failure(programs.run('sleep', ['100'], { ...options, deadlineMs: 50 }));
    assert.equal(error.code, 'COMMAND_TIMEOUT');
    assert.match(error.message, /^sleep 100: no end after 50 ms; process \d+ waits/);
    await eventually(() => programs.stuck().length === 0);
    assert.throws(() => process.kill(Number(error.metadata['pid']), 0), { code: 'ESRCH' });
  });

  it('ends a program whose caller gives up', async () => {
    const controller = new AbortController();
    const run = failure(programs.run('sleep', ['100'], { ...options, signal: controller.signal }));
    controller.abort();
    assert.equal((await run).code, 'CANCELLED');
    assert.equal(
      (await failure(programs.run('true', [], { ...options, signal: controller.signal }))).code,
      'CANCELLED',
    );
  });

  it('does not let a program fill the memory', async () => {
    const error = await failure(programs.run('yes', [], options));
    assert.match(error.message, /yes says more than 16777216 bytes/);
  });

  it('survives a program that does not read its input', async () => {
    const ran = await programs.run('true', [], { ...options, input: 'x'.repeat(1 << 20) });
    assert.equal(ran.code, 0);
  });
});
