/**
 * The data file of lmdb-js (LMDB 0.9.90, data version 2), decoded without LMDB and without a
 * memory map: a damaged file must give an error here, where it would kill the process there.
 * Source: `mdb.c` of lmdb-js 3.5.6, struct MDB_page, MDB_node, MDB_ovpage, MDB_db and MDB_meta, on
 * a 64-bit little-endian machine.
 *
 *   page      0 pgno u64, 8 txnid u64, 16 pad u16, 18 flags u16, 20 lower u16, 22 upper u16;
 *             an overflow page has its number of pages as u32 at 20
 *   branch,   24 offsets u16[lower / 2], all counted from 24; free space; nodes from upper
 *   leaf
 *   node      0 lo u16, 2 hi u16, 4 flags u16, 6 key size u16, 8 key, then the data;
 *             of a branch: lo, hi, flags are the child's pgno, and there are no data;
 *             of a leaf: lo, hi are the data's size; with BIGDATA the data are elsewhere:
 *             pgno u64, txnid u64, number of pages u64
 *   meta      24 magic u32, 28 version u32, 40 map size u64, 48 free tree, 96 main tree,
 *             144 last page u64, 152 txnid u64
 *   tree      0 pad u32, 4 flags u16, 6 depth u16, 8 branch pages u64, 16 leaf pages u64,
 *             24 overflow pages u64, 32 entries u64, 40 root u64 (all ones: empty)
 */

export const PAGE_HEADER = 24;
export const META_BYTES = 168;
export const META_PAGES = 2;

const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const FLAG = { branch: 0x01, leaf: 0x02, overflow: 0x04, meta: 0x08 } as const;
const BIGDATA = 0x01;
const NODE_HEADER = 8;
const OVERFLOW_REFERENCE = 24;
const ALL_ONES = 2 ** 64;
const MAX_DEPTH = 32;

/** What a page is not that it should be; the caller adds file and page. */
export class PageFault extends Error {
  override readonly name = 'PageFault';
}

const fault = (what: string): never => {
  throw new PageFault(what);
};

/** A number beyond 2^53 comes out rounded, and is then too large for everything it may be. */
const u64 = (bytes: Buffer, at: number): number => Number(bytes.readBigUInt64LE(at));

export interface Tree {
  readonly flags: number;
  readonly depth: number;
  readonly branchPages: number;
  readonly leafPages: number;
  readonly overflowPages: number;
  readonly entries: number;
  /** Undefined: the tree is empty. */
  readonly root: number | undefined;
}

export interface Meta {
  readonly pageSize: number;
  readonly free: Tree;
  readonly main: Tree;
  readonly lastPage: number;
  readonly txnId: number;
}

function decodeTree(bytes: Buffer, at: number): Tree {
  const root = u64(bytes, at + 40);
  const tree = {
    flags: bytes.readUInt16LE(at + 4),
    depth: bytes.readUInt16LE(at + 6),
    branchPages: u64(bytes, at + 8),
    leafPages: u64(bytes, at + 16),
    overflowPages: u64(bytes, at + 24),
    entries: u64(bytes, at + 32),
    root: root === ALL_ONES ? undefined : root,
  };
  if (tree.depth > MAX_DEPTH) fault(`tree depth ${tree.depth}`);
  if ((tree.root === undefined) !== (tree.depth === 0)) fault('root and depth disagree');
  return tree;
}

/** Of a meta page, also of one that is just being written: no commit changes it. @throws PageFault */
export function decodePageSize(bytes: Buffer): number {
  if (bytes.readUInt32LE(24) !== MAGIC) fault('wrong magic number: is this a store?');
  const pageSize = bytes.readUInt32LE(48);
  if (pageSize < 512 || pageSize > 65536 || (pageSize & (pageSize - 1)) !== 0) {
    fault(`page size ${pageSize}`);
  }
  return pageSize;
}

/** @throws PageFault */
export function decodeMeta(bytes: Buffer, index: number): Meta {
  if (u64(bytes, 0) !== index) fault(`number ${u64(bytes, 0)}`);
  if ((bytes.readUInt16LE(18) & FLAG.meta) === 0) fault('not a meta page');
  const pageSize = decodePageSize(bytes);
  const version = bytes.readUInt32LE(28) & 0xffff;
  if (version !== DATA_VERSION) fault(`data version ${version}, not ${DATA_VERSION}`);
  const mapSize = u64(bytes, 40);
  if (mapSize === 0 || mapSize >= 2 ** 47) fault(`map size ${mapSize}`);
  const meta = {
    pageSize,
    free: decodeTree(bytes, 48),
    main: decodeTree(bytes, 96),
    lastPage: u64(bytes, 144),
    txnId: u64(bytes, 152),
  };
  if (meta.lastPage < META_PAGES - 1 || meta.lastPage * pageSize >= 2 ** 47) {
    fault(`last page ${meta.lastPage}`);
  }
  if (!Number.isSafeInteger(meta.txnId)) fault(`transaction ${meta.txnId}`);
  return meta;
}

export interface Overflow {
  readonly page: number;
  readonly pages: number;
}

/** A leaf's entry; its data are inline or in overflow pages. */
export interface LeafNode {
  readonly key: Buffer;
  readonly dataSize: number;
  readonly inline: Buffer | undefined;
  readonly overflow: Overflow | undefined;
}

/** One branch or leaf page, every offset checked before it is followed. */
export class TreePage {
  readonly leaf: boolean;
  readonly count: number;
  readonly txnId: number;
  readonly #bytes: Buffer;

  /** @throws PageFault */
  constructor(bytes: Buffer, number: number) {
    this.#bytes = bytes;
    if (u64(bytes, 0) !== number) fault(`says it is page ${u64(bytes, 0)}`);
    this.txnId = u64(bytes, 8);
    const flags = bytes.readUInt16LE(18);
    if (flags !== FLAG.branch && flags !== FLAG.leaf) fault(`is no tree page (flags ${flags})`);
    this.leaf = flags === FLAG.leaf;
    const lower = bytes.readUInt16LE(20);
    const upper = bytes.readUInt16LE(22);
    if (lower % 2 !== 0 || lower > upper || upper > bytes.length - PAGE_HEADER) {
      fault(`has bounds ${lower} and ${upper}`);
    }
    this.count = lower / 2;
    if (this.count === 0) fault('is empty');
  }

  /** Bytes from the lowest node to the end: what the nodes add up to. */
  get nodeBytes(): number {
    return this.#bytes.length - PAGE_HEADER - this.#bytes.readUInt16LE(22);
  }

  /** Bytes that the node takes, its alignment included. */
  sizeOf(index: number): number {
    const node = this.#node(index);
    const data = this.leaf ? this.#inlineSize(node) : 0;
    return (NODE_HEADER + this.#bytes.readUInt16LE(node + 6) + data + 1) & ~1;
  }

  key(index: number): Buffer {
    const node = this.#node(index);
    const start = node + NODE_HEADER;
    return this.#slice(start, this.#bytes.readUInt16LE(node + 6));
  }

  /** Of a branch page. */
  child(index: number): number {
    const node = this.#node(index);
    return this.#bytes.readUInt32LE(node) + this.#bytes.readUInt16LE(node + 4) * 0x1_0000_0000;
  }

  /** Of a leaf page. */
  entry(index: number): LeafNode {
    const node = this.#node(index);
    const key = this.key(index);
    const dataSize = this.#bytes.readUInt32LE(node);
    const data = this.#slice(node + NODE_HEADER + key.length, this.#inlineSize(node));
    const flags = this.#bytes.readUInt16LE(node + 4);
    if (flags === 0) return { key, dataSize, inline: data, overflow: undefined };
    if (flags !== BIGDATA) return fault(`entry ${index} has flags ${flags}`);
    const overflow = { page: u64(data, 0), pages: u64(data, 16) };
    const pages = overflowPages(dataSize, this.#bytes.length);
    if (overflow.pages !== pages) fault(`entry ${index} has ${overflow.pages} pages, not ${pages}`);
    return { key, dataSize, inline: undefined, overflow };
  }

  /** The last child whose keys may include `key`; of a branch page. */
  childFor(key: Buffer): number {
    let low = 0;
    for (let high = this.count - 1; low < high;) {
      const middle = (low + high + 1) >> 1;
      if (this.key(middle).compare(key) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The first entry not below `key`, or `count`; of a leaf page. */
  entryFrom(key: Buffer): number {
    let low = 0;
    for (let high = this.count; low < high;) {
      const middle = (low + high) >> 1;
      if (this.key(middle).compare(key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #inlineSize(node: number): number {
    return this.#bytes.readUInt16LE(node + 4) === BIGDATA
      ? OVERFLOW_REFERENCE
      : this.#bytes.readUInt32LE(node);
  }

  #node(index: number): number {
    const node = PAGE_HEADER + this.#bytes.readUInt16LE(PAGE_HEADER + 2 * index);
    const lowest = PAGE_HEADER + this.#bytes.readUInt16LE(22);
    if (node < lowest || node + NODE_HEADER > this.#bytes.length || node % 2 !== 0) {
      fault(`entry ${index} is at ${node}`);
    }
    return node;
  }

  #slice(start: number, length: number): Buffer {
    if (start + length > this.#bytes.length) fault('an entry reaches beyond the page');
    return this.#bytes.subarray(start, start + length);
  }
}

export const overflowPages = (dataSize: number, pageSize: number): number =>
  Math.floor((PAGE_HEADER - 1 + dataSize) / pageSize) + 1;

/** The data that `overflow` refers to, from the bytes of its pages. @throws PageFault */
export function overflowData(bytes: Buffer, overflow: Overflow, dataSize: number): Buffer {
  if (u64(bytes, 0) !== overflow.page) fault(`says it is page ${u64(bytes, 0)}`);
  if (bytes.readUInt16LE(18) !== FLAG.overflow) fault('is no overflow page');
  if (bytes.readUInt32LE(20) !== overflow.pages) fault(`counts ${bytes.readUInt32LE(20)} pages`);
  return bytes.subarray(PAGE_HEADER, PAGE_HEADER + dataSize);
}

/**
 * A record of the free tree: how many words follow, then for each run of free pages its first
 * page, preceded by the negative length when that is not 1; a 0 is nothing.
 * @throws PageFault
 */
export function* freeRuns(record: Buffer): Generator<Overflow> {
  if (record.length < 8 || record.length % 8 !== 0) fault('a free record has odd bytes');
  const words = u64(record, 0);
  if (words > record.length / 8 - 1) fault(`a free record has ${words} words`);
  for (let i = 1; i <= words; i++) {
    const word = Number(record.readBigInt64LE(i * 8));
    if (word === 0) continue;
    if (word > 0) {
      yield { page: word, pages: 1 };
    } else {
      if (++i > words) fault('a free record ends in a length');
      yield { page: u64(record, i * 8), pages: -word };
    }
  }
}
