/** Ends what duplicates of addresses were found: an operator, or time. */
import { invalidField, NfvError } from '../../errors.js';
import { parseIp } from '../../model/addresses.js';
import type { Call, DuplicatesApi } from '../../model/api.js';
import type { ClearDuplicatesRequest, DuplicateLimits } from '../../model/duplicates.js';
import { formatName } from '../../model/names.js';
import type { VirtualNetwork } from '../../model/virtual-network.js';
import type { KeyValue, Store, WriteOp } from '../../store/store.js';
import { MOVES, movesKey, specKey, statusesOf, statusKey } from '../keys.js';
import { decodeKv, etagOf, RECORDS } from '../records.js';
import { scan } from '../scan.js';
import { write, type Attempt } from '../resources/write.js';
import { isFrozen, MOVES_RECORD, NETWORK_STATUS_RECORD } from './records.js';

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;
const MAX_ADDRESSES = 256;

export class Duplicates implements DuplicatesApi {
  constructor(
    private readonly store: Store,
    private readonly networks: { get(id: string): Promise<VirtualNetwork> },
  ) {}

  async clear(request: ClearDuplicatesRequest, call: Call): Promise<VirtualNetwork> {
    const wanted = canonical(request.addresses);
    return write(this.store, call, () => this.#plan({ ...request, addresses: wanted }));
  }

  async #plan({
    id,
    addresses,
    etag,
    validateOnly,
  }: ClearDuplicatesRequest): Promise<Attempt<VirtualNetwork>> {
    const { store, networks } = this;
    const name = formatName('virtualNetworks', id);
    const network = await store.get(specKey('virtualNetworks', id));
    if (network === undefined) throw new NfvError('NOT_FOUND', `${name} does not exist`);
    if (etag !== '' && etag !== etagOf(decodeKv(RECORDS.virtualNetworks, network))) {
      throw new NfvError('ETAG_MISMATCH', `${name} has changed: its etag is not ${etag}`);
    }
    const kv = await store.get(statusKey('virtualNetworks', id));
    const { duplicates } = kv === undefined ? { duplicates: [] } : decode(kv);
    const isCleared = (address: string): boolean =>
      addresses.length === 0 || addresses.includes(address);
    const cleared = duplicates.filter(({ address }) => isCleared(address));
    const finish = (): Promise<VirtualNetwork> => networks.get(id);
    if (kv === undefined || cleared.length === 0) return { kind: 'done', result: await finish() };
    const left = duplicates.filter(({ address }) => !isCleared(address));
    return {
      kind: 'commit',
      dryRun: validateOnly,
      guards: [
        ...[network, kv].map(({ key, modRevision: revision }) => {
          return { compare: { kind: 'revision', key, revision }, onFail: 'retry' } as const;
        }),
      ],
      ops: [
        statusOp(kv.key, left),
        // It begins anew, from wherever it is.
        ...cleared.map(({ address }): WriteOp => ({ kind: 'delete', key: movesKey(id, address) })),
      ],
      finish,
    };
  }
}

/** @throws NfvError INVALID_FIELD */
function canonical(addresses: readonly string[]): string[] {
  if (addresses.length > MAX_ADDRESSES) {
    const remedy = `give at most ${MAX_ADDRESSES}, or none for all`;
    throw invalidField('addresses', `${addresses.length} of them`, 'too many', remedy);
  }
  return addresses.map((text, i) => {
    const mac = text.toLowerCase().replaceAll('-', ':');
    const address = MAC.test(mac) ? mac : parseIp(text)?.text;
    if (address !== undefined) return address;
    const remedy = 'give one of "nfvctl describe network"';
    throw invalidField(`addresses[${i}]`, text, 'neither a MAC nor an IP address', remedy);
  });
}

function decode(kv: KeyValue): ReturnType<typeof NETWORK_STATUS_RECORD.decode> {
  return NETWORK_STATUS_RECORD.decode(kv.key, kv.value);
}

function statusOp(key: string, duplicates: ReturnType<typeof decode>['duplicates']): WriteOp {
  if (duplicates.length === 0) return { kind: 'delete', key };
  return { kind: 'put', key, value: NETWORK_STATUS_RECORD.encode({ duplicates, raised: [] }) };
}

/**
 * Forgets moves that no longer count, and duplicates whose time is over. Whoever writes one of them at the
 * same moment wins.
 * @returns how many they were
 */
export async function forgetMoves(
  store: Store,
  { windowMs }: DuplicateLimits,
  now: number,
  signal: AbortSignal,
): Promise<number> {
  let count = 0;
  const oldest = now - windowMs;
  const commit = async ({ key, modRevision }: KeyValue, op: WriteOp): Promise<void> => {
    const compare = [{ kind: 'revision', key, revision: modRevision } as const];
    if ((await store.txn({ compare, ops: [op] })).succeeded) count++;
  };
  for await (const kv of scan(store, statusesOf('virtualNetworks'), { signal })) {
    const { duplicates } = decode(kv);
    const left = duplicates.filter((each) => isFrozen(each, now));
    if (left.length < duplicates.length) await commit(kv, statusOp(kv.key, left));
  }
  for await (const kv of scan(store, MOVES, { signal })) {
    const { times, left } = MOVES_RECORD.decode(kv.key, kv.value);
    const last = Math.max(left?.time ?? 0, ...times);
    if (last <= oldest) await commit(kv, { kind: 'delete', key: kv.key });
  }
  return count;
}
