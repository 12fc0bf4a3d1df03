/**
 * An NVE that speaks the protocol in full (docs/nve-protocol.md) and keeps of each item no more than
 * the digest needs: thousands of them fit into a process. It applies at once.
 */
import { randomUUID } from 'node:crypto';
import {
  Digest,
  MAX_ENTRIES,
  PROTOCOL_VERSION,
  type Delta,
  type Epoch,
  type Hello,
  type ItemReport,
  type Welcome,
} from '../../src/model/southbound.js';
import type { NveSessionClient, NveSideStream } from '../../src/rpc/nve-client.js';
import { LINUX_LIKE } from '../../test/support/fake-nve.js';
import { Peer } from './peer.js';

export class ScaleNve extends Peer {
  readonly #uuid = randomUUID();
  #held = new Map<string, string>();
  #digest = new Digest();
  #epoch: Epoch = { storeId: '', number: 0 };
  #revision = 0;
  #sequence = 0;

  constructor(
    name: string,
    private readonly socket: string,
    private readonly client: NveSessionClient,
  ) {
    super(name);
  }

  /** It loses all that it holds; it is to be cut then. */
  forget(): void {
    this.#held = new Map();
    this.#digest = new Digest();
    this.#revision = 0;
  }

  protected async session(): Promise<void> {
    const stream = this.client.connect({ kind: 'unix', path: this.socket }, undefined);
    this.#sequence = 0;
    try {
      await stream.send(this.#hello());
      for await (const message of stream.incoming) {
        if (message.kind === 'welcome') await this.#welcomed(stream, message);
        else if (message.kind === 'delta') await this.#take(stream, message);
        else throw new Error(`${message.kind} was not to be expected`);
      }
    } finally {
      stream.end();
    }
  }

  #hello(): Hello {
    return {
      kind: 'hello',
      protocolVersions: [PROTOCOL_VERSION],
      nve: this.name,
      nodeUuid: this.#uuid,
      agentVersion: '0.0.0-bench',
      capabilities: LINUX_LIKE,
      underlays: [],
      epoch: this.#epoch,
      revision: this.#revision,
      digest: this.#digest.text,
      itemCount: this.#held.size,
      takesHostOffers: false,
      probesUnderlay: false,
    };
  }

  async #welcomed(stream: NveSideStream, welcome: Welcome): Promise<void> {
    this.#epoch = welcome.epoch;
    if (!welcome.sendHeldItems) {
      await this.#report(stream, []);
      this.nowInStep();
      return;
    }
    const held = [...this.#held].map(([key, version]) => ({ key, version }));
    for (let from = 0, last = false; !last; from += MAX_ENTRIES) {
      last = from + MAX_ENTRIES >= held.length;
      const entries = held.slice(from, from + MAX_ENTRIES);
      await stream.send({ kind: 'held_items', entries, last });
    }
  }

  async #take(stream: NveSideStream, delta: Delta): Promise<void> {
    if (delta.sequence !== ++this.#sequence) throw new Error(`a delta before ${delta.sequence}`);
    this.deltas++;
    this.items += delta.upserts.length + delta.removes.length;
    const reports: ItemReport[] = [
      ...delta.upserts.map(({ key, version }) => ({ key, version })),
      ...delta.removes.map((key) => ({ key, version: '' })),
    ];
    for (const { key, version } of reports) this.#hold(key, version);
    this.#revision = delta.revision;
    await stream.send({ kind: 'delta_reply', sequence: delta.sequence });
    await this.#report(stream, reports);
    if (delta.complete) this.nowInStep();
  }

  #hold(key: string, version: string): void {
    const before = this.#held.get(key);
    if (before !== undefined) this.#digest.toggle(key, before);
    if (version === '') {
      this.#held.delete(key);
    } else {
      this.#held.set(key, version);
      this.#digest.toggle(key, version);
    }
  }

  #report(stream: NveSideStream, entries: readonly ItemReport[]): Promise<void> {
    const epoch = this.#epoch.number;
    return stream.send({ kind: 'item_reports', epoch, entries, settledRevision: this.#revision });
  }
}
