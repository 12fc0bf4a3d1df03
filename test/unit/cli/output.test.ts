import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { Output } from '../../../src/cli/output.js';
import { Kept } from '../../support/cli.js';

describe('Output', () => {
  it('writes, and says when', async () => {
    const kept = new Kept();
    const output = new Output(kept);
    await output.write('a');
    await output.write('');
    await output.write('b');
    assert.equal(kept.text, 'ab');
    assert.equal(output.isTTY, false);
    assert.equal(new Output(new Kept(true)).isTTY, true);
  });

  it('is quiet when its reader has gone', async () => {
    const closed = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      },
    });
    const output = new Output(closed);
    assert.equal(output.gone.aborted, false);
    await output.write('a');
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(output.gone.aborted, true);
    assert.equal(output.failure, undefined);
    await output.write('b');
  });

  it('knows at once why nothing can be written', async () => {
    const failure = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    const full = new Writable({
      write(_chunk, _encoding, done) {
        done(failure);
      },
    });
    const output = new Output(full);
    await output.write('a');
    assert.deepEqual([output.failure, output.gone.aborted], [failure, true]);
  });

  it('waits for a slow reader', async () => {
    const waiting: (() => void)[] = [];
    const slow = new Writable({
      write(_chunk, _encoding, done) {
        waiting.push(done);
      },
    });
    let written = false;
    const write = new Output(slow).write('a').then(() => (written = true));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(written, false);
    for (const done of waiting) done();
    await write;
  });

  it('waits for nobody once it is interrupted', async () => {
    const stopped = new Writable({ write: () => undefined });
    const interrupt = new AbortController();
    const output = new Output(stopped, interrupt.signal);
    const writes = [output.write('a'), output.write('b')];
    interrupt.abort();
    await Promise.all([...writes, output.write('c')]);
    assert.equal(output.gone.aborted, false);
  });
});
