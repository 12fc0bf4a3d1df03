import assert from 'node:assert/strict';
import { Environment } from '../../../../src/store/lmdb/environment.js';
import { newest, PageFile } from '../../../../src/store/lmdb/file.js';
import { currentKey, utf8 } from '../../../../src/store/lmdb/layout.js';
import type { Write } from '../../../../src/store/lmdb/records.js';
import { pagesFor } from '../../../../src/store/lmdb/room.js';
import { seeded, upTo } from '../../../support/seeded.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const COMMITS = process.env['NFVD_TEST_LONG'] === '1' ? 20_000 : 300;

describe('the room made in the file', function () {
  this.timeout(600_000);

  it(`is enough for what LMDB adds, in ${COMMITS} random commits`, async () => {
    const directory = await temporaryDirectory();
    const environment = new Environment({ path: directory.path, mapSize: 2 ** 32 });
    await environment.ready();
    const file = new PageFile(environment.file);
    try {
      const random = seeded(99);
      let closest = Infinity;
      for (let n = 0; n < COMMITS; n++) {
        const writes = randomWrites(random, n);
        const before = newest(file.metas());
        await environment.commit(writes);
        const added = newest(file.metas()).lastPage - before.lastPage;
        closest = Math.min(closest, pagesFor(writes, before) - added);
        assert.ok(closest >= 0, `${added} pages for ${writes.length} writes`);
      }
      // Nobody but us has made the file longer.
      assert.equal(file.bytes % file.pageSize, 0);
      assert.ok(file.bytes >= (newest(file.metas()).lastPage + 1) * file.pageSize);
    } finally {
      file.close();
      await environment.close();
      await directory.remove();
    }
  });
});

/** Now few and now many, small and large, new keys, changes and removals. */
function randomWrites(random: () => number, round: number): Write[] {
  const writes = new Map<string, Write>();
  const count = random() < 0.1 ? 400 : 1 + upTo(random, 10);
  for (let i = 0; i < count; i++) {
    const name = round % 3 === 0 ? `${round}/${i}` : String(upTo(random, 3000));
    const key = currentKey(utf8(name.padEnd(random() < 0.2 ? 400 : 1, 'k')));
    const size = random() < 0.85 ? upTo(random, 900) : upTo(random, 20_000);
    const record = random() < 0.3 ? undefined : Buffer.alloc(1 + size, round & 255);
    writes.set(key.toString(), { key, record });
  }
  return [...writes.values()];
}
