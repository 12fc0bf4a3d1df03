/**
 * Asks the NVA for writes, each until it is done, and checks on the way what it was told of them: what was
 * refused is not there, what was accepted is, and of what nobody knows there is all or nothing.
 */
import { createHash } from 'node:crypto';
import { ERROR_TABLE, NfvError, type ErrorCode } from '../../../src/errors.js';
import type { NvaApi, Resource } from '../../../src/model/api.js';
import { canonicalJson } from '../../../src/model/canonical.js';
import type { PlanRequest, Specified } from '../../../src/model/changes.js';
import { eventually } from '../eventually.js';
import { keyOf, type Effects } from './planned-model.js';
import type { Step } from './schedule.js';
import type { Asked } from './write.js';

/** What an attempt came to. */
type Attempt = 'done' | 'refused' | 'unknown';

interface AskedStep extends Step {
  readonly write: Asked;
}

/** A write of which nobody knows yet whether it was done, or that is to be repeated. */
interface Pending {
  readonly step: AskedStep;
  /** Of the resource, before the write. */
  etag: string | undefined;
  readonly before: ReadonlyMap<string, string | undefined>;
  last: Attempt;
  /** Some attempt may have done it, whatever the last one came to. */
  maybeDone: boolean;
}

/** After these nothing was done, whoever says so. */
const NOT_DONE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'STORE_UNREACHABLE',
  'STORE_FULL',
  'WRITE_CONFLICT',
]);
/** These tell nothing: the answer was lost. */
const LOST: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'NVA_UNREACHABLE',
  'DEADLINE_EXCEEDED',
  'CANCELLED',
  'SHUTTING_DOWN',
  'STORE_FAILED',
  'STORE_CLOSED',
]);

export interface WriterCounts {
  writes: number;
  /** Attempts that were refused, or whose answer was lost; all were repeated. */
  refused: number;
  lost: number;
}

const RESOLVE_MS = 60_000;
const CALL_MS = 8000;

export class Writer {
  readonly counts: WriterCounts = { writes: 0, refused: 0, lost: 0 };
  #pending: Pending[] = [];

  /** @param clients the replicas'; in a writer of one seed, request ids are always the same */
  constructor(
    private readonly clients: readonly NvaApi[],
    private readonly seed: string,
  ) {}

  /** Asks once. @throws Error if it is told something that cannot be */
  async attempt(step: AskedStep, model: ReadonlyMap<string, Specified>): Promise<void> {
    this.counts.writes++;
    const before = new Map(
      [...step.write.effects.keys()].map((key) => [key, textOf(model.get(key))] as const),
    );
    const pending: Pending = { step, etag: undefined, before, last: 'refused', maybeDone: false };
    await this.#try(pending, step.replica);
    if (pending.last !== 'done') this.#pending.push(pending);
  }

  /** After the fault: what was told is so, and what is not done yet is, in the end. */
  async resolve(): Promise<void> {
    for (const pending of this.#pending.splice(0)) {
      const { step } = pending;
      const found = await this.#look(pending);
      const isWrong = found === 'half' || (found === 'after' && !pending.maybeDone);
      if (isWrong) throw new Error(`${tell(step)}: was ${pending.last}, and is there: ${found}`);
      let replica = step.replica;
      await eventually(
        async () => {
          await this.#try(pending, replica++ % this.clients.length);
          return pending.last === 'done';
        },
        RESOLVE_MS,
        200,
      );
    }
  }

  async #try(pending: Pending, replica: number): Promise<void> {
    const api = this.clients[replica];
    if (api === undefined) throw new RangeError(`no replica ${replica}`);
    pending.last = await this.#once(pending, api);
    if (pending.last === 'unknown') {
      pending.maybeDone = true;
      this.counts.lost++;
    }
    if (pending.last === 'refused') this.counts.refused++;
  }

  async #once(pending: Pending, api: NvaApi): Promise<Attempt> {
    const { step } = pending;
    const asking = new Asking(api, pending, requestId(this.seed, step.number));
    try {
      await asking.ask();
      return 'done';
    } catch (thrown) {
      const error = NfvError.from(thrown);
      // Only reads came before.
      if (!asking.hasBegun && (LOST.has(error.code) || NOT_DONE.has(error.code))) return 'refused';
      if (NOT_DONE.has(error.code)) return 'refused';
      if (LOST.has(error.code)) return 'unknown';
      // Of an earlier attempt, whose answer was lost: it was done.
      const after = ['ETAG_MISMATCH', 'NOT_FOUND', 'PLAN_CHANGED', 'ALREADY_EXISTS'];
      if (pending.maybeDone && after.includes(error.code) && (await this.#isDone(pending, api))) {
        return 'done';
      }
      if (error.code === 'PLAN_CHANGED' || ERROR_TABLE[error.code].retriable) return 'refused';
      throw new Error(`${tell(step)}: ${error.code} ${error.message}`, { cause: thrown });
    }
  }

  async #isDone({ step: { write } }: Pending, api: NvaApi): Promise<boolean> {
    const now = await readKeys(api, write.effects);
    return [...write.effects].every(([key, is]) => now.get(key) === textOf(is));
  }

  /** What is there of a write, by a replica that answers. */
  async #look({ step, before }: Pending): Promise<'before' | 'after' | 'half'> {
    const { effects } = step.write;
    let replica = 0;
    const now = await eventually(
      () => {
        const api = this.clients[replica++ % this.clients.length];
        if (api === undefined) throw new RangeError('no replicas');
        return readKeys(api, effects);
      },
      RESOLVE_MS,
      200,
    );
    const keys = [...effects.keys()];
    if (keys.every((key) => now.get(key) === before.get(key))) return 'before';
    return keys.every((key) => now.get(key) === textOf(effects.get(key))) ? 'after' : 'half';
  }
}

/** One request, with what it needs to know before. */
class Asking {
  readonly #call = { signal: AbortSignal.timeout(CALL_MS) };

  constructor(
    private readonly api: NvaApi,
    private readonly pending: Pending,
    private readonly requestId: string,
  ) {}

  /** From here on something may be done. */
  hasBegun = false;

  #begins(): void {
    this.hasBegun = true;
  }

  async ask(): Promise<void> {
    const { write } = this.pending.step;
    const { requestId } = this;
    switch (write.kind) {
      case 'create': {
        const { id, spec } = write;
        this.#begins();
        await this.api.endpoints.create({ id, spec, requestId, validateOnly: false }, this.#call);
        return;
      }
      case 'update':
        await this.#update(write);
        return;
      case 'delete': {
        const { id } = write;
        const etag = await this.#etag(() => this.api.endpoints.get(id, this.#call));
        this.#begins();
        await this.api.endpoints.delete({ id, etag, validateOnly: false }, this.#call);
        return;
      }
      case 'apply':
        await this.#apply({ wanted: write.wanted });
        return;
      case 'migrate':
        await this.#migrate(write);
        return;
      case 'bad':
        await this.#bad(write);
        return;
      case 'stale':
        await this.#stale(write);
    }
  }

  /** That of before the first attempt, which makes all attempts together do it once. */
  async #etag(get: () => Promise<Resource>): Promise<string> {
    return (this.pending.etag ??= (await get()).meta.etag);
  }

  async #update(write: Extract<Asked, { readonly kind: 'update' }>): Promise<void> {
    const { id } = write;
    const { virtualNetworks, endpoints, routers } = this.api;
    switch (write.of) {
      case 'Endpoint': {
        const etag = await this.#etag(() => endpoints.get(id, this.#call));
        this.#begins();
        const { changes } = write;
        await endpoints.update({ id, changes, etag, validateOnly: false }, this.#call);
        return;
      }
      case 'VirtualNetwork': {
        const etag = await this.#etag(() => virtualNetworks.get(id, this.#call));
        this.#begins();
        const { changes } = write;
        await virtualNetworks.update({ id, changes, etag, validateOnly: false }, this.#call);
        return;
      }
      case 'Router': {
        const etag = await this.#etag(() => routers.get(id, this.#call));
        this.#begins();
        const { changes } = write;
        await routers.update({ id, changes, etag, validateOnly: false }, this.#call);
      }
    }
  }

  async #apply(plan: PlanRequest): Promise<void> {
    const { effects } = this.pending.step.write;
    const { hash, changes } = await this.api.changes.plan(plan, this.#call);
    // An attempt before this one did it.
    if (changes.length === 0 && this.pending.maybeDone) return;
    if (changes.length !== effects.size) {
      const found = changes.map(({ verb, kind, id }) => `${verb} ${kind}/${id}`).join(', ');
      throw new Error(`a plan of ${effects.size} changes has ${changes.length}: ${found}`);
    }
    this.#begins();
    const { requestId } = this;
    await this.api.changes.apply({ plan, hash, requestId, confirmWithinMs: 0 }, this.#call);
  }

  /** Also waits for its end. */
  async #migrate({ id, to }: Extract<Asked, { readonly kind: 'migrate' }>): Promise<void> {
    const { nve, port } = to;
    const options = { hold: false, timeoutMs: 30_000, validateOnly: false };
    const etag = await this.#etag(() => this.api.endpoints.get(id, this.#call));
    this.#begins();
    const { requestId } = this;
    await this.api.migrations.migrate({ id, nve, port, etag, requestId, ...options }, this.#call);
    await eventually(
      async () => {
        const call = { signal: AbortSignal.timeout(CALL_MS) };
        const { status } = await this.api.endpoints.get(id, call);
        const { phase = 'none', reason = '' } = status.migration ?? {};
        if (phase === 'FAILED' || phase === 'CANCELLED') throw new Error(`${phase}: ${reason}`);
        return phase === 'FINISHED';
      },
      RESOLVE_MS,
      50,
    );
  }

  async #bad({ wanted, codes }: Extract<Asked, { readonly kind: 'bad' }>): Promise<void> {
    const error = await refusal(this.api.changes.plan({ wanted }, this.#call));
    if (!codes.some((code) => error.message.includes(code) || error.code === code)) throw error;
    for (const each of wanted) {
      if (!('put' in each)) continue;
      const missing = await refusal(this.api.endpoints.get(each.put.id, this.#call));
      if (missing.code !== 'NOT_FOUND') throw missing;
    }
  }

  async #stale({ id }: Extract<Asked, { readonly kind: 'stale' }>): Promise<void> {
    const { effects } = this.pending.step.write;
    const after = effects.get(keyOf('Endpoint', id));
    if (after?.kind !== 'Endpoint') throw new Error('stale is of endpoints');
    const etag = await this.#etag(() => this.api.endpoints.get(id, this.#call));
    const { labels } = after.spec;
    this.#begins();
    const update = { id, etag, validateOnly: false };
    await this.api.endpoints.update({ ...update, changes: { labels } }, this.#call);
    const wrong = { labels: { by: 'nobody' } };
    const error = await refusal(
      this.api.endpoints.update({ ...update, changes: wrong }, this.#call),
    );
    if (error.code !== 'ETAG_MISMATCH') throw error;
  }
}

async function refusal(promise: Promise<unknown>): Promise<NfvError> {
  try {
    await promise;
  } catch (thrown) {
    return NfvError.from(thrown);
  }
  throw new Error('it was not refused');
}

/** The same in every run with this seed. */
function requestId(seed: string, step: number): string {
  const hex = createHash('sha256').update(`${seed} ${step}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export const textOf = (resource: Specified | undefined): string | undefined =>
  resource === undefined ? undefined : canonicalJson(resource.spec);

const tell = ({ number, text }: Step): string => `step ${number} (${text})`;

/** Every resource's specification as text, by its key. */
export async function readAll(api: NvaApi): Promise<Map<string, string>> {
  const all = await listAll(api);
  return new Map(all.map((each) => [keyOf(each.kind, each.id), canonicalJson(each.spec)]));
}

export async function listAll(api: NvaApi): Promise<Exclude<Resource, { kind: 'HostProfile' }>[]> {
  const page = { pageSize: 1000, pageToken: '', filter: '' };
  const call = { signal: AbortSignal.timeout(CALL_MS) };
  const lists = await Promise.all([
    api.virtualNetworks.list(page, call),
    api.subnets.list(page, call),
    api.routers.list(page, call),
    api.endpoints.list(page, call),
    api.nves.list(page, call),
  ]);
  return lists.flatMap(({ resources }) => [...resources]);
}

async function readKeys(api: NvaApi, effects: Effects): Promise<Map<string, string | undefined>> {
  const all = await readAll(api);
  return new Map([...effects.keys()].map((key) => [key, all.get(key)]));
}
