/**
 * Where things are in etcd, below the store's prefix:
 *
 *   PREFIX meta       the store's own record; its modRevision is the fence (fence.ts)
 *   PREFIX head       written by every transaction, with an id of it: its modRevision is the
 *                     store's revision, whatever else is in the same etcd
 *   PREFIX copying    only while another store is copied there
 *   PREFIX live/ID    a process that has the store open, by a lease: where others reach it, or nothing
 *   PREFIX data/KEY   a key of the store, its value as it is
 */
import type { EtcdRange } from '../../rpc/etcd/types.js';

export class Layout {
  readonly meta: Buffer;
  readonly head: Buffer;
  readonly copying: Buffer;
  readonly live: Buffer;
  readonly #data: Buffer;

  constructor(prefix: string) {
    this.meta = Buffer.from(`${prefix}meta`);
    this.head = Buffer.from(`${prefix}head`);
    this.copying = Buffer.from(`${prefix}copying`);
    this.live = Buffer.from(`${prefix}live/`);
    this.#data = Buffer.from(`${prefix}data/`);
  }

  key(key: string): Buffer {
    return Buffer.concat([this.#data, Buffer.from(key)]);
  }

  /** The store's key out of etcd's. */
  text(key: Buffer): string {
    return key.toString('utf8', this.#data.length);
  }

  /** All keys with a prefix, those up to and with `after` left out. */
  range(prefix: string, after?: string): Required<Pick<EtcdRange, 'key' | 'end'>> {
    const from = this.key(prefix);
    const end = endOf(from);
    if (after === undefined) return { key: from, end };
    const next = Buffer.concat([this.key(after), ZERO]);
    return { key: from.compare(next) > 0 ? from : next, end };
  }
}

const ZERO = Buffer.from([0]);

/** All keys with a prefix. */
export function allOf(prefix: Buffer): Required<Pick<EtcdRange, 'key' | 'end'>> {
  return { key: prefix, end: endOf(prefix) };
}

/** The first key after all that have the prefix: no UTF-8 has a byte 0xff. */
function endOf(prefix: Buffer): Buffer {
  const end = Buffer.from(prefix);
  const last = end.length - 1;
  end.writeUInt8(end.readUInt8(last) + 1, last);
  return end;
}
