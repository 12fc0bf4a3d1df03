/**
 * Who has a virtual address: the endpoint at whose port an NVE saw it last. It is in the store, written with a
 * compare, so that any replica goes on where another ended; each move counts as any other address's does, and
 * what moves too often stays where it is (moves.ts).
 */
import { NfvError } from '../../errors.js';
import { isAllowed, type ToldSighting } from '../../model/allowed-address.js';
import { delay, timestamp, type Clock } from '../../model/clock.js';
import { errorFields, type Log } from '../../model/log.js';
import { placeAt, type PlacedEndpoint } from '../../model/migration.js';
import type { KeyValue, Store, WriteOp } from '../../store/store.js';
import { withJoined } from '../joined-signal.js';
import { holderKey, HOLDERS, holdersGenerationKey, holdersOf, specKey } from '../keys.js';
import { RECORDS, type SpecRecord } from '../records.js';
import type { Guard } from '../resources/resource-rules.js';
import { scan } from '../scan.js';
import { write, type Attempt } from '../resources/write.js';
import { isInForce } from './holdings.js';
import { createTimeOf, MoveCount, type MovesDeps } from './move-count.js';
import { HOLDER_RECORD, type HolderRecord } from './records.js';

export interface HoldersDeps extends MovesDeps {
  readonly store: Store;
  readonly clock: Pick<Clock, 'after' | 'monotonic'>;
  readonly log: Pick<Log, 'warn' | 'debug'>;
  readonly signal: AbortSignal;
}

/** Sightings that wait to be looked at; of more the oldest are left out: what was seen last counts. */
const MAX_WAITING = 10_000;
/** Between attempts while the store cannot write, in milliseconds: each pause twice as long as the one before. */
const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 5000;
/** How long after it was told a sighting is given up, in milliseconds. */
const MAX_WAIT_MS = 60_000;
/** Addresses that one MAC takes along. */
const MAX_TOGETHER = 32;

/** An age up to which nobody asks whether others were seen since, in milliseconds. */
const FRESH_MS = 1000;

const NOTHING = { kind: 'done', result: undefined } as const;

interface Seen extends ToldSighting {
  readonly nve: string;
  /** When it was told, in milliseconds of the monotonic clock. */
  readonly toldAt: number;
}

export class Holders {
  /** By NVE, endpoint and address, the last one last; a newer one takes the place of an older. */
  readonly #waiting = new Map<string, Seen>();
  /** That is being stored. */
  #current: Seen | undefined;
  #leftOut = 0;
  #working: Promise<void> | undefined;
  readonly #closing = new AbortController();

  constructor(private readonly deps: HoldersDeps) {}

  /** Sightings that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** An NVE has seen addresses. What it may not say is left out. */
  saw(nve: string, sightings: readonly ToldSighting[]): void {
    for (const each of sightings) {
      const key = `${nve} ${each.endpoint} ${each.ip}`;
      // What was seen last is looked at last.
      this.#waiting.delete(key);
      if (this.#waiting.size >= MAX_WAITING) this.#leaveOut();
      this.#waiting.set(key, { ...each, nve, toldAt: this.deps.clock.monotonic() });
    }
    // With nothing to do it would be over before it is noted that it goes on.
    if (this.#waiting.size > 0) this.#working ??= this.#work();
  }

  #leaveOut(): void {
    const [oldest] = this.#waiting.keys();
    if (oldest !== undefined) this.#waiting.delete(oldest);
    if (this.#leftOut++ === 0) {
      this.deps.log.warn({ waiting: MAX_WAITING }, 'the oldest sightings are left out');
    }
  }

  /** It has no session here any more: it tells what is so then when it has one again, here or elsewhere. */
  lost(nve: string): void {
    for (const [key, seen] of this.#waiting) if (seen.nve === nve) this.#waiting.delete(key);
    if (this.#current?.nve === nve) this.#current = undefined;
  }

  /** What is being written is. */
  async close(): Promise<void> {
    this.#waiting.clear();
    this.#closing.abort();
    await this.#working;
  }

  /** Throws nothing: whoever tells next begins it anew, once it has ended with nothing left. */
  async #work(): Promise<void> {
    for (const [key, seen] of this.#waiting) {
      if (this.#isOver) break;
      this.#waiting.delete(key);
      this.#current = seen;
      await this.#storeInTheEnd(key, seen);
    }
    this.#current = undefined;
    this.#leftOut = 0;
    this.#working = undefined;
  }

  get #isOver(): boolean {
    return this.deps.signal.aborted || this.#closing.signal.aborted;
  }

  /** Those that were seen later wait, so that theirs is the last word. */
  async #storeInTheEnd(key: string, seen: Seen): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; !(await this.#store(seen));) {
      await this.#pause(pauseMs);
      // Or it was seen again, which is looked at in its turn; or who saw it is gone.
      if (this.#isOver || this.#waiting.has(key) || this.#current !== seen) return;
      pauseMs = Math.min(2 * pauseMs, LAST_PAUSE_MS);
    }
  }

  /** Ends early with all the rest. */
  async #pause(ms: number): Promise<void> {
    const { clock, signal } = this.deps;
    const either = [signal, this.#closing.signal];
    await withJoined(either, (ended) => delay(clock, ms, ended)).catch(() => undefined);
  }

  /** @returns false: it is to be tried again */
  async #store(seen: Seen): Promise<boolean> {
    const { signal, store, log, clock } = this.deps;
    try {
      await write(store, { signal }, () => this.#plan(seen));
    } catch (thrown) {
      if (signal.aborted) return true;
      const error = NfvError.from(thrown);
      // A guest that keeps its address may never tell again.
      if (error.retriable && clock.monotonic() - seen.toldAt < MAX_WAIT_MS) return false;
      const { nve, endpoint, ip, mac } = seen;
      log.warn({ nve, endpoint, ip, mac, ...errorFields(error) }, 'a sighting is not stored');
    }
    return true;
  }

  async #plan(seen: Seen): Promise<Attempt<undefined>> {
    const { store, log } = this.deps;
    const spec = await this.#read(seen.endpoint);
    if (spec === undefined || !mayTell(seen, spec.record)) {
      const { nve, endpoint, ip, mac } = seen;
      log.debug({ nve, endpoint, ip, mac }, 'a sighting of what the endpoint may not have there');
      return NOTHING;
    }
    const { network } = spec.record.spec;
    const key = holderKey(network, seen.ip);
    const kv = await store.get(key);
    const before = kv && HOLDER_RECORD.decode(kv.key, kv.value);
    const { createTime: endpointTime } = spec.record;
    const isKnown =
      before?.endpoint === seen.endpoint &&
      before.endpointTime === endpointTime &&
      before.mac === seen.mac;
    if (isKnown || (before !== undefined && this.#isOvertaken(seen, before))) return NOTHING;
    return this.#move(seen, spec, kv, before);
  }

  async #move(
    seen: Seen,
    { kv: specKv, record }: ReadSpec,
    kv: KeyValue | undefined,
    before: HolderRecord | undefined,
  ): Promise<Attempt<undefined>> {
    const { store } = this.deps;
    const { spec, createTime: endpointTime } = record;
    const { network } = spec;
    const networkTime = await createTimeOf(store, network);
    if (networkTime === undefined) return NOTHING;
    const generation = holdersGenerationKey(network);
    const guards: Guard[] = [same(specKv.key, specKv), same(holderKey(network, seen.ip), kv)];
    guards.push(same(generation, await store.get(generation)));
    const to = { endpoint: seen.endpoint, nve: seen.nve };
    const count = new MoveCount(this.deps, network, networkTime, to);
    const status = await count.status();
    const others = seen.mac === spec.mac ? [] : await this.#withMac(network, seen);
    const from = await this.#holderOf(network, seen.ip, before);
    const isMove = from !== undefined && from !== seen.endpoint;
    const taken = [...(isMove ? [seen.ip] : []), ...others.map(({ ip }) => ip)];
    const frozen = taken.find((ip) => count.frozen(status, ip) !== undefined);
    if (frozen !== undefined) {
      const { nve, endpoint, ip, mac } = seen;
      this.deps.log.debug(
        { nve, endpoint, ip, mac, frozen },
        'a frozen address was seen elsewhere',
      );
      return NOTHING;
    }
    if (isMove) {
      count.count({ kind: 'IP', address: seen.ip }, await count.moves(seen.ip));
    }
    const traces = await count.traces(status);
    const holder = (was: string | undefined): string =>
      HOLDER_RECORD.encode({
        ...{ endpoint: seen.endpoint, endpointTime, mac: seen.mac },
        since: timestamp(this.#seenAt(seen)),
        ...(was === undefined ? {} : { from: was }),
      });
    const ops: WriteOp[] = [
      { kind: 'put', key: holderKey(network, seen.ip), value: holder(from) },
      { kind: 'put', key: generation, value: '' },
      // A MAC is in one place: with it goes all that is known by it, or nobody has it.
      ...others.map(({ ip, endpoint }): WriteOp => {
        const key = holderKey(network, ip);
        const mayHave = isAllowed({ ip, mac: seen.mac }, spec);
        return mayHave ? { kind: 'put', key, value: holder(endpoint) } : { kind: 'delete', key };
      }),
      ...traces.ops,
    ];
    const finish = (): Promise<undefined> => Promise.resolve(undefined);
    return { kind: 'commit', dryRun: false, guards: [...guards, ...traces.guards], ops, finish };
  }

  /** Other addresses of the network that another endpoint has with the MAC. */
  async #withMac(
    network: string,
    { endpoint, ip, mac }: Seen,
  ): Promise<{ readonly ip: string; readonly endpoint: string }[]> {
    const found: { ip: string; endpoint: string }[] = [];
    const prefix = holdersOf(network);
    for await (const kv of scan(this.deps.store, prefix, { signal: this.deps.signal })) {
      const record = HOLDER_RECORD.decode(kv.key, kv.value);
      const other = kv.key.slice(prefix.length);
      if (other === ip || record.mac !== mac || record.endpoint === endpoint) continue;
      found.push({ ip: other, endpoint: record.endpoint });
      if (found.length === MAX_TOGETHER) break;
    }
    return found;
  }

  /** Undefined: nobody has the address, whatever the record says. */
  async #holderOf(
    network: string,
    ip: string,
    record: HolderRecord | undefined,
  ): Promise<string | undefined> {
    if (record === undefined) return undefined;
    const holder = await this.#read(record.endpoint);
    return isInForce(record, ip, network, holder?.record) ? record.endpoint : undefined;
  }

  /** Milliseconds. */
  #ageOf({ toldAt, ageMs }: Seen): number {
    return this.deps.clock.monotonic() - toldAt + ageMs;
  }

  /** Milliseconds since the epoch. */
  #seenAt(seen: Seen): number {
    return this.deps.now() - this.#ageOf(seen);
  }

  /** It had to wait, and somebody else was seen since. What is fresh is believed, however replicas' clocks stand. */
  #isOvertaken(seen: Seen, { endpoint, since }: HolderRecord): boolean {
    if (this.#ageOf(seen) <= FRESH_MS || endpoint === seen.endpoint) return false;
    return this.#seenAt(seen) < Date.parse(since);
  }

  #read(endpoint: string): Promise<ReadSpec | undefined> {
    return readSpec(this.deps.store, endpoint);
  }
}

interface ReadSpec {
  readonly kv: KeyValue;
  readonly record: SpecRecord<PlacedEndpoint>;
}

async function readSpec(
  store: Pick<Store, 'get'>,
  endpoint: string,
): Promise<ReadSpec | undefined> {
  const kv = await store.get(specKey('endpoints', endpoint));
  return kv && { kv, record: RECORDS.endpoints.decode(kv.key, kv.value) };
}

/** An NVE tells only of its own endpoints, and of what they may have. */
function mayTell({ nve, ip, mac }: Seen, { spec }: SpecRecord<PlacedEndpoint>): boolean {
  if (spec.adminState === 'DOWN' || placeAt(spec, nve)?.delivers !== true) return false;
  return isAllowed({ ip, mac }, spec);
}

function same(key: string, kv: KeyValue | undefined): Guard {
  const compare = { kind: 'revision', key, revision: kv?.modRevision ?? 0 } as const;
  return { compare, onFail: 'retry' };
}

/**
 * Forgets holders that are none any more: the endpoint is gone, or may not have the address. Whoever writes one
 * at the same moment wins.
 * @returns how many they were
 */
export async function forgetHolders(store: Store, signal: AbortSignal): Promise<number> {
  let count = 0;
  for await (const { key, value, modRevision } of scan(store, HOLDERS, { signal })) {
    const [network = '', ip = ''] = key.slice(HOLDERS.length).split('/');
    const record = HOLDER_RECORD.decode(key, value);
    const holder = await readSpec(store, record.endpoint);
    if (isInForce(record, ip, network, holder?.record)) continue;
    const compare = [{ kind: 'revision', key, revision: modRevision } as const];
    if ((await store.txn({ compare, ops: [{ kind: 'delete', key }] })).succeeded) count++;
  }
  return count;
}
