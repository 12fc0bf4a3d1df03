/** What a set of items comes to: how many they are, and their digest. Kept up without a list of them. */
import type { Item } from '../../model/item.js';
import { Digest } from '../../model/southbound.js';

export class ItemSum {
  readonly #digest = new Digest();
  #count = 0;

  static of(items: Iterable<Item>): ItemSum {
    const sum = new ItemSum();
    sum.addAll(items);
    return sum;
  }

  get count(): number {
    return this.#count;
  }

  /** As `Digest.text`. */
  get digest(): string {
    return this.#digest.text;
  }

  /** An item with a key that none in the set has. */
  add(item: Item): void {
    this.#digest.toggleItem(item);
    this.#count++;
  }

  addAll(items: Iterable<Item>): void {
    for (const item of items) this.add(item);
  }

  /** A set whose keys none in this one has. */
  addSet(other: ItemSum): void {
    this.#digest.toggleSet(other.#digest);
    this.#count += other.#count;
  }

  /** An item that is in the set. */
  remove(item: Item): void {
    this.#digest.toggleItem(item);
    this.#count--;
  }

  removeAll(items: Iterable<Item>): void {
    for (const item of items) this.remove(item);
  }
}
