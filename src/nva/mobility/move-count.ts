/** Counts moves of addresses of one network, and freezes those that move too often. */
import { timestamp } from '../../model/clock.js';
import type { AddressKind, DuplicateAddress, DuplicateLimits } from '../../model/duplicates.js';
import type { WriteOp } from '../../store/store.js';
import { movesKey, specKey, statusKey } from '../keys.js';
import type { Reads } from '../reads.js';
import { decodeKv, RECORDS } from '../records.js';
import type { Guard, Traces } from '../resources/resource-rules.js';
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

export interface ReadMoves {
  /** Undefined: none, or of another network of the name. */
  readonly record: MovesRecord | undefined;
  /** Of the key; 0: there is none. */
  readonly revision: number;
}

/** What moves of addresses to one endpoint mean for the store: gathered, and written with the moves. */
export class MoveCount {
  readonly now: number;
  readonly #guards: Guard[] = [];
  readonly #ops: WriteOp[] = [];
  readonly #raised: DuplicateAddress[] = [];

  /**
   * @param networkTime when the network was created
   * @param to where the addresses come to; ids
   */
  constructor(
    private readonly deps: MovesDeps,
    private readonly network: string,
    private readonly networkTime: string,
    private readonly to: { readonly endpoint: string; readonly nve: string },
  ) {
    this.now = deps.now();
  }

  /** Milliseconds since the epoch; what was before does not count. */
  get oldest(): number {
    return this.now - this.deps.limits.windowMs;
  }

  /** Of the network. */
  async status(): Promise<NetworkStatusRecord> {
    const kv = await this.deps.store.get(statusKey('virtualNetworks', this.network));
    return kv === undefined ? NO_NETWORK_STATUS : NETWORK_STATUS_RECORD.decode(kv.key, kv.value);
  }

  /** Undefined: the address may move. */
  frozen({ duplicates }: NetworkStatusRecord, address: string): DuplicateAddress | undefined {
    return duplicates.find((each) => each.address === address && isFrozen(each, this.now));
  }

  moves(address: string): Promise<ReadMoves> {
    return readMoves(this.deps.store, movesKey(this.network, address), this.networkTime);
  }

  /** One move more. */
  count({ kind, address }: { kind: AddressKind; address: string }, moves: ReadMoves): void {
    const times = [...recent(moves.record, this.oldest), this.now];
    const { limits } = this.deps;
    if (times.length < limits.moves) {
      this.keep(address, moves.revision, times);
      return;
    }
    this.keep(address, moves.revision, []);
    const holdMs = kind === 'MAC' ? limits.macHoldMs : limits.ipHoldMs;
    this.#raised.push({
      ...{ kind, address, ...this.to },
      moves: times.length,
      since: timestamp(this.now),
      until: holdMs === 0 ? '' : timestamp(this.now + holdMs),
    });
  }

  /** @param times of the moves that count; @param revision of what was read of them */
  keep(address: string, revision: number, times: readonly number[]): void {
    const key = movesKey(this.network, address);
    this.#guards.push({ compare: { kind: 'revision', key, revision }, onFail: 'retry' });
    if (times.length > 0) {
      const value = MOVES_RECORD.encode({ networkTime: this.networkTime, times });
      this.#ops.push({ kind: 'put', key, value });
    } else if (revision !== 0) {
      this.#ops.push({ kind: 'delete', key });
    }
  }

  /** All that was gathered. */
  async traces(status: NetworkStatusRecord): Promise<Traces> {
    if (this.#raised.length > 0) await this.#raise(status);
    return { guards: this.#guards, ops: this.#ops };
  }

  async #raise({ duplicates }: NetworkStatusRecord): Promise<void> {
    const key = statusKey('virtualNetworks', this.network);
    const revision = (await this.deps.store.get(key))?.modRevision ?? 0;
    const raised = this.#raised.map(({ address }) => address);
    const others = duplicates.filter(
      (each) => isFrozen(each, this.now) && !raised.includes(each.address),
    );
    const all = [...others, ...this.#raised].slice(-MAX_DUPLICATES);
    const value = NETWORK_STATUS_RECORD.encode({ duplicates: all, raised });
    this.#guards.push({ compare: { kind: 'revision', key, revision }, onFail: 'retry' });
    this.#ops.push({ kind: 'put', key, value });
  }
}

export async function readMoves(
  store: Reads,
  key: string,
  networkTime: string,
): Promise<ReadMoves> {
  const kv = await store.get(key);
  if (kv === undefined) return { record: undefined, revision: 0 };
  const { value, modRevision } = decodeKv(MOVES_RECORD, kv);
  return {
    record: value.networkTime === networkTime ? value : undefined,
    revision: modRevision,
  };
}

export function recent(record: MovesRecord | undefined, after: number): number[] {
  return (record?.times ?? []).filter((time) => time > after);
}

/** When a network was created; undefined: there is no such network. */
export async function createTimeOf(store: Reads, network: string): Promise<string | undefined> {
  const kv = await store.get(specKey('virtualNetworks', network));
  return kv && RECORDS.virtualNetworks.decode(kv.key, kv.value).createTime;
}
