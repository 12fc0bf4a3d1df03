/** The standard methods on one collection, the same for every kind of resource. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { invalidField, NfvError } from '../../errors.js';
import type {
  Call,
  CreateRequest,
  DeleteRequest,
  ListRequest,
  ListResult,
  Resource,
  UpdateRequest,
} from '../../model/api.js';
import { canonicalJson } from '../../model/canonical.js';
import type { ChangeVerb } from '../../model/changes.js';
import { timestamp, type Clock } from '../../model/clock.js';
import { formatName, ID_RULE, isId } from '../../model/names.js';
import type { Store, WriteOp } from '../../store/store.js';
import { answeredOr, answerTo, remember, type Asked } from './answered-requests.js';
import { notDeletedPending, requireConfirmed } from '../changes/pending-mark.js';
import { authorOf, recordOp, type Author, type ChangedSpec } from '../changes/record.js';
import type { GuardableResources, MayRead } from '../access/guardable.js';
import { specKey } from '../keys.js';
import { listPage } from './list.js';
import { decodeKv, etagOf, type SpecRecord, type Versioned } from '../records.js';
import type { ResourceRules, Traces } from './resource-rules.js';
import { moveClaims, write, type Attempt } from './write.js';

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Which resource to change. */
export interface ReviseRequest<Spec> extends DeleteRequest {
  /** False: it goes on by itself, and nobody has updated it. */
  readonly byUser: boolean;
  /** Whether that is what was done last, by the same request: then it is answered as it is. Absent: it is not known. */
  readonly isDone?: (spec: Spec) => boolean;
  /** Only if it was last written at this revision. */
  readonly ifRevision?: number;
}

export class Resources<Spec extends object, R extends Resource> implements GuardableResources<
  Spec,
  R
> {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly rules: ResourceRules<Spec, R>,
  ) {}

  async create(request: CreateRequest<Spec>, call: Call): Promise<R> {
    const { id, requestId } = request;
    if (!isId(id)) throw invalidField(`${this.#field}_id`, id, 'not an id', `give ${ID_RULE}`);
    if (requestId !== '' && !UUID.test(requestId)) {
      throw invalidField('request_id', requestId, 'not a UUID', 'give one, or leave it out');
    }
    const asked = { requestId, hash: hashOf(this.rules.collection, request) };
    const create = (): Promise<R> =>
      write(this.store, call, () =>
        answeredOr(
          () => this.#replay(asked, call),
          () => this.#planCreate(request, asked, authorOf(call)),
        ),
      );
    return this.rules.inTurn === undefined ? create() : this.rules.inTurn(request.spec, create);
  }

  async #planCreate(
    { id, spec, validateOnly }: CreateRequest<Spec>,
    asked: Asked,
    author: Author,
  ): Promise<Attempt<R>> {
    const { rules } = this;
    const checked = await rules.check(id, undefined, spec);
    const now = timestamp(this.clock.now());
    const record = { spec: checked.spec, createTime: now, updateTime: now };
    const key = specKey(rules.collection, id);
    const value = rules.records.encode(record);
    const claims = moveClaims(id, [], await rules.claims(id, checked.spec));
    const traces = await this.#traces(id, undefined, checked.spec);
    const exists = new NfvError('ALREADY_EXISTS', `${this.#name(id)} exists`);
    const { collection } = rules;
    const answered = remember(asked, { time: now, collection, id, record: value }, author.who);
    return {
      kind: 'commit',
      dryRun: validateOnly,
      guards: [
        ...answered.guards,
        { compare: { kind: 'revision', key, revision: 0 }, onFail: exists },
        notDeletedPending(this.store, rules.collection, id),
        // Before the claims: what was allocated and is taken by now is allocated anew.
        ...checked.guards,
        ...traces.guards,
        ...claims.guards,
      ],
      ops: [
        { kind: 'put', key, value },
        ...claims.ops,
        ...traces.ops,
        ...this.#generations(undefined, checked.spec),
        ...(await this.#quotaOps(checked.spec)),
        ...answered.ops,
        await this.#record(author, 'CREATE', id, checked.spec, { after: value }, now),
      ],
      finish: (revision) => this.#created(id, record, revision ?? 0),
    };
  }

  async get(id: string): Promise<R> {
    return this.rules.assemble(id, await this.#read(id), undefined);
  }

  list(request: ListRequest, call: Call): Promise<ListResult<R>> {
    return listPage(this.store, this.rules, request, call.signal);
  }

  listReadable(request: ListRequest, mayRead: MayRead<Spec>, call: Call): Promise<ListResult<R>> {
    return listPage(this.store, this.rules, request, call.signal, mayRead);
  }

  async getAt(id: string, revision: number): Promise<R | undefined> {
    const { rules } = this;
    const kv = await this.store.get(specKey(rules.collection, id), revision);
    return kv && rules.assemble(id, decodeKv(rules.records, kv), revision);
  }

  async specAt(id: string, revision: number): Promise<Spec | undefined> {
    const { collection, records } = this.rules;
    const kv = await this.store.get(specKey(collection, id), revision);
    return kv && decodeKv(records, kv).value.spec;
  }

  update({ changes, ...request }: UpdateRequest<Spec>, call: Call): Promise<R> {
    return this.revise({ ...request, byUser: true }, (spec) => ({ ...spec, ...changes }), call);
  }

  /**
   * Changes the specification as `change` says, which is asked again where others were faster. What goes
   * on by itself does so whether a change is confirmed or not.
   * @throws NfvError NOT_FOUND, ETAG_MISMATCH, CONFIRMATION_PENDING, those of the rules and of `change`
   */
  async revise(
    { id, etag, validateOnly, byUser, isDone, ifRevision }: ReviseRequest<Spec>,
    change: (spec: Spec) => Spec,
    call: Call,
  ): Promise<R> {
    return write(this.store, call, async () => {
      const { rules } = this;
      const before = await this.#read(id);
      const asIs = async (): Promise<Attempt<R>> => {
        return { kind: 'done', result: await rules.assemble(id, before, undefined) };
      };
      // Its etag is that of before.
      if (isDone?.(before.value.spec) === true) return asIs();
      this.#checkEtag(id, etag, before);
      if (ifRevision !== undefined && ifRevision !== before.modRevision) {
        throw new NfvError('ETAG_MISMATCH', `${this.#name(id)} was changed after ${ifRevision}`);
      }
      if (byUser) await requireConfirmed(this.store, this.#name(id), before.value.pending);
      const wanted = change(before.value.spec);
      // A repeat is answered whatever has become of what it refers to.
      if (isDeepStrictEqual(wanted, before.value.spec)) return asIs();
      const checked = await rules.check(id, before.value.spec, wanted);
      if (isDeepStrictEqual(checked.spec, before.value.spec)) return asIs();
      const now = timestamp(this.clock.now());
      const record = {
        ...before.value,
        spec: checked.spec,
        ...(byUser ? { updateTime: now } : {}),
      };
      const key = specKey(rules.collection, id);
      const values = {
        before: rules.records.encode(before.value),
        after: rules.records.encode(record),
      };
      const claims = moveClaims(
        id,
        await rules.claims(id, before.value.spec),
        await rules.claims(id, checked.spec),
      );
      const traces = await this.#traces(id, before.value.spec, checked.spec);
      return {
        kind: 'commit',
        dryRun: validateOnly,
        guards: [
          { compare: { kind: 'revision', key, revision: before.modRevision }, onFail: 'retry' },
          // Before the claims, as in create.
          ...checked.guards,
          ...traces.guards,
          ...claims.guards,
        ],
        ops: [
          { kind: 'put', key, value: values.after },
          ...claims.ops,
          ...traces.ops,
          ...this.#generations(before.value.spec, checked.spec),
          await this.#record(authorOf(call), 'UPDATE', id, checked.spec, values, now),
        ],
        finish: (revision) => this.#assemble(id, record, revision),
      };
    });
  }

  async delete({ id, etag, validateOnly }: DeleteRequest, call: Call): Promise<void> {
    await write(this.store, call, async () => {
      const { rules } = this;
      const key = specKey(rules.collection, id);
      const kv = await this.store.get(key);
      if (kv === undefined) return { kind: 'done', result: undefined };
      const before = decodeKv(rules.records, kv);
      this.#checkEtag(id, etag, before);
      const { spec, pending } = before.value;
      await requireConfirmed(this.store, this.#name(id), pending);
      const claims = moveClaims(id, await rules.claims(id, spec), []);
      return {
        kind: 'commit',
        dryRun: validateOnly,
        guards: [
          { compare: { kind: 'revision', key, revision: kv.modRevision }, onFail: 'retry' },
          ...(await rules.checkDelete(id, spec)),
        ],
        ops: [
          { kind: 'delete', key },
          ...rules.statusKeys(id).map((status) => ({ kind: 'delete', key: status }) as const),
          ...claims.ops,
          ...((await rules.leaves?.(id, spec, undefined)) ?? []),
          ...this.#generations(spec, undefined),
          await this.#record(authorOf(call), 'DELETE', id, spec, { before: kv.value }),
          ...(await this.#quotaOps(spec)),
        ],
        finish: () => Promise.resolve(undefined),
      };
    });
  }

  async #read(id: string): Promise<Versioned<SpecRecord<Spec>>> {
    const kv = await this.store.get(specKey(this.rules.collection, id));
    if (kv === undefined) throw new NfvError('NOT_FOUND', `${this.#name(id)} does not exist`);
    return decodeKv(this.rules.records, kv);
  }

  /**
   * Of the store nothing is read: history may be gone by the time that a request is repeated, and another one,
   * somebody else's, may have the name.
   */
  #created(id: string, value: SpecRecord<Spec>, modRevision: number): Promise<R> {
    return this.rules.assemble(id, { value, modRevision }, 'creation');
  }

  /** In a dry run there is no revision yet: the resource as it would be. */
  #assemble(id: string, record: SpecRecord<Spec>, revision: number | undefined): Promise<R> {
    return this.rules.assemble(id, { value: record, modRevision: revision ?? 0 }, revision);
  }

  #checkEtag(id: string, etag: string, before: Versioned<SpecRecord<Spec>>): void {
    const current = etagOf(before);
    if (etag === '' || etag === current) return;
    throw new NfvError(
      'ETAG_MISMATCH',
      `${this.#name(id)} has changed: its etag is ${current}, not ${etag}`,
    );
  }

  async #record(
    author: Author,
    verb: ChangeVerb,
    id: string,
    spec: Spec,
    values: Pick<ChangedSpec, 'before' | 'after'>,
    time?: string,
  ): Promise<WriteOp> {
    const { collection } = this.rules;
    const tenant = await this.rules.tenant(spec);
    const changes = [{ collection, id, tenant, ...values }];
    return recordOp(this.clock, { ...author, verb, target: 0, changes }, time);
  }

  #generations(before: Spec | undefined, after: Spec | undefined): WriteOp[] {
    return this.rules.generations(before, after).map((key) => ({ kind: 'put', key, value: '' }));
  }

  async #traces(id: string, before: Spec | undefined, after: Spec): Promise<Traces> {
    const { rules } = this;
    const left = before && (await rules.leaves?.(id, before, after));
    const { guards = [], ops = [] } = (await rules.arrives?.(id, before, after)) ?? {};
    return { guards, ops: [...(left ?? []), ...ops] };
  }

  async #quotaOps(spec: Spec): Promise<WriteOp[]> {
    const keys = (await this.rules.quotaKeys?.(spec)) ?? [];
    return keys.map((key) => ({ kind: 'put', key, value: '' }));
  }

  async #replay(asked: Asked, call: Call): Promise<Attempt<R> | undefined> {
    const answered = await answerTo(this.store, asked, call);
    if (answered === undefined) return undefined;
    const { id, record } = answered.value;
    const key = specKey(this.rules.collection, id);
    const value = this.rules.records.decode(key, record);
    return { kind: 'done', result: await this.#created(id, value, answered.modRevision) };
  }

  #name(id: string): string {
    return formatName(this.rules.collection, id);
  }

  get #field(): string {
    return this.rules.noun.replaceAll(' ', '_').toLowerCase();
  }
}

/** A request's body as a hash; the order of fields does not matter. */
function hashOf(collection: string, request: CreateRequest<object>): string {
  const body = { collection, id: request.id, spec: request.spec, dry: request.validateOnly };
  return createHash('sha256').update(canonicalJson(body)).digest('hex');
}
