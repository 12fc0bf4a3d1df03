/**
 * Checks a data file from its meta pages to the last record, with nothing mapped and nothing
 * trusted: the pages (bounds, order, counts, each used once or free), every record's checksum,
 * and that current values, history and log belong together. LMDB itself has no checksums, and a
 * bad page would end the process.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { NfvError } from '../../errors.js';
import { checkMetas, newest, PageFile } from './file.js';
import type { StateRecord } from './layout.js';
import {
  freeRuns,
  type LeafNode,
  META_PAGES,
  type Meta,
  overflowData,
  type Overflow,
  type Tree,
  TreePage,
} from './pages.js';
import { RecordCheck } from './verify-records.js';

export interface Verified {
  readonly state: StateRecord;
  /** LMDB's own transaction number. */
  readonly txnId: number;
  readonly pages: number;
  readonly freePages: number;
  /** Neither used nor free; they only cost space. */
  readonly lostPages: number;
  readonly records: number;
}

/** What verify-worker.ts answers when the check has failed. */
export const FAILED = 'failed';

/** Pages read before other work gets a turn. */
const PAGES_PER_TURN = 256;

/** @throws NfvError STORE_DAMAGED, STORE_FAILED, FILE_UNREADABLE */
export async function verifyDataFile(path: string, signal?: AbortSignal): Promise<Verified> {
  signal?.throwIfAborted();
  const file = new PageFile(path);
  try {
    const steps = new Verifier(file).run();
    for (let n = 1; ; n++) {
      const step = steps.next();
      if (step.done === true) return step.value;
      if (n % PAGES_PER_TURN !== 0) continue;
      signal?.throwIfAborted();
      await turn();
    }
  } finally {
    file.close();
  }
}

interface Counts {
  branchPages: number;
  leafPages: number;
  overflowPages: number;
  entries: number;
}

/** One tree on its way: how its keys order, what was counted, who gets its entries. */
interface Walk {
  readonly name: string;
  readonly compare: (a: Buffer, b: Buffer) => number;
  readonly counts: Counts;
  readonly onEntry: (key: Buffer, data: Buffer) => void;
}

/** Keys of a subtree are in [from, to); undefined: no bound. */
interface Bounds {
  readonly from: Buffer | undefined;
  readonly to: Buffer | undefined;
}

const USED = 1;
const FREE = 2;

class Verifier {
  readonly #file: PageFile;
  readonly #meta: Meta;
  readonly #marks: Uint8Array;

  constructor(file: PageFile) {
    this.#file = file;
    const metas = file.metas();
    checkMetas(file, metas);
    this.#meta = newest(metas);
    const pages = this.#meta.lastPage + 1;
    // Free pages at the end need not be in the file, but they were once written to.
    const inFile = Math.ceil(file.bytes / file.pageSize);
    if (pages > 2 * inFile + 100_000) {
      throw file.damaged(`${pages} pages in a file of ${inFile}`);
    }
    this.#marks = new Uint8Array(pages);
    this.#marks.fill(USED, 0, META_PAGES);
  }

  /** Yields after every page. */
  *run(): Generator<undefined, Verified> {
    const { free, main, txnId } = this.#meta;
    const freed: Overflow[] = [];
    yield* this.#tree('free', free, compareFree, (key, record) => {
      if (key.readBigUInt64LE(0) > BigInt(txnId)) this.#damaged('free tree: from the future');
      for (const run of freeRuns(record)) freed.push(run);
    });
    if (main.flags !== 0) this.#damaged(`main tree: flags ${main.flags}`);
    const records = new RecordCheck((what) => this.#damaged(what));
    yield* this.#tree('main', main, compareMain, (key, record) => {
      records.add(key, record);
    });
    const state = records.finish();
    const freePages = freed.reduce((sum, run) => sum + this.#mark(run, FREE), 0);
    const lostPages = this.#marks.reduce((sum, mark) => (mark === 0 ? sum + 1 : sum), 0);
    const { length: pages } = this.#marks;
    return { state, txnId, pages, freePages, lostPages, records: main.entries };
  }

  *#tree(
    name: string,
    tree: Tree,
    compare: Walk['compare'],
    onEntry: Walk['onEntry'],
  ): Generator<undefined> {
    const counts = { branchPages: 0, leafPages: 0, overflowPages: 0, entries: 0 };
    const walk = { name, compare, counts, onEntry };
    const everything = { from: undefined, to: undefined };
    if (tree.root !== undefined) yield* this.#walk(walk, tree.root, tree.depth, everything);
    for (const what of ['branchPages', 'leafPages', 'overflowPages', 'entries'] as const) {
      if (counts[what] !== tree[what]) {
        this.#damaged(`${name} tree: ${counts[what]} ${what} where the root says ${tree[what]}`);
      }
    }
  }

  *#walk(walk: Walk, number: number, depth: number, bounds: Bounds): Generator<undefined> {
    this.#mark({ page: number, pages: 1 }, USED);
    const bytes = this.#file.pages(number);
    const page = this.#file.decode(number, () => this.#checkPage(walk, bytes, number, bounds));
    if (page.leaf !== (depth === 1)) this.#damaged(`page ${number}: at the wrong depth`);
    yield;
    if (page.leaf) {
      walk.counts.leafPages++;
      for (let i = 0; i < page.count; i++) yield* this.#leaf(walk, number, page, i);
    } else {
      walk.counts.branchPages++;
      for (let i = 0; i < page.count; i++) {
        const [child, within] = this.#file.decode(number, () => [
          page.child(i),
          {
            from: i === 0 ? bounds.from : page.key(i),
            to: i + 1 < page.count ? page.key(i + 1) : bounds.to,
          },
        ]);
        yield* this.#walk(walk, child, depth - 1, within);
      }
    }
  }

  /** Its header and bounds, and that its entries neither overlap nor leave a gap. */
  #checkPage(walk: Walk, bytes: Buffer, number: number, bounds: Bounds): TreePage {
    const page = new TreePage(bytes, number);
    if (page.txnId > this.#meta.txnId) this.#damaged(`page ${number}: is from the future`);
    let size = 0;
    for (let i = 0; i < page.count; i++) size += page.sizeOf(i);
    if (size !== page.nodeBytes) this.#damaged(`page ${number}: entries overlap`);
    this.#checkKeys(walk, page, number, bounds);
    return page;
  }

  /** Strictly ascending and within the bounds. */
  #checkKeys(walk: Walk, page: TreePage, number: number, { from, to }: Bounds): void {
    let last: Buffer | undefined;
    // The first key of a branch page stands for all that is lower, and may be anything.
    for (let i = page.leaf ? 0 : 1; i < page.count; i++) {
      const key = page.key(i);
      if (walk.name === 'free' && key.length !== 8) this.#damaged(`page ${number}: odd key`);
      const low = from !== undefined && walk.compare(key, from) < 0;
      const high = to !== undefined && walk.compare(key, to) >= 0;
      if (low || high || (last !== undefined && walk.compare(last, key) >= 0)) {
        this.#damaged(`page ${number}: keys out of order`);
      }
      last = key;
    }
  }

  *#leaf(walk: Walk, number: number, page: TreePage, index: number): Generator<undefined> {
    const node = this.#file.decode(number, () => page.entry(index));
    walk.counts.entries++;
    const data = node.inline ?? this.#overflow(walk, node);
    this.#file.decode(number, () => {
      walk.onEntry(node.key, data);
    });
    if (node.overflow !== undefined) yield;
  }

  #overflow(walk: Walk, { overflow, dataSize }: LeafNode): Buffer {
    if (overflow === undefined) return Buffer.alloc(0);
    walk.counts.overflowPages += this.#mark(overflow, USED);
    const bytes = this.#file.pages(overflow.page, overflow.pages);
    return this.#file.decode(overflow.page, () => overflowData(bytes, overflow, dataSize));
  }

  /** Marks pages as used or free, which each can be once; answers how many they are. */
  #mark({ page, pages }: Overflow, mark: number): number {
    if (page < META_PAGES || page + pages > this.#marks.length) {
      this.#damaged(`page ${page}: there are only ${this.#marks.length}`);
    }
    for (let i = page; i < page + pages; i++) {
      const before = this.#marks[i];
      if (before === USED)
        this.#damaged(`page ${i}: is ${mark === FREE ? 'used and free' : 'used twice'}`);
      if (before === FREE) this.#damaged(`page ${i}: is free twice`);
      this.#marks[i] = mark;
    }
    return pages;
  }

  #damaged(what: string): never {
    const error: NfvError = this.#file.damaged(what);
    throw error;
  }
}

/** Keys of the free tree are transaction numbers in the machine's order. */
function compareFree(a: Buffer, b: Buffer): number {
  const difference = a.readBigUInt64LE(0) - b.readBigUInt64LE(0);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function compareMain(a: Buffer, b: Buffer): number {
  return a.compare(b);
}
