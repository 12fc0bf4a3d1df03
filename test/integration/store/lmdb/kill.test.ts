/** kill -9 at random instants, again and again on the same store. */
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { openLmdbStore } from '../../../../src/store/lmdb/store.js';
import { seeded, upTo } from '../../../support/seeded.js';
import { checkAcks } from '../../../support/store-acks.js';
import type { WriterLine } from '../../../support/store-writer.js';
import { parseLine, writerArguments } from '../../../support/store-writer-lines.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const LONG = process.env['NFVD_TEST_LONG'] === '1';
const ROUNDS = LONG ? 200 : 8;
const SEED = 20_260;

describe('the embedded store under kill -9', function () {
  this.timeout(LONG ? 600_000 : 60_000);

  it(`has every acknowledged transaction after ${ROUNDS} kills`, async () => {
    const directory = await temporaryDirectory();
    const { path } = directory;
    try {
      const random = seeded(SEED);
      let told: WriterLine[] = [];
      let epoch = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const order = { path, seed: SEED + round, callers: 1 + upTo(random, 8), compactEvery: 97 };
        // From the first line on, which is before the first transaction, to some 100 of them.
        told.push(...(await writeUntilKilled(order, 1 + upTo(random, 400))));
        const store = await openLmdbStore({ path });
        assert.ok(store.status().epoch > epoch, 'the epoch grew');
        ({ epoch } = store.status());
        await checkAcks(store, told);
        await store.close();
        told = told.slice(-1000);
      }
    } finally {
      await directory.remove();
    }
  });
});

/** Kills the writer when it has written so many lines; answers all that came out of it. */
async function writeUntilKilled(
  order: Parameters<typeof writerArguments>[0],
  lines: number,
): Promise<WriterLine[]> {
  const child: ChildProcessByStdio<null, Readable, Readable> = spawn(
    process.execPath,
    writerArguments(order),
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const closed = once(child, 'close');
  const told: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    told.push(line);
    if (told.length === lines) child.kill('SIGKILL');
  }
  await closed;
  assert.equal(child.signalCode, 'SIGKILL', errors);
  // The last line may have been cut off in the middle.
  const whole = told.filter((line, i) => i < told.length - 1 || line.endsWith('}'));
  return whole.map(parseLine);
}
