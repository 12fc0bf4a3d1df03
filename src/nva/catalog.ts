/**
 * The model in memory, one revision after another as the store has them. It feeds the compiler,
 * and is never asked for what must be true at this instant: that the store knows.
 */
import type { HeldAddress } from '../model/allowed-address.js';
import type { HostProfileSpec } from '../model/host-profile.js';
import { currentMigration, homeOf, type PlacedEndpoint } from '../model/migration.js';
import { hasSession, type NveSpec, type NveStatus } from '../model/nve.js';
import type { VirtualNetworkSpec } from '../model/virtual-network.js';
import type { KeyValue, Store, StoreEvent } from '../store/store.js';
import type { Change, NveFacts, NveInput } from './compiler/inputs.js';
import { Holdings, type HolderChange } from './mobility/holdings.js';
import {
  HOLDERS,
  parseResourceKey,
  ROOT,
  specKey,
  SPECS,
  statusesOf,
  withdrawalKey,
  WITHDRAWALS,
} from './keys.js';
import { RECORDS, STATUS_RECORDS, type NveStatusRecord } from './records.js';
import { scan } from './scan.js';
import { addTo, removeFrom } from './sets-by-key.js';

export interface CatalogEndpoint {
  readonly spec: PlacedEndpoint;
  /** Revision of its specification. */
  readonly modRevision: number;
  readonly createTime: string;
}

/** A host profile is not compiled: it goes to the hosts as it is. */
export interface HostProfileChange {
  readonly kind: 'HostProfile';
  readonly id: string;
  readonly after: HostProfileSpec | undefined;
}

export type CatalogChange = Change | HostProfileChange;

export function isCompiled(change: CatalogChange): change is Change {
  return change.kind !== 'HostProfile';
}

/** What of an NVE's status is compiled. */
type Facts = Pick<NveStatusRecord, 'underlays' | 'capabilities' | 'awayUnderlays'>;

const NO_FACTS = { underlays: [], providers: [] } as const satisfies NveFacts;

export class Catalog {
  #revision = 0;
  readonly #networks = new Map<string, VirtualNetworkSpec>();
  readonly #vnis = new Set<number>();
  readonly #nves = new Map<string, NveSpec>();
  readonly #facts = new Map<string, Required<NveFacts>>();
  /** NVEs that were found dead. */
  readonly #withdrawn = new Set<string>();
  /** NVEs whose status says that they have no session, and its revision. */
  readonly #sessionless = new Map<string, number>();
  readonly #endpoints = new Map<string, CatalogEndpoint>();
  /** Of each NVE, the endpoints that others look for there. */
  readonly #atHome = new Map<string, Set<string>>();
  /** Addresses of the endpoints of each network. */
  readonly #addresses = new Map<string, Set<string>>();
  /** How many endpoints may have each address, by network. */
  readonly #allowed = new Map<string, Map<string, number>>();
  readonly #holdings = new Holdings();
  /** Of each router. */
  readonly #vrfs = new Map<string, number>();
  readonly #transits = new Map<string, number>();
  /** Ids. */
  readonly #subnets = new Set<string>();
  readonly #hostProfiles = new Set<string>();

  /** Everything up to this revision is in. */
  get revision(): number {
    return this.#revision;
  }

  vniUsed(vni: number): boolean {
    return this.#vnis.has(vni) || [...this.#transits.values()].includes(vni);
  }

  vrfUsed(vrf: number): boolean {
    return [...this.#vrfs.values()].includes(vrf);
  }

  addressUsed(network: string, ip: string): boolean {
    if (this.#addresses.get(network)?.has(ip) === true) return true;
    return (this.#allowed.get(network)?.get(ip) ?? 0) > 0;
  }

  nve(id: string): NveSpec | undefined {
    return this.#nves.get(id);
  }

  /** Of an NVE that there is: it was found dead. */
  isWithdrawn(nve: string): boolean {
    return this.#withdrawn.has(nve) && this.#nves.has(nve);
  }

  /** The revision at which its status said that it has no session; 0: it says that it has one. */
  sessionlessSince(nve: string): number {
    return this.#sessionless.get(nve) ?? 0;
  }

  /** The endpoints that others look for at an NVE. */
  endpointsAt(nve: string): Iterable<string> {
    return this.#atHome.get(nve) ?? [];
  }

  nves(): IterableIterator<[string, NveSpec]> {
    return this.#nves.entries();
  }

  network(id: string): VirtualNetworkSpec | undefined {
    return this.#networks.get(id);
  }

  endpoint(id: string): CatalogEndpoint | undefined {
    return this.#endpoints.get(id);
  }

  /** The allowed addresses that an endpoint has now. */
  heldBy(id: string): readonly HeldAddress[] {
    const endpoint = this.#endpoints.get(id);
    return endpoint === undefined ? [] : this.#holdings.of(id, endpoint);
  }

  /** Ids of the endpoints whose migration goes on. */
  *migrating(): Generator<string> {
    for (const [id, { spec }] of this.#endpoints) if (currentMigration(spec)) yield id;
  }

  /**
   * Reads everything as of one revision, and hands on the changes from nothing to that.
   * @returns for each NVE, the digest of what it had when an earlier process last knew it to be in
   *   step; empty if it was not.
   */
  async load(
    store: Store,
    signal: AbortSignal,
    onChange: (change: CatalogChange) => void,
  ): Promise<ReadonlyMap<string, string>> {
    const { revision } = store.status();
    const at = { revision, signal };
    const digests = new Map<string, string>();
    for await (const kv of scan(store, statusesOf('nves'), at)) {
      const id = kv.key.slice(statusesOf('nves').length);
      const status = STATUS_RECORDS.nves.decode(kv.key, kv.value);
      digests.set(id, status.settledDigest);
      this.#setFacts(id, status);
      this.#setSessionless(id, status, kv.modRevision);
    }
    for await (const kv of scan(store, WITHDRAWALS, at)) this.#put(kv);
    for await (const kv of scan(store, HOLDERS, at)) this.#hold([kv]);
    for await (const kv of scan(store, SPECS, at)) {
      for (const change of this.#put(kv)) onChange(change);
    }
    signal.throwIfAborted();
    this.#revision = revision;
    return new Map([...this.#nves.keys()].map((id) => [id, digests.get(id) ?? '']));
  }

  /**
   * Follows the store from where `load` ended, until the signal. `onCommit` gets the changes of
   * each transaction that has any of ROOT's keys.
   * @throws NfvError of Store.watch
   */
  async follow(
    store: Store,
    signal: AbortSignal,
    onCommit: (
      revision: number,
      changes: readonly CatalogChange[],
      events: readonly StoreEvent[],
    ) => void,
  ): Promise<void> {
    for await (const batch of store.watch({ prefix: ROOT, after: this.#revision, signal })) {
      const changes = [
        ...batch.events.flatMap((event) => this.#take(event)),
        ...this.#hold(batch.events.map(heldIn)),
      ];
      this.#revision = batch.revision;
      onCommit(batch.revision, changes, batch.events);
    }
  }

  /**
   * Reads everything anew, because the history since `revision` is gone.
   * @returns the changes from what was known; many may be none
   * @throws NfvError of Store.range
   */
  async reload(store: Store, signal: AbortSignal): Promise<readonly CatalogChange[]> {
    const { revision } = await store.range({ prefix: ROOT, limit: 1 });
    const at = { revision, signal };
    const found = new Map<string, KeyValue>();
    for await (const kv of scan(store, SPECS, at)) found.set(kv.key, kv);
    for await (const kv of scan(store, WITHDRAWALS, at)) found.set(kv.key, kv);
    const holders: KeyValue[] = [];
    for await (const kv of scan(store, HOLDERS, at)) holders.push(kv);
    const statuses: KeyValue[] = [];
    for await (const kv of scan(store, statusesOf('nves'), at)) statuses.push(kv);
    signal.throwIfAborted();
    // What is gone goes first: others may have its ids and addresses by now.
    const gone = this.#followedKeys().filter((key) => !found.has(key));
    const changes = gone.flatMap((key) => this.#delete(key));
    for (const kv of [...statuses, ...found.values()]) changes.push(...this.#put(kv));
    const there = new Set(holders.map(({ key }) => key));
    const lost = [...this.#holdings.keys()].filter((key) => !there.has(key));
    changes.push(...this.#hold([...lost.map((key) => ({ key, value: undefined })), ...holders]));
    this.#revision = revision;
    return changes;
  }

  #followedKeys(): string[] {
    return [
      ...[...this.#networks.keys()].map((id) => specKey('virtualNetworks', id)),
      ...[...this.#nves.keys()].map((id) => specKey('nves', id)),
      ...[...this.#withdrawn].map(withdrawalKey),
      ...[...this.#endpoints.keys()].map((id) => specKey('endpoints', id)),
      ...[...this.#subnets].map((id) => specKey('subnets', id)),
      ...[...this.#vrfs.keys()].map((id) => specKey('routers', id)),
      ...[...this.#hostProfiles].map((id) => specKey('hostProfiles', id)),
    ];
  }

  #take(event: StoreEvent): CatalogChange[] {
    return event.kind === 'put' ? this.#put(event.kv) : this.#delete(event.key);
  }

  #put({ key, value, modRevision }: KeyValue): CatalogChange[] {
    if (key.startsWith(WITHDRAWALS)) return this.#setWithdrawn(key, true);
    const about = parseResourceKey(key);
    if (about === undefined) return [];
    const { part, collection, id } = about;
    if (part === 'status') {
      if (collection !== 'nves') return [];
      const status = STATUS_RECORDS.nves.decode(key, value);
      this.#setSessionless(id, status, modRevision);
      return this.#setFacts(id, status);
    }
    switch (collection) {
      case 'virtualNetworks': {
        const { spec } = RECORDS.virtualNetworks.decode(key, value);
        const before = this.#networks.get(id);
        if (before !== undefined) this.#vnis.delete(before.vni);
        this.#vnis.add(spec.vni);
        this.#networks.set(id, spec);
        return [{ kind: 'VirtualNetwork', id, after: spec }];
      }
      case 'nves': {
        const { spec } = RECORDS.nves.decode(key, value);
        this.#nves.set(id, spec);
        return [{ kind: 'Nve', id, after: this.#nveInput(id, spec) }];
      }
      case 'endpoints': {
        const { spec, createTime } = RECORDS.endpoints.decode(key, value);
        this.#setEndpoint(id, { spec, modRevision, createTime });
        return this.#endpointChanged(id);
      }
      case 'subnets': {
        const { spec } = RECORDS.subnets.decode(key, value);
        this.#subnets.add(id);
        return [{ kind: 'Subnet', id, after: spec }];
      }
      case 'routers': {
        const { spec } = RECORDS.routers.decode(key, value);
        this.#vrfs.set(id, spec.vrfId);
        this.#transits.set(id, spec.transitVni);
        return [{ kind: 'Router', id, after: spec }];
      }
      case 'hostProfiles':
        this.#hostProfiles.add(id);
        return [{ kind: 'HostProfile', id, after: RECORDS.hostProfiles.decode(key, value).spec }];
    }
  }

  #delete(key: string): CatalogChange[] {
    if (key.startsWith(WITHDRAWALS)) return this.#setWithdrawn(key, false);
    const about = parseResourceKey(key);
    if (about === undefined) return [];
    const { part, collection, id } = about;
    if (part === 'status') {
      if (collection !== 'nves') return [];
      this.#sessionless.delete(id);
      return this.#setFacts(id, NO_FACTS);
    }
    switch (collection) {
      case 'virtualNetworks': {
        const spec = this.#networks.get(id);
        if (spec !== undefined) this.#vnis.delete(spec.vni);
        this.#networks.delete(id);
        this.#addresses.delete(id);
        this.#allowed.delete(id);
        return [{ kind: 'VirtualNetwork', id, after: undefined }];
      }
      case 'nves':
        this.#nves.delete(id);
        return [{ kind: 'Nve', id, after: undefined }];
      case 'endpoints':
        this.#setEndpoint(id, undefined);
        return [{ kind: 'Endpoint', id, after: undefined }];
      case 'subnets':
        this.#subnets.delete(id);
        return [{ kind: 'Subnet', id, after: undefined }];
      case 'routers':
        this.#vrfs.delete(id);
        this.#transits.delete(id);
        return [{ kind: 'Router', id, after: undefined }];
      case 'hostProfiles':
        this.#hostProfiles.delete(id);
        return [{ kind: 'HostProfile', id, after: undefined }];
    }
  }

  #setEndpoint(id: string, after: CatalogEndpoint | undefined): void {
    const before = this.#endpoints.get(id)?.spec;
    for (const ip of before?.ips ?? []) this.#addresses.get(before?.network ?? '')?.delete(ip);
    if (before !== undefined) {
      this.#countAllowed(before, -1);
      removeFrom(this.#atHome, homeOf(before), id);
    }
    if (after === undefined) {
      this.#endpoints.delete(id);
      return;
    }
    this.#endpoints.set(id, after);
    addTo(this.#atHome, homeOf(after.spec), id);
    const { network, ips } = after.spec;
    const addresses = this.#addresses.get(network) ?? new Set();
    this.#addresses.set(network, addresses);
    for (const ip of ips) addresses.add(ip);
    this.#countAllowed(after.spec, 1);
  }

  #countAllowed({ network, allowedAddresses }: PlacedEndpoint, by: 1 | -1): void {
    if (allowedAddresses.length === 0) return;
    const counts = this.#allowed.get(network) ?? new Map<string, number>();
    this.#allowed.set(network, counts);
    for (const { ip } of allowedAddresses) {
      const count = (counts.get(ip) ?? 0) + by;
      if (count > 0) counts.set(ip, count);
      else counts.delete(ip);
    }
  }

  #endpointChanged(id: string): Change[] {
    const endpoint = this.#endpoints.get(id);
    if (endpoint === undefined) return [];
    return [{ kind: 'Endpoint', id, after: this.#holdings.withHeld(id, endpoint) }];
  }

  /** Holders of one transaction, or all of them: an address leaves one before it is another's. */
  #hold(changes: readonly (HolderChange | undefined)[]): Change[] {
    const held = changes.filter((each) => each?.key.startsWith(HOLDERS) === true);
    const result: Change[] = [];
    // Each is looked at when it is told, between what is lost and what is gained.
    for (const id of this.#holdings.take(held.filter((each) => each !== undefined))) {
      result.push(...this.#endpointChanged(id));
    }
    return result;
  }

  /** A status is written often; only what the compiler looks at is a change to it. */
  #setFacts(id: string, { capabilities, ...status }: Facts): Change[] {
    const underlays = [...status.underlays, ...(status.awayUnderlays ?? [])];
    const before = this.#facts.get(id) ?? NO_FACTS;
    const { providers = NO_FACTS.providers } = capabilities ?? {};
    const same =
      before.underlays.length === underlays.length &&
      underlays.every(
        (u, i) => u.address === before.underlays[i]?.address && u.mtu === before.underlays[i].mtu,
      ) &&
      before.providers.length === providers.length &&
      providers.every(
        (p, i) => p.name === before.providers[i]?.name && p.mtu === before.providers[i].mtu,
      );
    if (same) return [];
    this.#facts.set(id, { underlays, providers });
    return this.#nveChanged(id);
  }

  #setSessionless(id: string, status: NveStatus, revision: number): void {
    if (hasSession(status)) this.#sessionless.delete(id);
    else this.#sessionless.set(id, revision);
  }

  #setWithdrawn(key: string, isDead: boolean): Change[] {
    const id = key.slice(WITHDRAWALS.length);
    if (this.#withdrawn.has(id) === isDead) return [];
    if (isDead) this.#withdrawn.add(id);
    else this.#withdrawn.delete(id);
    return this.#nveChanged(id);
  }

  #nveChanged(id: string): Change[] {
    const spec = this.#nves.get(id);
    return spec === undefined ? [] : [{ kind: 'Nve', id, after: this.#nveInput(id, spec) }];
  }

  #nveInput(id: string, spec: NveSpec): NveInput {
    return { spec, ...(this.#facts.get(id) ?? NO_FACTS), withdrawn: this.#withdrawn.has(id) };
  }
}

function heldIn(event: StoreEvent): HolderChange {
  if (event.kind === 'delete') return { key: event.key, value: undefined };
  return { key: event.kv.key, value: event.kv.value };
}
