/**
 * Counts how often each address of a network moves, with the writes that move it, and refuses the moves of one
 * that has moved too often: it is with two machines, and each time it moves, it is taken from one of them
 * (RFC 7432 §15.1, RFC 9161 §3.7). What is counted is in the store: any replica goes on where another ended.
 */
import { isDeepStrictEqual } from 'node:util';
import { invalidFields, NfvError, type FieldViolation } from '../../errors.js';
import { canonicalJson } from '../../model/canonical.js';
import { timestamp } from '../../model/clock.js';
import type { AddressKind, DuplicateAddress, DuplicateLimits } from '../../model/duplicates.js';
import type { Endpoint } from '../../model/endpoint.js';
import { currentMigration, type PlacedEndpoint } from '../../model/migration.js';
import type { WriteOp } from '../../store/store.js';
import { movesKey, specKey, statusKey } from '../keys.js';
import type { Reads } from '../reads.js';
import { decodeKv, RECORDS } from '../records.js';
import type { Guard, ResourceRules, Traces } from '../resource-rules.js';
import {
  isFrozen,
  MOVES_RECORD,
  NETWORK_STATUS_RECORD,
  NO_NETWORK_STATUS,
  type MovesRecord,
  type NetworkStatusRecord,
} from './records.js';

/** Of a network; of more the oldest may move again. */
const MAX_DUPLICATES = 256;

export interface MovesDeps {
  readonly store: Reads;
  readonly limits: DuplicateLimits;
  /** Milliseconds since the epoch. */
  now(): number;
}

type Mobility = Required<Pick<ResourceRules<PlacedEndpoint, Endpoint>, 'leaves' | 'arrives'>>;

interface Address {
  readonly kind: AddressKind;
  readonly address: string;
  readonly field: string;
}

export function mobilityRules(deps: MovesDeps): Mobility {
  return {
    leaves: (_id, before, after) => leaves(deps, before, after),
    arrives: (id, before, after) => new Arrival(deps, id, before, after).traces(),
  };
}

/**
 * Remembers where addresses were that an endpoint gives up. It had them, so nobody else counts them at
 * this moment.
 */
async function leaves(
  deps: MovesDeps,
  before: PlacedEndpoint,
  after: PlacedEndpoint | undefined,
): Promise<WriteOp[]> {
  const { store, limits } = deps;
  const now = deps.now();
  const networkTime = await createTimeOf(store, before.network);
  if (networkTime === undefined) return [];
  const kept = new Set(after?.network === before.network ? addressesOf(after).map(text) : []);
  const gone = addressesOf(before).filter((each) => !kept.has(text(each)));
  return Promise.all(
    gone.map(async ({ address }): Promise<WriteOp> => {
      const key = movesKey(before.network, address);
      const { record } = await readMoves(store, key, networkTime);
      const times = recent(record, now - limits.windowMs);
      const left = { place: placeOf(before), time: now };
      return { kind: 'put', key, value: MOVES_RECORD.encode({ networkTime, times, left }) };
    }),
  );
}

/** An endpoint that comes, moves, or gets addresses. */
class Arrival {
  readonly #now: number;
  readonly #guards: Guard[] = [];
  readonly #ops: WriteOp[] = [];
  readonly #faults: FieldViolation[] = [];
  readonly #raised: DuplicateAddress[] = [];

  constructor(
    private readonly deps: MovesDeps,
    private readonly id: string,
    private readonly before: PlacedEndpoint | undefined,
    private readonly after: PlacedEndpoint,
  ) {
    this.#now = deps.now();
  }

  async traces(): Promise<Traces> {
    const { before, after } = this;
    const addresses = addressesOf(after);
    const had = new Set(before?.network === after.network ? addressesOf(before).map(text) : []);
    const isMoved = before !== undefined && placeOf(before) !== placeOf(after);
    const begins = beginsMigration(before, after);
    const concerned = addresses.filter((each) => isMoved || begins || !had.has(text(each)));
    if (concerned.length === 0) return { guards: [], ops: [] };
    const { store } = this.deps;
    const networkTime = await createTimeOf(store, after.network);
    // Its rules say so.
    if (networkTime === undefined) return { guards: [], ops: [] };
    const status = await this.#status();
    for (const each of concerned) {
      const frozen = status.duplicates.find(
        ({ address, ...rest }) =>
          address === each.address && isFrozen({ address, ...rest }, this.#now),
      );
      if (begins) this.#refuse(frozen, { ...each, field: 'nve' });
      else if (had.has(text(each))) await this.#move(each, frozen, networkTime);
      else await this.#gain(each, frozen, networkTime);
    }
    if (this.#faults.length > 0) throw this.#error();
    if (this.#raised.length > 0) await this.#raise(status);
    return { guards: this.#guards, ops: this.#ops };
  }

  /** The endpoint goes elsewhere, and the address with it. */
  async #move(
    each: Address,
    frozen: DuplicateAddress | undefined,
    networkTime: string,
  ): Promise<void> {
    const { before, after } = this;
    // What goes on by itself was allowed when it began.
    if (!isStep(before, after)) {
      const field = before?.nve === after.nve ? 'endpoint.port' : 'endpoint.nve';
      if (this.#refuse(frozen, { ...each, field })) return;
    }
    const key = movesKey(after.network, each.address);
    const moves = await readMoves(this.deps.store, key, networkTime);
    this.#count(each, key, moves, networkTime);
  }

  /** The endpoint has not had the address, but perhaps another had. */
  async #gain(
    each: Address,
    frozen: DuplicateAddress | undefined,
    networkTime: string,
  ): Promise<void> {
    const { store, limits } = this.deps;
    const key = movesKey(this.after.network, each.address);
    const moves = await readMoves(store, key, networkTime);
    const left = moves.record?.left;
    const isBack = left?.place === placeOf(this.after);
    if (!isBack && this.#refuse(frozen, each)) return;
    if (moves.revision === 0) return;
    const isMove = left !== undefined && !isBack && left.time > this.#now - limits.windowMs;
    if (isMove) {
      this.#count(each, key, moves, networkTime);
      return;
    }
    this.#keep(key, moves.revision, networkTime, recent(moves.record, this.#oldest));
  }

  #count(each: Address, key: string, moves: ReadMoves, networkTime: string): void {
    const times = [...recent(moves.record, this.#oldest), this.#now];
    const { limits } = this.deps;
    if (times.length < limits.moves) {
      this.#keep(key, moves.revision, networkTime, times);
      return;
    }
    this.#keep(key, moves.revision, networkTime, []);
    const holdMs = each.kind === 'MAC' ? limits.macHoldMs : limits.ipHoldMs;
    this.#raised.push({
      ...{ kind: each.kind, address: each.address, endpoint: this.id, nve: this.after.nve },
      moves: times.length,
      since: timestamp(this.#now),
      until: holdMs === 0 ? '' : timestamp(this.#now + holdMs),
    });
  }

  #keep(key: string, revision: number, networkTime: string, times: readonly number[]): void {
    this.#guards.push({ compare: { kind: 'revision', key, revision }, onFail: 'retry' });
    if (times.length > 0) {
      const value = MOVES_RECORD.encode({ networkTime, times });
      this.#ops.push({ kind: 'put', key, value });
    } else if (revision !== 0) {
      this.#ops.push({ kind: 'delete', key });
    }
  }

  get #oldest(): number {
    return this.#now - this.deps.limits.windowMs;
  }

  /** @returns whether it is refused */
  #refuse(frozen: DuplicateAddress | undefined, { field, address }: Address): boolean {
    if (frozen === undefined) return false;
    const { moves, since, until, endpoint, nve } = frozen;
    const end = until === '' ? 'it is cleared' : `${until}, or it is cleared`;
    const reason = `a duplicate since ${since}, after ${moves} moves: it stays where endpoints/${endpoint} had it, on nves/${nve}, until ${end}`;
    const remedy = `find the second machine, then: nfvctl clear-duplicates ${this.after.network} ${address}`;
    this.#faults.push({ field, value: address, reason, remedy });
    return true;
  }

  #error(): NfvError {
    const { message, remedy, violations } = invalidFields(this.#faults, 'DUPLICATE_ADDRESS');
    const network = `virtualNetworks/${this.after.network}`;
    return new NfvError('DUPLICATE_ADDRESS', message, {
      ...{ remedy, violations },
      metadata: { network, address: violations[0]?.value ?? '' },
    });
  }

  async #raise({ duplicates }: NetworkStatusRecord): Promise<void> {
    const key = statusKey('virtualNetworks', this.after.network);
    const revision = (await this.deps.store.get(key))?.modRevision ?? 0;
    const raised = this.#raised.map(({ address }) => address);
    const others = duplicates.filter(
      (each) => isFrozen(each, this.#now) && !raised.includes(each.address),
    );
    const all = [...others, ...this.#raised].slice(-MAX_DUPLICATES);
    const value = NETWORK_STATUS_RECORD.encode({ duplicates: all, raised });
    this.#guards.push({ compare: { kind: 'revision', key, revision }, onFail: 'retry' });
    this.#ops.push({ kind: 'put', key, value });
  }

  async #status(): Promise<NetworkStatusRecord> {
    const kv = await this.deps.store.get(statusKey('virtualNetworks', this.after.network));
    return kv === undefined ? NO_NETWORK_STATUS : NETWORK_STATUS_RECORD.decode(kv.key, kv.value);
  }
}

interface ReadMoves {
  /** Undefined: none, or of another network of the name. */
  readonly record: MovesRecord | undefined;
  /** Of the key; 0: there is none. */
  readonly revision: number;
}

async function readMoves(store: Reads, key: string, networkTime: string): Promise<ReadMoves> {
  const kv = await store.get(key);
  if (kv === undefined) return { record: undefined, revision: 0 };
  const { value, modRevision } = decodeKv(MOVES_RECORD, kv);
  return {
    record: value.networkTime === networkTime ? value : undefined,
    revision: modRevision,
  };
}

function recent(record: MovesRecord | undefined, after: number): number[] {
  return (record?.times ?? []).filter((time) => time > after);
}

async function createTimeOf(store: Reads, network: string): Promise<string | undefined> {
  const kv = await store.get(specKey('virtualNetworks', network));
  return kv && RECORDS.virtualNetworks.decode(kv.key, kv.value).createTime;
}

function addressesOf({ mac, ips }: PlacedEndpoint): Address[] {
  return [
    { kind: 'MAC', address: mac, field: 'endpoint.mac' },
    ...ips.map((address, i) => ({ kind: 'IP', address, field: `endpoint.ips[${i}]` }) as const),
  ];
}

function text({ address }: Address): string {
  return address;
}

/** Where it is plugged in: the same for whichever endpoint has that port. */
function placeOf({ nve, port }: PlacedEndpoint): string {
  return canonicalJson({ nve, port });
}

function isStep(before: PlacedEndpoint | undefined, after: PlacedEndpoint): boolean {
  return (
    before !== undefined &&
    currentMigration(before) !== undefined &&
    after.migration?.id === before.migration?.id &&
    !isDeepStrictEqual(after.migration, before.migration)
  );
}

function beginsMigration(before: PlacedEndpoint | undefined, after: PlacedEndpoint): boolean {
  const moving = currentMigration(after);
  return moving !== undefined && moving.id !== before?.migration?.id;
}
