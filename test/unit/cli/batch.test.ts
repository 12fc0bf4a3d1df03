import assert from 'node:assert/strict';
import { Batch } from '../../../src/cli/batch.js';
import { NfvError } from '../../../src/errors.js';

const away = (): never => {
  throw new NfvError('NVA_UNREACHABLE', 'away');
};

async function told(
  batch: Batch,
  items: readonly number[],
  work: (item: number) => unknown,
): Promise<string[]> {
  const lines: string[] = [];
  const run = batch.run(items, (item) => Promise.resolve().then(() => work(item)));
  for await (const outcome of run) {
    const what = 'error' in outcome ? outcome.error.code : String(outcome.result);
    lines.push(`${outcome.item} ${what}`);
  }
  return lines;
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('Batch', () => {
  const { signal } = new AbortController();

  it('goes on after an error, and tells all in order', async () => {
    const batch = new Batch(signal);
    const lines = await told(batch, [0, 1, 2], (n) => {
      if (n === 1) throw new NfvError('VNI_IN_USE', 'taken');
      return 'done';
    });
    assert.deepEqual(lines, ['0 done', '1 VNI_IN_USE', '2 done']);
    assert.deepEqual([batch.failed, batch.exitCode], [1, 4]);
  });

  it('makes an error of whatever is thrown', async () => {
    const batch = new Batch(signal);
    const lines = await told(batch, [0], () => {
      throw new TypeError('ours');
    });
    assert.deepEqual([lines, batch.exitCode], [['0 INTERNAL'], 8]);
  });

  it('tries no more once the NVA is lost, also not what comes next', async () => {
    const batch = new Batch(signal);
    let tried = 0;
    const lines = await told(batch, numbers(100), (n) => {
      tried++;
      return n < 3 ? 'done' : away();
    });
    assert.deepEqual(lines, ['0 done', '1 done', '2 done', '3 NVA_UNREACHABLE']);
    assert.equal(tried, 35);
    assert.deepEqual(await told(batch, numbers(5), () => tried++), []);
    assert.deepEqual([tried, batch.failed, batch.exitCode], [35, 102, 5]);
  });

  it('tells what was done nevertheless', async () => {
    const batch = new Batch(signal);
    const lines = await told(batch, [0, 1, 2], (n) => (n === 0 ? away() : 'done'));
    assert.deepEqual(lines, ['0 NVA_UNREACHABLE', '1 done', '2 done']);
    assert.equal(batch.failed, 1);
  });

  it('ends with its signal', async () => {
    const controller = new AbortController();
    const batch = new Batch(controller.signal);
    controller.abort(new Error('enough'));
    await assert.rejects(
      told(batch, [0], () => 'done'),
      /enough/,
    );
  });
});
