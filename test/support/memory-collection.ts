/** One collection of the NVA in memory: the standard methods, as docs/api.md promises them. */
import { invalidFields, NfvError, show } from '../../src/errors.js';
import type {
  CreateRequest,
  DeleteRequest,
  ListRequest,
  ListResult,
  Resource,
  UpdateRequest,
} from '../../src/model/api.js';
import { formatName, ID_RULE, isId, type Collection } from '../../src/model/names.js';
import type { Meta } from '../../src/model/resource.js';
import { resourceFilter } from '../../src/model/resource-filter.js';
import { timestamp, type Clock } from '../../src/model/clock.js';
import type { GuardableResources, MayRead } from '../../src/nva/access/guardable.js';

/** What the collections share: one revision, one log. */
export interface Commits {
  readonly clock: Clock;
  readonly revision: number;
  /** Called before each call; throws what a test wants it to. */
  admit(method: string): void;
  /** The revision of the change. */
  put<R extends Resource>(make: (revision: number) => R, before: R | undefined): R;
  delete(resource: Resource): void;
}

export interface Rules<Spec, R> {
  readonly kind: Resource['kind'];
  readonly collection: Collection;
  /** The field that requests carry it in. */
  readonly field: string;
  readonly immutable: readonly (keyof Spec & string)[];
  /** Canonical, with what the NVA chooses; checked against all the others. */
  check(id: string, spec: Spec, before: R | undefined): Spec;
  make(id: string, spec: Spec, meta: Meta, before: R | undefined): R;
  checkDelete(resource: R): void;
}

export class MemoryCollection<
  Spec extends object,
  R extends Resource & { readonly spec: Spec },
> implements GuardableResources<Spec, R> {
  readonly #resources = new Map<string, R>();
  /** Every version, the oldest first; undefined: it was deleted. */
  readonly #past: { readonly revision: number; readonly id: string; readonly is: R | undefined }[] =
    [];
  readonly #requests = new Map<string, { readonly body: string; readonly id: string }>();
  readonly #pages = new Map<string, { readonly rest: readonly R[]; readonly revision: number }>();

  constructor(
    private readonly rules: Rules<Spec, R>,
    private readonly commits: Commits,
  ) {}

  get all(): R[] {
    return [...this.#resources.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  find(id: string): R | undefined {
    return this.#resources.get(id);
  }

  create(request: CreateRequest<Spec>): Promise<R> {
    return this.#answer('create', () => {
      const { id, spec, requestId, validateOnly } = request;
      const body = JSON.stringify([id, spec]);
      const earlier = requestId === '' ? undefined : this.#requests.get(requestId);
      if (earlier !== undefined) {
        if (earlier.body === body) return this.#require(earlier.id);
        throw new NfvError('REQUEST_ID_REUSED', `request id ${requestId} was used differently`);
      }
      if (!isId(id)) throw this.#invalid('id', id, 'not an id', `give ${ID_RULE}`);
      if (this.#resources.has(id)) {
        throw new NfvError('ALREADY_EXISTS', `${this.#name(id)} already exists`);
      }
      const made = this.#commit(id, this.rules.check(id, spec, undefined), undefined, validateOnly);
      if (requestId !== '' && !validateOnly) this.#requests.set(requestId, { body, id });
      return made;
    });
  }

  get(id: string): Promise<R> {
    return this.#answer('get', () => this.#require(id));
  }

  list(request: ListRequest): Promise<ListResult<R>> {
    return this.#list(request, () => true);
  }

  async listReadable(request: ListRequest, mayRead: MayRead<Spec>): Promise<ListResult<R>> {
    const page = this.#pages.get(request.pageToken);
    const at = page?.revision ?? this.commits.revision;
    const readable = new Set<R>();
    for (const each of page?.rest ?? this.all) {
      if (await mayRead(each.spec, at)) readable.add(each);
    }
    return this.#list(request, (each) => readable.has(each));
  }

  getAt(id: string, revision: number): Promise<R | undefined> {
    return Promise.resolve(this.#at(id, revision));
  }

  specAt(id: string, revision: number): Promise<Spec | undefined> {
    return Promise.resolve(this.#at(id, revision)?.spec);
  }

  #at(id: string, revision: number): R | undefined {
    return this.#past.findLast((each) => each.id === id && each.revision <= revision)?.is;
  }

  #list(
    { pageSize, pageToken, filter }: ListRequest,
    isReadable: (resource: R) => boolean,
  ): Promise<ListResult<R>> {
    return this.#answer('list', () => {
      const page = this.#pages.get(pageToken);
      if (pageToken !== '' && page === undefined) {
        throw new NfvError('INVALID_PAGE_TOKEN', `"${pageToken}" is not a page token`);
      }
      const size = pageSize === 0 ? 100 : Math.min(pageSize, 1000);
      const isWanted = resourceFilter(filter, [this.rules.kind]);
      const rest = (page?.rest ?? this.all.filter(isWanted)).filter(isReadable);
      const revision = page?.revision ?? this.commits.revision;
      let nextPageToken = '';
      if (rest.length > size) {
        nextPageToken = `page-${this.#pages.size + 1}`;
        this.#pages.set(nextPageToken, { rest: rest.slice(size), revision });
      }
      return { resources: rest.slice(0, size), nextPageToken, revision };
    });
  }

  update({ id, changes, etag, validateOnly }: UpdateRequest<Spec>): Promise<R> {
    return this.#answer('update', () => {
      const before = this.#require(id);
      this.#checkEtag(before, etag);
      const spec = this.rules.check(id, { ...before.spec, ...changes }, before);
      for (const field of this.rules.immutable) {
        if (JSON.stringify(spec[field]) !== JSON.stringify(before.spec[field])) {
          const remedy = `leave it ${show(before.spec[field])}, or delete and create it anew`;
          throw this.#invalid(toSnake(field), spec[field], 'cannot be changed', remedy);
        }
      }
      if (JSON.stringify(spec) === JSON.stringify(before.spec)) return before;
      return this.#commit(id, spec, before, validateOnly);
    });
  }

  delete({ id, etag, validateOnly }: DeleteRequest): Promise<void> {
    return this.#answer('delete', () => {
      const before = this.#resources.get(id);
      if (before === undefined) return;
      this.#checkEtag(before, etag);
      this.rules.checkDelete(before);
      if (validateOnly) return;
      this.#resources.delete(id);
      this.commits.delete(before);
      this.#past.push({ revision: this.commits.revision, id, is: undefined });
    });
  }

  /** A change that no user made: the specification and its etag stay. */
  report(id: string, change: (resource: R) => R): R {
    const before = this.#require(id);
    const after = this.commits.put((revision) => {
      const changed = change(before);
      return { ...changed, meta: { ...before.meta, revision } };
    }, before);
    this.#resources.set(id, after);
    this.#past.push({ revision: this.commits.revision, id, is: after });
    return after;
  }

  #commit(id: string, spec: Spec, before: R | undefined, validateOnly: boolean): R {
    const now = timestamp(this.commits.clock.now());
    const createTime = before?.meta.createTime ?? now;
    const make = (revision: number): R =>
      this.rules.make(
        id,
        spec,
        { etag: `e${revision}`, revision, createTime, updateTime: now },
        before,
      );
    if (validateOnly) return make(this.commits.revision);
    const after = this.commits.put(make, before);
    this.#resources.set(id, after);
    this.#past.push({ revision: this.commits.revision, id, is: after });
    return after;
  }

  #require(id: string): R {
    const resource = this.#resources.get(id);
    if (resource === undefined) throw new NfvError('NOT_FOUND', `${this.#name(id)} does not exist`);
    return resource;
  }

  #checkEtag({ id, meta }: R, etag: string): void {
    if (etag === '' || etag === meta.etag) return;
    throw new NfvError('ETAG_MISMATCH', `${this.#name(id)} has changed: its etag is ${meta.etag}`);
  }

  #name(id: string): string {
    return formatName(this.rules.collection, id);
  }

  #invalid(field: string, value: unknown, reason: string, remedy: string): NfvError {
    const path = `${this.rules.field}.${field}`;
    return invalidFields([{ field: path, value: show(value), reason, remedy }]);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws shall reject
  async #answer<T>(method: string, handle: () => T): Promise<T> {
    this.commits.admit(`${this.rules.collection}.${method}`);
    return handle();
  }
}

function toSnake(name: string): string {
  return name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
}
