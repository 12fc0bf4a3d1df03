/** One transaction's trees, read page by page out of the file. */
import type { PageFile } from './file.js';
import { freeRuns, type LeafNode, type Meta, overflowData, type Tree, TreePage } from './pages.js';
import type { Entry, View } from './records.js';

/** Pages kept to be looked at again. */
const KEPT_PAGES = 2048;

/** A page on the way from the root to an entry, and which of its children or entries is next. */
interface Position {
  readonly page: TreePage;
  readonly number: number;
  index: number;
}

export class PageView implements View {
  readonly file: string;
  readonly #pages: PageFile;
  readonly #meta: Meta;
  readonly #kept = new Map<number, TreePage>();

  constructor(pages: PageFile, meta: Meta) {
    this.file = pages.path;
    this.#pages = pages;
    this.#meta = meta;
  }

  /** How many pages the next transactions may use again. */
  freePages(): number {
    let pages = 0;
    const path = this.#descend(this.#meta.free, undefined);
    for (let leaf = path.at(-1); leaf !== undefined; leaf = this.#nextLeaf(this.#meta.free, path)) {
      for (; leaf.index < leaf.page.count; leaf.index++) {
        const record = this.#record(this.#entry(leaf));
        this.#pages.decode(leaf.number, () => {
          for (const run of freeRuns(record)) pages += run.pages;
        });
      }
    }
    return pages;
  }

  get(key: Buffer): Buffer | undefined {
    const leaf = this.#descend(this.#meta.main, key).at(-1);
    if (leaf === undefined || leaf.index === leaf.page.count) return undefined;
    const node = this.#entry(leaf);
    return node.key.equals(key) ? this.#record(node) : undefined;
  }

  *entries(from: Buffer, to: Buffer): Generator<Entry> {
    const { main } = this.#meta;
    const path = this.#descend(main, from);
    for (let leaf = path.at(-1); leaf !== undefined; leaf = this.#nextLeaf(main, path)) {
      for (; leaf.index < leaf.page.count; leaf.index++) {
        const node = this.#entry(leaf);
        if (node.key.compare(to) >= 0) return;
        yield { key: Buffer.from(node.key), record: this.#record(node) };
      }
    }
  }

  /** To the leaf where `key` is or would be, or to the first one; none: the tree is empty. */
  #descend(tree: Tree, key: Buffer | undefined): Position[] {
    const path: Position[] = [];
    let number = tree.root;
    while (number !== undefined) {
      const page = this.#page(tree, number, path.length);
      const at = number;
      const index = this.#pages.decode(at, () => {
        if (key === undefined) return 0;
        return page.leaf ? page.entryFrom(key) : page.childFor(key);
      });
      path.push({ page, number, index });
      number = page.leaf ? undefined : this.#pages.decode(at, () => page.child(index));
    }
    return path;
  }

  /** Moves `path` to the leaf after its last one. */
  #nextLeaf(tree: Tree, path: Position[]): Position | undefined {
    path.pop();
    for (let branch = path.at(-1); branch !== undefined; branch = path.at(-1)) {
      if (++branch.index < branch.page.count) break;
      path.pop();
    }
    for (let last = path.at(-1); last !== undefined && !last.page.leaf; last = path.at(-1)) {
      const { page: branch, number, index } = last;
      const child = this.#pages.decode(number, () => branch.child(index));
      path.push({ page: this.#page(tree, child, path.length), number: child, index: 0 });
    }
    return path.at(-1);
  }

  #page(tree: Tree, number: number, above: number): TreePage {
    const leaf = above + 1 === tree.depth;
    const kept = this.#kept.get(number);
    // In its place in the tree, too: a page that names itself would be followed for ever.
    if (kept?.leaf === leaf) return kept;
    if (number > this.#meta.lastPage) throw this.#pages.damaged(`there is no page ${number}`);
    const bytes = this.#pages.pages(number);
    const page = this.#pages.decode(number, () => new TreePage(bytes, number));
    if (page.txnId > this.#meta.txnId || page.leaf !== leaf) {
      throw this.#pages.damaged(`page ${number}: not of this tree`);
    }
    if (this.#kept.size >= KEPT_PAGES) this.#kept.clear();
    this.#kept.set(number, page);
    return page;
  }

  #entry({ page, number, index }: Position): LeafNode {
    return this.#pages.decode(number, () => page.entry(index));
  }

  #record({ inline, overflow, dataSize }: LeafNode): Buffer {
    if (overflow === undefined) return inline ?? Buffer.alloc(0);
    if (overflow.page + overflow.pages > this.#meta.lastPage + 1) {
      throw this.#pages.damaged(`there is no page ${overflow.page}`);
    }
    const bytes = this.#pages.pages(overflow.page, overflow.pages);
    return this.#pages.decode(overflow.page, () => overflowData(bytes, overflow, dataSize));
  }
}
