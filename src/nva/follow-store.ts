/** Keeps the model up with the store, for as long as there is one. */
import { NfvError } from '../errors.js';
import { delay, type Clock } from '../model/clock.js';
import { errorFields, type Log } from '../model/log.js';
import type { Store, StoreEvent } from '../store/store.js';
import type { Catalog, CatalogChange } from './catalog.js';

export interface FollowDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly catalog: Pick<Catalog, 'follow' | 'reload' | 'revision'>;
  /** The catalog has these; without events where what happened in between is not known. */
  took(revision: number, changes: readonly CatalogChange[], events: readonly StoreEvent[]): void;
  /** Reads all else that is followed, as of a revision. */
  reload(revision: number, signal: AbortSignal): Promise<void>;
}

/** Until the next attempt, when the store could not be followed. */
const RETRY_MS = 1000;

/** Resolves when the signal aborts. */
export async function followStore(deps: FollowDeps, signal: AbortSignal): Promise<void> {
  const { store, clock, log, catalog } = deps;
  while (!signal.aborted) {
    try {
      await catalog.follow(store, signal, (revision, changes, events) => {
        deps.took(revision, changes, events);
      });
    } catch (thrown) {
      const error = NfvError.from(thrown);
      log.error(errorFields(error), 'cannot follow the store');
      if (error.code === 'REVISION_COMPACTED') await reload(deps, signal);
      else await delay(clock, RETRY_MS, signal).catch(() => undefined);
    }
  }
}

/** The history that was to be followed is gone: what is there now is taken instead. */
async function reload(deps: FollowDeps, signal: AbortSignal): Promise<void> {
  const { store, log, catalog } = deps;
  const changes = await attempt(deps, signal, () => catalog.reload(store, signal));
  if (changes === undefined) return;
  const { revision } = catalog;
  // What the catalog has changed by now nobody would hear of another time.
  let isRead = false;
  while (!isRead && !signal.aborted) {
    const done = await attempt(deps, signal, async () => {
      await deps.reload(revision, signal);
      return true;
    });
    isRead = done === true;
  }
  if (!isRead) return;
  deps.took(revision, changes, []);
  log.info({ revision }, 'the model was read anew');
}

/** @returns undefined: it failed, which was told, and some time has passed since */
async function attempt<T>(
  { clock, log }: FollowDeps,
  signal: AbortSignal,
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (thrown) {
    if (signal.aborted) return undefined;
    log.error(errorFields(NfvError.from(thrown)), 'cannot read the model anew');
    await delay(clock, RETRY_MS, signal).catch(() => undefined);
    return undefined;
  }
}
