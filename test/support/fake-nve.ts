/** An NVE that speaks the real protocol over a real stream, with no dataplane behind it. */
import { randomUUID } from 'node:crypto';
import type { OfferedProfile } from '../../src/model/host/offer.js';
import type { Item } from '../../src/model/item.js';
import type { Capabilities, Underlay } from '../../src/model/nve.js';
import { ITEM_KINDS } from '../../src/model/item.js';
import {
  NO_ANSWER,
  type ItemSight,
  type Query,
  type QueryReply,
  type ReachState,
} from '../../src/model/query.js';
import {
  Digest,
  PROTOCOL_VERSION,
  type Delta,
  type Epoch,
  type Hello,
  type ItemReport,
  type Welcome,
} from '../../src/model/southbound.js';
import { NveSessionClient, type NveSideStream } from '../../src/rpc/nve-client.js';

export const LINUX_LIKE: Capabilities = {
  dataplane: 'linux',
  dataplaneVersion: '6.1.0',
  itemKinds: ITEM_KINDS,
  encapsulations: ['vxlan'],
  portKinds: ['veth', 'tap'],
  bumModes: ['head_end', 'multicast', 'none'],
  seesAddresses: true,
};

/** Of every port. */
export const COUNTED = { rxPackets: 10, rxBytes: 1000, txPackets: 5, txBytes: 500, drops: 1 };

export interface FakeNveOptions {
  readonly name: string;
  /** Of the NVA's socket. */
  readonly socket: string;
  readonly client?: NveSessionClient;
  readonly nodeUuid?: string;
  readonly capabilities?: Capabilities;
  readonly underlays?: readonly Underlay[];
  /** It keeps host profiles; false: it is of before there were any. */
  readonly takesHostOffers?: boolean;
  /** What it finds of another VTEP; absent: it cannot probe. */
  readonly reach?: (remote: string) => ReachState;
  /** What becomes of an item; undefined: applied. */
  readonly judge?: (item: Item) => ItemReport['failure'];
  /** Called with a welcome before that is answered. */
  readonly onWelcome?: () => void | Promise<void>;
  /** Called with each delta before it is answered. */
  readonly onDelta?: (delta: Delta) => void | Promise<void>;
}

export class FakeNve {
  readonly items = new Map<string, Item>();
  readonly deltas: Delta[] = [];
  /** Host profiles, in the order in which they came. */
  readonly offers: OfferedProfile[] = [];
  /** What it sees when it is asked to look, where that is not as wanted. */
  readonly sights = new Map<string, ItemSight>();
  readonly #options: FakeNveOptions;
  readonly #client: NveSessionClient;
  readonly #uuid: string;
  #stream: NveSideStream | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  epoch: Epoch = { storeId: '', number: 0 };
  revision = 0;
  welcome: Welcome | undefined;

  constructor(options: FakeNveOptions) {
    this.#options = options;
    this.#client = options.client ?? new NveSessionClient();
    this.#uuid = options.nodeUuid ?? randomUUID();
  }

  get stream(): NveSideStream {
    if (this.#stream === undefined) throw new Error('not connected');
    return this.#stream;
  }

  /** Says hello; the session runs until `disconnect`. */
  async connect(change: Partial<Hello> = {}): Promise<void> {
    const address = { kind: 'unix', path: this.#options.socket } as const;
    this.welcome = undefined;
    this.#stream = this.#client.connect(address, undefined);
    this.#ended = this.#run(this.#stream).then(
      () => undefined,
      (error: unknown) => error,
    );
    await this.#stream.send({ ...this.hello(), ...change });
  }

  hello(): Hello {
    const digest = new Digest();
    for (const { key, version } of this.items.values()) digest.toggle(key, version);
    return {
      kind: 'hello',
      protocolVersions: [PROTOCOL_VERSION],
      nve: this.#options.name,
      nodeUuid: this.#uuid,
      agentVersion: '0.0.0-fake',
      capabilities: this.#options.capabilities ?? LINUX_LIKE,
      underlays: this.#options.underlays ?? [],
      epoch: this.epoch,
      revision: this.revision,
      digest: digest.text,
      itemCount: this.items.size,
      takesHostOffers: this.#options.takesHostOffers ?? false,
      probesUnderlay: this.#options.reach !== undefined,
    };
  }

  /** What the session ended with; undefined: without an error. */
  get ended(): Promise<unknown> {
    return this.#ended;
  }

  /** Says that it has seen an address at the port of an endpoint. */
  sees(endpoint: string, ip: string, mac: string, ageMs = 0): Promise<void> {
    const sightings = [{ endpoint, ip, mac, ageMs }];
    return this.stream.send({ kind: 'address_sightings', sightings });
  }

  async disconnect(): Promise<void> {
    this.#stream?.end();
    await this.#ended;
    this.#stream = undefined;
    this.welcome = undefined;
  }

  async #run(stream: NveSideStream): Promise<void> {
    for await (const message of stream.incoming) {
      if (message.kind === 'welcome') await this.#onWelcome(stream, message);
      else if (message.kind === 'delta') await this.#onDelta(stream, message);
      else if (message.kind === 'query') await stream.send(this.#answer(message));
      else if (message.kind === 'host_offer') this.offers.push(message.offer);
      else throw message.error;
    }
  }

  async #onWelcome(stream: NveSideStream, welcome: Welcome): Promise<void> {
    this.welcome = welcome;
    this.epoch = welcome.epoch;
    await this.#options.onWelcome?.();
    if (welcome.sendHeldItems) {
      const entries = [...this.items.values()].map(({ key, version }) => ({ key, version }));
      await stream.send({ kind: 'held_items', entries, last: true });
      return;
    }
    await this.#report(stream, []);
  }

  async #onDelta(stream: NveSideStream, delta: Delta): Promise<void> {
    this.deltas.push(delta);
    await this.#options.onDelta?.(delta);
    for (const item of delta.upserts) this.items.set(item.key, item);
    for (const key of delta.removes) this.items.delete(key);
    this.revision = delta.revision;
    await stream.send({ kind: 'delta_reply', sequence: delta.sequence });
    await this.#report(stream, [
      ...delta.upserts.map((item) => this.#judge(item)),
      ...delta.removes.map((key) => ({ key, version: '' })),
    ]);
  }

  /** All that it holds is as wanted, unless a test says otherwise. */
  #answer({ id, what, keys, paths }: Query): QueryReply {
    const sights = keys.map((key): ItemSight => {
      const state = this.items.has(key) ? 'AS_WANTED' : 'UNWANTED';
      return this.sights.get(key) ?? { key, state, detail: '' };
    });
    const counters = keys.map((key) => ({ key, ...COUNTED }));
    const reply = { kind: 'query_reply', id, ...NO_ANSWER } as const;
    if (what === 'REACH') {
      const { reach } = this.#options;
      const reaches = paths.map((path) => {
        return { ...path, state: reach?.(path.remote) ?? ('UNKNOWN' as const), detail: '' };
      });
      return { ...reply, reaches };
    }
    return what === 'LOOK' ? { ...reply, sights } : { ...reply, counters };
  }

  #judge(item: Item): ItemReport {
    const failure = this.#options.judge?.(item);
    const { key, version } = item;
    return failure === undefined ? { key, version } : { key, version, failure };
  }

  #report(stream: NveSideStream, entries: readonly ItemReport[]): Promise<void> {
    const epoch = this.epoch.number;
    return stream.send({ kind: 'item_reports', epoch, entries, settledRevision: this.revision });
  }
}
