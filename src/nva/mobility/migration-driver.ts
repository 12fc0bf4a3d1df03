/**
 * Takes migrations on: watches what the NVEs concerned have applied, and commits each next step when all
 * have, or when the time is up. Every replica does; a compare-and-set lets one of them through. Nothing
 * is kept that is not in the store.
 */
import { isDeepStrictEqual } from 'node:util';
import { NfvError } from '../../errors.js';
import type { Clock } from '../../model/clock.js';
import type { Item } from '../../model/item.js';
import { errorFields, type Log } from '../../model/log.js';
import {
  currentMigration,
  MAX_MIGRATION_LAGGARDS,
  type PlacedEndpoint,
} from '../../model/migration.js';
import type { Migration, MigrationLaggard } from '../../model/endpoint.js';
import type { NotApplied } from '../applied-items.js';
import type { CatalogEndpoint } from '../catalog.js';
import { eventOf, step } from './migration-steps.js';

export interface MigrationDriverDeps {
  readonly clock: Clock;
  readonly log: Log;
  endpoint(id: string): CatalogEndpoint | undefined;
  /** What NVEs have because of an endpoint and of its place on an NVE. */
  concerned(id: string, target: string): ReadonlyMap<string, readonly Item[]>;
  /** Undefined: the NVE has applied them, as they should be since `revision`. */
  lacks(nve: string, items: readonly Item[], revision: number): Promise<NotApplied | undefined>;
  /** It was found dead: nobody sends to it, and it sends to nobody. */
  isWithdrawn(nve: string): boolean;
  /** Writes the step, if the endpoint is still as of `revision`. @throws NfvError of the store */
  commit(id: string, revision: number, next: PlacedEndpoint): Promise<void>;
  /** It waits for others than before. */
  onLaggards(id: string): void;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** How often is looked without a cause: deadlines, and NVEs whose sessions are elsewhere. */
const LOOK_MS = 500;

/** A migration that goes on. */
class Course {
  /** NVEs that it waited for when it was last looked at. */
  laggards: readonly MigrationLaggard[] = [];
  concerned: ReadonlySet<string> = new Set();
  looking: Promise<void> | undefined;
  /** Something happened since the look began. */
  outdated = false;
  cancel: () => void = () => undefined;
}

export class MigrationDriver {
  readonly #courses = new Map<string, Course>();

  constructor(private readonly deps: MigrationDriverDeps) {}

  /** NVEs that the endpoint's migration waits for; none where it has none. */
  laggards(id: string): readonly MigrationLaggard[] {
    return this.#courses.get(id)?.laggards ?? [];
  }

  /** The endpoint is another one now. */
  changed(id: string): void {
    if (this.#movingOf(id) === undefined) this.#end(id);
    else this.#look(id);
  }

  /** An NVE has applied something, or has come or gone. */
  progressed(nve: string): void {
    for (const [id, { concerned }] of this.#courses) if (concerned.has(nve)) this.#look(id);
  }

  /** Resolves when nothing is being looked at. */
  async close(): Promise<void> {
    const courses = [...this.#courses];
    for (const [id] of courses) this.#end(id);
    for (const [, { looking }] of courses) await looking;
  }

  #end(id: string): void {
    this.#courses.get(id)?.cancel();
    this.#courses.delete(id);
  }

  #movingOf(id: string): Migration | undefined {
    const endpoint = this.deps.endpoint(id);
    return endpoint && currentMigration(endpoint.spec);
  }

  #look(id: string): void {
    if (this.deps.signal.aborted) return;
    const course = this.#courses.get(id) ?? new Course();
    this.#courses.set(id, course);
    course.outdated = true;
    course.looking ??= this.#lookOften(id, course).finally(() => {
      course.looking = undefined;
    });
  }

  async #lookOften(id: string, course: Course): Promise<void> {
    const { clock, log, signal } = this.deps;
    course.cancel();
    while (course.outdated && !signal.aborted) {
      course.outdated = false;
      try {
        await this.#lookOnce(id, course);
      } catch (thrown) {
        const error = NfvError.from(thrown);
        // Somebody was faster, and what that made of it comes with the next change.
        if (LOST.has(error.code)) continue;
        log.warn({ endpoint: id, ...errorFields(error) }, 'a migration does not go on');
      }
    }
    if (this.#courses.get(id) !== course || signal.aborted) return;
    course.cancel = clock.after(LOOK_MS, () => {
      this.changed(id);
    });
  }

  async #lookOnce(id: string, course: Course): Promise<void> {
    const { clock, log } = this.deps;
    const endpoint = this.deps.endpoint(id);
    if (endpoint === undefined) return;
    const moving = currentMigration(endpoint.spec);
    if (moving === undefined) return;
    const laggards = await this.#laggardsOf(id, endpoint, moving, course);
    // Meanwhile somebody may have taken it back.
    if (this.deps.endpoint(id) !== endpoint) return;
    const told = laggards.slice(0, MAX_MIGRATION_LAGGARDS);
    if (!isDeepStrictEqual(told, course.laggards)) {
      course.laggards = told;
      this.deps.onLaggards(id);
    }
    const now = clock.now();
    const event = eventOf(moving, laggards, now);
    const next = event && step(endpoint.spec, event, now, told);
    if (next === undefined) return;
    const { phase, reason } = next.migration ?? moving;
    await this.deps.commit(id, endpoint.modRevision, next);
    const { source, target } = moving;
    log.info(
      { endpoint: id, migration: moving.id, source, target, phase, reason },
      'a migration went on',
    );
  }

  async #laggardsOf(
    id: string,
    { modRevision }: CatalogEndpoint,
    { source, target, force, phase }: Migration,
    course: Course,
  ): Promise<MigrationLaggard[]> {
    const concerned = this.deps.concerned(id, target);
    course.concerned = new Set(concerned.keys());
    if ((concerned.get(target)?.length ?? 0) === 0) {
      const reason = `it takes no part in the network of endpoints/${id}`;
      return [{ nve: target, code: 'NVE_PENDING', reason }];
    }
    const goesTo = phase === 'RETURNING' ? source : target;
    const isForgone = (nve: string): boolean =>
      nve !== goesTo && (force || this.deps.isWithdrawn(nve));
    const all = [...concerned].map(async ([nve, items]) => {
      const lacks = await this.deps.lacks(nve, items, modRevision);
      if (lacks === undefined) return [];
      const { standing, code, reason } = lacks;
      return isForgone(nve) && standing === 'away' ? [] : [{ nve, code, reason }];
    });
    return (await Promise.all(all)).flat().sort((a, b) => (a.nve < b.nve ? -1 : 1));
  }
}

const LOST: ReadonlySet<string> = new Set(['ETAG_MISMATCH', 'WRITE_CONFLICT', 'NOT_FOUND']);
