/** LMDB's format from hand-made bytes; real files are in the integration tests. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  decodeMeta,
  freeRuns,
  overflowData,
  overflowPages,
  PageFault,
  TreePage,
} from '../../../../src/store/lmdb/pages.js';

const words = (...numbers: bigint[]): Buffer => {
  const bytes = Buffer.alloc(numbers.length * 8);
  numbers.forEach((n, i) => bytes.writeBigInt64LE(n, i * 8));
  return bytes;
};

/** A leaf with two small entries, as LMDB lays it out: nodes from the end, downwards. */
function leaf(): Buffer {
  const page = Buffer.alloc(512);
  page.writeBigUInt64LE(9n, 0);
  page.writeBigUInt64LE(5n, 8);
  page.writeUInt16LE(0x02, 18);
  page.writeUInt16LE(4, 20);
  page.writeUInt16LE(464, 22);
  page.writeUInt16LE(476, 24);
  page.writeUInt16LE(464, 26);
  page.set([2, 0, 0, 0, 0, 0, 1, 0, 0x61, 0x78, 0x79, 0], 500);
  page.set([1, 0, 0, 0, 0, 0, 2, 0, 0x62, 0x63, 0x7a, 0], 488);
  return page;
}

function branch(): Buffer {
  const page = leaf();
  page.writeUInt16LE(0x01, 18);
  page.set([7, 0, 0, 0, 0, 0, 0, 0], 500);
  page.set([8, 0, 1, 0, 1, 0, 2, 0], 488);
  return page;
}

function meta(): Buffer {
  const page = Buffer.alloc(168);
  page.writeBigUInt64LE(1n, 0);
  page.writeUInt16LE(0x08, 18);
  page.writeUInt32LE(0xbeefc0de, 24);
  page.writeUInt32LE(2, 28);
  page.writeBigUInt64LE(1n << 30n, 40);
  page.writeUInt32LE(4096, 48);
  page.writeBigInt64LE(-1n, 48 + 40);
  page.writeUInt16LE(2, 96 + 6);
  [1n, 3n, 4n, 50n, 6n].forEach((n, i) => page.writeBigUInt64LE(n, 104 + i * 8));
  page.writeBigUInt64LE(10n, 144);
  page.writeBigUInt64LE(33n, 152);
  return page;
}

describe('lmdb/pages', () => {
  it('reads a meta page', () => {
    const { pageSize, free, main, lastPage, txnId } = decodeMeta(meta(), 1);
    assert.deepEqual([pageSize, lastPage, txnId, free.root], [4096, 10, 33, undefined]);
    assert.deepEqual(main, {
      flags: 0,
      depth: 2,
      branchPages: 1,
      leafPages: 3,
      overflowPages: 4,
      entries: 50,
      root: 6,
    });
  });

  const metaFaults: readonly [string, (page: Buffer) => void][] = [
    ['number', (p) => p.writeUInt8(2, 0)],
    ['not a meta page', (p) => p.writeUInt16LE(0x02, 18)],
    ['magic', (p) => p.writeUInt8(0, 24)],
    ['data version', (p) => p.writeUInt8(1, 28)],
    ['page size', (p) => p.writeUInt32LE(4095, 48)],
    ['page size', (p) => p.writeUInt32LE(131072, 48)],
    ['map size', (p) => p.writeBigUInt64LE(0n, 40)],
    ['map size', (p) => p.writeBigUInt64LE(1n << 60n, 40)],
    ['tree depth', (p) => p.writeUInt16LE(99, 96 + 6)],
    ['root and depth', (p) => p.writeUInt16LE(0, 96 + 6)],
    ['last page', (p) => p.writeBigUInt64LE(0n, 144)],
    ['last page', (p) => p.writeBigUInt64LE(1n << 50n, 144)],
    ['transaction', (p) => p.writeBigUInt64LE(1n << 60n, 152)],
  ];
  for (const [what, damage] of metaFaults) {
    it(`refuses a meta page: ${what}`, () => {
      const page = meta();
      damage(page);
      assert.throws(
        () => decodeMeta(page, 1),
        (e) => e instanceof PageFault && e.message.includes(what),
      );
    });
  }

  it('reads a leaf page', () => {
    const page = new TreePage(leaf(), 9);
    assert.deepEqual([page.leaf, page.count, page.txnId, page.nodeBytes], [true, 2, 5, 24]);
    assert.deepEqual([page.sizeOf(0), page.sizeOf(1)], [12, 12]);
    const [a, b] = [page.entry(0), page.entry(1)];
    assert.deepEqual([a.key.toString(), a.inline?.toString()], ['a', 'xy']);
    assert.deepEqual([b.key.toString(), b.inline?.toString()], ['bc', 'z']);
    const found = ['', 'a', 'b', 'bc', 'bd'].map((key) => page.entryFrom(Buffer.from(key)));
    assert.deepEqual(found, [0, 0, 1, 1, 2]);
  });

  it('reads a branch page', () => {
    const page = new TreePage(branch(), 9);
    assert.deepEqual([page.child(0), page.child(1)], [7, 0x1_0001_0008]);
    const found = ['', 'a', 'bb', 'bc', 'z'].map((key) => page.childFor(Buffer.from(key)));
    assert.deepEqual(found, [0, 0, 0, 1, 1]);
  });

  it('reads the reference to overflow pages, and what is there', () => {
    const bytes = leaf();
    bytes.writeUInt16LE(452, 24);
    bytes.writeUInt16LE(440, 22);
    bytes.writeUInt16LE(440, 26);
    bytes.set([0xb0, 4, 0, 0, 1, 0, 1, 0, 0x61], 476);
    bytes.set(words(77n, 5n, 3n), 485);
    const page = new TreePage(bytes, 9);
    const { overflow = { page: 0, pages: 0 }, dataSize } = page.entry(0);
    assert.deepEqual([overflow, dataSize], [{ page: 77, pages: 3 }, 1200]);
    const data = Buffer.alloc(3 * 512, 'v');
    data.writeBigUInt64LE(77n, 0);
    data.writeUInt16LE(0x04, 18);
    data.writeUInt32LE(3, 20);
    assert.equal(overflowData(data, overflow, dataSize).toString(), 'v'.repeat(1200));
    data.writeUInt32LE(4, 20);
    assert.throws(() => overflowData(data, overflow, dataSize), PageFault);
  });

  it('counts overflow pages as LMDB does', () => {
    const counts = [0, 1, 4072, 4073, 8168, 8169].map((size) => overflowPages(size, 4096));
    assert.deepEqual(counts, [1, 1, 1, 2, 2, 3]);
  });

  it('never reads beyond a page, whatever is in it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 512, maxLength: 512 }), fc.nat(3), (noise, kind) => {
        const bytes = Buffer.from(noise);
        bytes.set((kind % 2 ? leaf() : branch()).subarray(0, kind < 2 ? 24 : 28));
        try {
          const page = new TreePage(bytes, 9);
          for (let i = 0; i < page.count; i++) {
            page.sizeOf(i);
            if (page.leaf) page.entry(i);
            else page.child(i);
          }
          page.entryFrom(Buffer.from('k'));
          page.childFor(Buffer.from('k'));
        } catch (error) {
          assert.ok(error instanceof PageFault, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('reads a free list', () => {
    const record = words(6n, 0n, 12n, -3n, 20n, 0n, 7n, 99n);
    assert.deepEqual(
      [...freeRuns(record)],
      [
        { page: 12, pages: 1 },
        { page: 20, pages: 3 },
        { page: 7, pages: 1 },
      ],
    );
    for (const bad of [words(2n, 5n), words(1n, -2n), Buffer.alloc(12), Buffer.alloc(0)]) {
      assert.throws(() => [...freeRuns(bad)], PageFault);
    }
  });
});
