/** Makes events of what happens to resources, sessions and items. */
import { timestamp, type Clock } from '../../model/clock.js';
import type { Log } from '../../model/log.js';
import { placeAt } from '../../model/migration.js';
import { formatName, type Collection } from '../../model/names.js';
import type { Drift } from '../../model/nve.js';
import { MISSED, type NvaEvent } from '../../model/observation.js';
import type { StoreEvent } from '../../store/store.js';
import type { Catalog } from '../catalog.js';
import { authorshipIn, BY_ITSELF } from '../changes/record.js';
import { EventRing } from './event-ring.js';
import { CHANGES, HOLDERS, parseResourceKey } from '../keys.js';
import { HOLDER_RECORD, NETWORK_STATUS_RECORD } from '../mobility/records.js';
import type { Committed } from '../origins.js';
import type { Progress } from '../sessions/progress.js';
import { RECORDS } from '../records.js';
import { TellingShare } from './telling-share.js';

/** In a minute, of one NVE: of its items, and of its sessions. */
export const MAX_ITEM_EVENTS = 1000;
export const MAX_SESSION_EVENTS = 100;

type Owner = NvaEvent['tenant'];
type NewEvent = Omit<NvaEvent, 'sequence' | 'time' | 'replica'>;

const BLANK = { nve: '', revision: 0, code: '', message: '', traceId: '' };

export class Happenings {
  readonly all = new EventRing();
  /** Those of sessions, which no other replica knows of. */
  readonly own = new EventRing();
  /** Why items fail, by NVE and key: told once for each reason. */
  readonly #failing = new Map<string, Map<string, string>>();
  /** When the last one was that was told, in milliseconds since the epoch. */
  #latest = 0;
  readonly #ofItems: TellingShare;
  readonly #ofSessions: TellingShare;

  constructor(
    private readonly clock: Pick<Clock, 'now' | 'monotonic'>,
    private readonly catalog: Catalog,
    private readonly log: Pick<Log, 'warn'>,
    /** Where others reach this one; empty: nowhere. */
    private readonly replica = '',
  ) {
    this.#ofItems = new TellingShare(clock, MAX_ITEM_EVENTS);
    this.#ofSessions = new TellingShare(clock, MAX_SESSION_EVENTS);
  }

  /** @param by undefined: another replica did it */
  committed(revision: number, events: readonly StoreEvent[], by: Committed | undefined): void {
    const { who, traceId, at } = authorshipOf(events, by);
    const gone = tenantsOfGone(events);
    for (const event of events) {
      const about = parseResourceKey(event.kind === 'put' ? event.kv.key : event.key);
      this.#raised(about, event, revision);
      this.#held(event, revision);
      if (about?.part !== 'spec') continue;
      const { collection, id } = about;
      const kind =
        event.kind === 'delete'
          ? 'DELETED'
          : event.kv.createRevision === revision
            ? 'CREATED'
            : 'UPDATED';
      const common = { kind, resource: formatName(collection, id), revision, who } as const;
      const tenant = this.#ownerOf(collection, event, gone);
      this.#add({ ...BLANK, ...common, tenant, traceId }, at);
    }
  }

  /** Addresses of a network that have moved too often. */
  #raised(about: ReturnType<typeof parseResourceKey>, event: StoreEvent, revision: number): void {
    if (about?.part !== 'status' || about.collection !== 'virtualNetworks') return;
    if (event.kind !== 'put') return;
    const { key, value } = event.kv;
    const { duplicates, raised } = NETWORK_STATUS_RECORD.decode(key, value);
    for (const each of duplicates.filter(({ address }) => raised.includes(address))) {
      const { address, endpoint, nve, moves, until } = each;
      const code = 'DUPLICATE_ADDRESS';
      const fields = { network: about.id, address, endpoint, nve, moves, until, code };
      this.log.warn(fields, 'an address has moved too often, and stays where it is');
      const message = `${address} of endpoints/${endpoint} has moved ${moves} times, and stays where it is`;
      const tenant = this.catalog.network(about.id)?.tenant;
      const resource = formatName('virtualNetworks', about.id);
      this.#add({
        ...BLANK,
        kind: 'DUPLICATE',
        resource,
        tenant,
        who: '',
        nve,
        revision,
        code,
        message,
      });
    }
  }

  /** An allowed address that came to an endpoint. */
  #held(event: StoreEvent, revision: number): void {
    if (event.kind !== 'put' || !event.kv.key.startsWith(HOLDERS)) return;
    const { key, value } = event.kv;
    const [network = '', ip = ''] = key.slice(HOLDERS.length).split('/');
    const { endpoint, mac, from } = HOLDER_RECORD.decode(key, value);
    const tenant = this.catalog.network(network)?.tenant;
    const nve = this.catalog.endpoint(endpoint)?.spec.nve ?? '';
    const before = from === undefined || from === endpoint ? '' : `, it was at endpoints/${from}`;
    const message = `${ip} was seen here with ${mac}${before}`;
    const common = { kind: 'ADDRESS_MOVED', resource: formatName('endpoints', endpoint) } as const;
    this.#add({ ...BLANK, ...common, tenant, who: `nve/${nve}`, nve, revision, message });
  }

  connected(nve: string, peer: string): void {
    this.#ofNve(nve, { kind: 'NVE_CONNECTED', message: peer }, this.#ofSessions);
  }

  lost(nve: string): void {
    this.#failing.delete(nve);
    const message = 'its session has ended';
    this.#ofNve(nve, { kind: 'NVE_LOST', message }, this.#ofSessions);
  }

  drifted(nve: string, drifts: readonly Drift[]): void {
    for (const { key, difference, action } of drifts) {
      const message = `${key}: ${difference} (${action})`;
      this.#ofItem(nve, key, { kind: 'DRIFT', message });
    }
  }

  /** The state of these items may be another. */
  progressed(nve: string, keys: readonly string[] | 'all', progress: Progress): void {
    const failing = this.#failing.get(nve) ?? new Map<string, string>();
    const looked = keys === 'all' ? progress.failures.map(({ key }) => key) : keys;
    for (const key of looked) {
      const state = progress.stateOf(key);
      if (typeof state === 'string') {
        if (state === 'applied') failing.delete(key);
      } else if (failing.get(key) !== state.code) {
        failing.set(key, state.code);
        const message = `${key}: ${state.message}`;
        this.#ofItem(nve, key, { kind: 'APPLY_FAILED', code: state.code, message });
      }
    }
    if (failing.size > 0) this.#failing.set(nve, failing);
    else this.#failing.delete(nve);
  }

  /** A port of an endpoint that has a place there is the endpoint's; all else, whatever an NVE says, is its own. */
  #ofItem(
    nve: string,
    key: string,
    event: Pick<NewEvent, 'kind' | 'message'> & Partial<NewEvent>,
  ): void {
    const id = key.startsWith('port/') ? key.slice('port/'.length) : '';
    const endpoint = this.catalog.endpoint(id);
    if (endpoint === undefined || placeAt(endpoint.spec, nve) === undefined) {
      this.#ofNve(nve, event, this.#ofItems);
      return;
    }
    const tenant = this.catalog.network(endpoint.spec.network)?.tenant;
    const resource = formatName('endpoints', id);
    const told = { ...BLANK, resource, tenant, who: `nve/${nve}`, nve, ...event };
    this.#addOwn(told, this.#ofItems);
  }

  #ofNve(
    nve: string,
    event: Pick<NewEvent, 'kind' | 'message'> & Partial<NewEvent>,
    share: TellingShare,
  ): void {
    const resource = formatName('nves', nve);
    this.#addOwn({ ...BLANK, resource, tenant: '', who: `nve/${nve}`, nve, ...event }, share);
  }

  #addOwn(event: NewEvent, share: TellingShare): void {
    const { nve, who } = event;
    switch (share.take(nve)) {
      case 'yes':
        this.own.add(this.#add(event));
        return;
      case 'no longer': {
        const message = `more than ${share.perMinute} in a minute: what else happens there in this one is not told`;
        const resource = formatName('nves', nve);
        const fields = { ...{ resource, who, nve, message }, code: 'TOO_MANY_REQUESTS' };
        this.own.add(this.#add({ ...MISSED, ...fields }));
        return;
      }
      case 'no':
    }
  }

  /**
   * @param at when it was, in milliseconds since the epoch, where that was before now: others may have told what
   *   came of it by then. What is told stays in the order of time.
   */
  #add(event: NewEvent, at?: number): NvaEvent {
    const { replica, all } = this;
    const sequence = event.kind === 'MISSED' ? 0 : all.next;
    const now = this.clock.now();
    this.#latest = at === undefined ? now : Math.min(now, Math.max(this.#latest, at));
    const told = { ...event, replica, sequence, time: timestamp(this.#latest) };
    all.add(told);
    return told;
  }

  /** @param gone tenants of the networks that the same commit has deleted */
  #ownerOf(collection: Collection, event: StoreEvent, gone: ReadonlyMap<string, string>): Owner {
    const key = event.kind === 'put' ? event.kv.key : event.key;
    const value = event.kind === 'put' ? event.kv.value : event.previous;
    switch (collection) {
      case 'nves':
      case 'hostProfiles':
        return '';
      case 'virtualNetworks':
      case 'routers':
        return value === undefined ? undefined : RECORDS[collection].decode(key, value).spec.tenant;
      case 'subnets':
      case 'endpoints': {
        if (value === undefined) return undefined;
        const { network } = RECORDS[collection].decode(key, value).spec;
        return this.catalog.network(network)?.tenant ?? gone.get(network);
      }
    }
  }
}

/** Of networks that the catalog does not have any more, by id. */
function tenantsOfGone(events: readonly StoreEvent[]): ReadonlyMap<string, string> {
  const tenants = new Map<string, string>();
  for (const event of events) {
    if (event.kind !== 'delete' || event.previous === undefined) continue;
    const about = parseResourceKey(event.key);
    if (about?.part !== 'spec' || about.collection !== 'virtualNetworks') continue;
    const { spec } = RECORDS.virtualNetworks.decode(event.key, event.previous);
    tenants.set(about.id, spec.tenant);
  }
  return tenants;
}

interface CommitAuthorship extends Pick<NvaEvent, 'who' | 'traceId'> {
  /** When it was made, in milliseconds since the epoch; undefined: nobody knows. */
  readonly at: number | undefined;
}

/** The change's record tells; its author is better known by the call of this process that made it. */
function authorshipOf(events: readonly StoreEvent[], by: Committed | undefined): CommitAuthorship {
  const record = events.find((event) => event.kind === 'put' && event.kv.key.startsWith(CHANGES));
  const told = record?.kind === 'put' ? authorshipIn(record.kv.value) : undefined;
  const time = Date.parse(told?.time ?? '');
  const at = Number.isNaN(time) ? undefined : time;
  if (by?.origin !== undefined) {
    const { who, trace } = by.origin;
    return { who, traceId: trace.traceId, at };
  }
  const { who = '', traceId = '' } = told ?? {};
  return { who: who === BY_ITSELF ? '' : who, traceId, at };
}
