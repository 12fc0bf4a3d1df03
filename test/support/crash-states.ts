/**
 * What a file can be after a power loss: all that was synced, and of the rest any part, down to
 * single sectors. A sector is written whole or not at all, which disks promise and LMDB needs for
 * its meta pages.
 */
import type { TracedCall, TracedWrite } from './strace.js';

/** In what pieces, and how likely, an unsynced write reached the disk. */
export interface Luck {
  readonly name: string;
  readonly pieceBytes: number;
  readonly chance: number;
}

export const LUCK: readonly Luck[] = [
  { name: 'nothing unsynced', pieceBytes: 4096, chance: 0 },
  { name: 'everything unsynced', pieceBytes: 4096, chance: 1 },
  { name: 'half of the sectors', pieceBytes: 512, chance: 0.5 },
  { name: 'half of the pages', pieceBytes: 4096, chance: 0.5 },
  { name: 'few of the sectors', pieceBytes: 512, chance: 0.1 },
  { name: 'most of the sectors', pieceBytes: 512, chance: 0.9 },
];

export class CrashStates {
  readonly #initial: Buffer;
  readonly #calls: readonly TracedCall[];

  /** `calls` of one file, in the order of their begin. */
  constructor(initial: Buffer, calls: readonly TracedCall[]) {
    this.#initial = initial;
    this.#calls = calls;
  }

  /** The file if the power goes right after `instant`. */
  at(instant: number, luck: Luck, random: () => number): Buffer {
    const writes = this.#calls.filter(
      (call): call is TracedWrite => call.kind === 'write' && call.begin <= instant,
    );
    const size = writes.reduce(
      (most, write) => Math.max(most, write.offset + write.bytes.length),
      this.#initial.length,
    );
    const file = Buffer.alloc(size);
    file.set(this.#initial);
    let length = this.#initial.length;
    for (const write of writes) {
      const synced = this.#isSynced(write, instant);
      for (const [from, to] of piecesOf(write, synced ? write.bytes.length : luck.pieceBytes)) {
        if (!synced && random() >= luck.chance) continue;
        file.set(write.bytes.subarray(from, to), write.offset + from);
        length = Math.max(length, write.offset + to);
      }
    }
    // The new length may or may not have got there without the bytes.
    return random() < 0.5 ? file : file.subarray(0, length);
  }

  #isSynced(write: TracedWrite, instant: number): boolean {
    if (write.synced && write.end <= instant) return true;
    return this.#calls.some(
      (call) => call.kind === 'sync' && call.begin > write.end && call.end <= instant,
    );
  }
}

/** The write in pieces that are aligned in the file. */
function* piecesOf({ offset, bytes }: TracedWrite, size: number): Generator<[number, number]> {
  for (let from = 0; from < bytes.length;) {
    const to = Math.min(bytes.length, from + size - ((offset + from) % size));
    yield [from, to];
    from = to;
  }
}
