/**
 * A program of its own, to be killed: takes deltas into a last good configuration as fast as it can,
 * and writes the revision of each, one a line, when it is stored.
 *
 *   node last-good-writer.js DIRECTORY
 */
import { writeSync } from 'node:fs';
import { LastGood } from '../../src/nve/last-good.js';
import { openLmdbStore } from '../../src/store/lmdb/store.js';
import { deltaOf } from './last-good-deltas.js';

async function run(path: string): Promise<void> {
  const store = await openLmdbStore({ path });
  const { lastGood } = await LastGood.open({ store, nve: 'host-a', makeUuid: () => 'uuid' });
  for (let n = lastGood.revision + 1; ; n++) {
    await lastGood.apply('store', deltaOf(n));
    writeSync(1, `${n}\n`);
  }
}

if (process.argv[1] === import.meta.filename) await run(process.argv[2] ?? '');
