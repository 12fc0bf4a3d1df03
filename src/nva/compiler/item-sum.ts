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

  /** Items with keys that none in the set has. */
  addAll(items: Iterable<Item>): void {
    for (const item of items) {
      this.#digest.toggleItem(item);
      this.#count++;
    }
  }

  /** A set whose keys none in this one has. */
  addSet(other: ItemSum): void {
    this.#digest.toggleSet(other.#digest);
    this.#count += other.#count;
  }

  /** Items that are in the set. */
  removeAll(items: Iterable<Item>): void {
    for (const item of items) {
      this.#digest.toggleItem(item);
      this.#count--;
    }
  }
}
