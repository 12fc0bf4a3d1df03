/** What an NVA's API has to be able to do for the rights of a caller to be kept: to tell how it was. */
import type {
  Call,
  ListRequest,
  ListResult,
  NvaApi,
  ResourceApi,
  WatchEvent,
  WatchRequest,
} from '../../model/api.js';
import type { Collection } from '../../model/names.js';

/** Whether somebody may read what has this specification, as it was at that revision. */
export type MayRead<Spec> = (spec: Spec, revision: number) => Promise<boolean>;

export interface GuardableResources<Spec, R> extends ResourceApi<Spec, R> {
  /** As `list`, where what may not be read does not exist: for the filter, the page's size and its token neither. */
  listReadable(request: ListRequest, mayRead: MayRead<Spec>, call: Call): Promise<ListResult<R>>;
  /**
   * As it was at a revision; undefined: there was none.
   * @throws NfvError REVISION_COMPACTED, REVISION_IN_FUTURE
   */
  getAt(id: string, revision: number): Promise<R | undefined>;
  /**
   * Its specification at a revision, without the status; undefined: there was none.
   * @throws NfvError REVISION_COMPACTED, REVISION_IN_FUTURE
   */
  specAt(id: string, revision: number): Promise<Spec | undefined>;
}

/** What a watch tells at once: of one transaction, or some of the state that it begins with. */
export interface EventBatch {
  readonly events: readonly WatchEvent[];
  /** Names of all resources whose specification was written or deleted, also of what is not watched. */
  readonly respecified: ReadonlySet<string>;
}

type Guardable<Api> =
  Api extends ResourceApi<infer Spec, infer R> ? GuardableResources<Spec, R> : never;

export type GuardableNva = Omit<NvaApi, Collection> & {
  readonly [C in Collection]: Guardable<NvaApi[C]>;
} & {
  /** As `watch`, with each transaction, whether there is something to tell of it or not. */
  watchBatches(request: WatchRequest, call: Call): AsyncGenerator<EventBatch>;
};
