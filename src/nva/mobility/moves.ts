/**
 * Counts how often each address of a network moves, with the writes that move it, and refuses the moves of one
 * that has moved too often: it is with two machines, and each time it moves, it is taken from one of them
 * (RFC 7432 §15.1, RFC 9161 §3.7). What is counted is in the store: any replica goes on where another ended.
 */
import { isDeepStrictEqual } from 'node:util';
import { invalidFields, NfvError, type FieldViolation } from '../../errors.js';
import { canonicalJson } from '../../model/canonical.js';
import type { AddressKind, DuplicateAddress } from '../../model/duplicates.js';
import type { Endpoint, Port } from '../../model/endpoint.js';
import { currentMigration, type PlacedEndpoint } from '../../model/migration.js';
import type { WriteOp } from '../../store/store.js';
import { movesKey } from '../keys.js';
import type { ResourceRules, Traces } from '../resources/resource-rules.js';
import { createTimeOf, MoveCount, readMoves, recent, type MovesDeps } from './move-count.js';
import { MOVES_RECORD } from './records.js';

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
  readonly #faults: FieldViolation[] = [];

  constructor(
    private readonly deps: MovesDeps,
    private readonly id: string,
    private readonly before: PlacedEndpoint | undefined,
    private readonly after: PlacedEndpoint,
  ) {}

  async traces(): Promise<Traces> {
    const { before, after } = this;
    const addresses = addressesOf(after);
    const had = new Set(before?.network === after.network ? addressesOf(before).map(text) : []);
    const isMoved = before !== undefined && placeOf(before) !== placeOf(after);
    const begins = beginsMigration(before, after);
    const concerned = addresses.filter((each) => isMoved || begins || !had.has(text(each)));
    if (concerned.length === 0) return { guards: [], ops: [] };
    const networkTime = await createTimeOf(this.deps.store, after.network);
    // Its rules say so.
    if (networkTime === undefined) return { guards: [], ops: [] };
    const to = { endpoint: this.id, nve: after.nve };
    const count = new MoveCount(this.deps, after.network, networkTime, to);
    const status = await count.status();
    for (const each of concerned) {
      const frozen = count.frozen(status, each.address);
      if (begins) this.#refuse(frozen, { ...each, field: 'nve' });
      else if (had.has(text(each))) await this.#move(each, frozen, count);
      else await this.#gain(each, frozen, count);
    }
    if (this.#faults.length > 0) throw this.#error();
    return count.traces(status);
  }

  /** The endpoint goes elsewhere, and the address with it. */
  async #move(
    each: Address,
    frozen: DuplicateAddress | undefined,
    count: MoveCount,
  ): Promise<void> {
    const { before, after } = this;
    // What goes on by itself was allowed when it began.
    if (!isStep(before, after)) {
      const field = before?.nve === after.nve ? 'endpoint.port' : 'endpoint.nve';
      if (this.#refuse(frozen, { ...each, field })) return;
    }
    count.count(each, await count.moves(each.address));
  }

  /** The endpoint has not had the address, but perhaps another had. */
  async #gain(
    each: Address,
    frozen: DuplicateAddress | undefined,
    count: MoveCount,
  ): Promise<void> {
    const moves = await count.moves(each.address);
    const left = moves.record?.left;
    const isBack = placesOf(this.after).includes(left?.place ?? '');
    if (!isBack && this.#refuse(frozen, each)) return;
    if (moves.revision === 0) return;
    const isMove = left !== undefined && !isBack && left.time > count.oldest;
    if (isMove) count.count(each, moves);
    else count.keep(each.address, moves.revision, recent(moves.record, count.oldest));
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
  return canonicalJson({ nve, plug: plugOf(port) });
}

/** As versions before this wrote it, too: the whole port. */
function placesOf(endpoint: PlacedEndpoint): readonly string[] {
  const { nve, port } = endpoint;
  return [placeOf(endpoint), canonicalJson({ nve, port })];
}

/** Of a port what says where it is: the same with other options, it is in the same machine. */
function plugOf(port: Port): Readonly<Record<string, string | number | boolean>> {
  const { kind } = port;
  switch (kind) {
    case 'veth':
      return { kind, netns: port.netns, interface: port.interface };
    case 'tap':
    case 'host_interface':
    case 'vpp_interface':
      return { kind, interface: port.interface };
    case 'vhost_user':
      return { kind, socket: port.socket };
    case 'memif':
      return { kind, socket: port.socket, id: port.id };
    case 'vlan':
      return { ...port };
  }
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
