/** What becomes of endpoints once they are stored: their states as NVEs report them, their migrations. */
import type { ToldSighting } from '../../model/allowed-address.js';
import type { Clock } from '../../model/clock.js';
import { DEFAULT_DUPLICATE_LIMITS, type DuplicateLimits } from '../../model/duplicates.js';
import type { Endpoint } from '../../model/endpoint.js';
import type { Log } from '../../model/log.js';
import type { PlacedEndpoint } from '../../model/migration.js';
import type { MigrationApi } from '../../model/api.js';
import type { Store } from '../../store/store.js';
import type { Absentees } from '../sessions/absentees.js';
import { AppliedItems } from '../applied-items.js';
import type { Catalog, CatalogChange } from '../catalog.js';
import type { CompileIndex } from '../compiler/compile-index.js';
import { EndpointStatuses } from './endpoint-statuses.js';
import { MigrationDriver } from '../mobility/migration-driver.js';
import { Holders } from '../mobility/holders.js';
import { Migrations } from '../mobility/migrations.js';
import type { Resources } from '../resources/resources.js';
import type { Connected } from '../sessions/sessions.js';
import { StatusWriter } from './status-writer.js';
import type { Tenures } from '../sessions/tenures.js';

export interface EndpointLifeDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly catalog: Catalog;
  readonly index: CompileIndex;
  readonly endpoints: Resources<PlacedEndpoint, Endpoint>;
  readonly tenures: Tenures;
  readonly absentees: Absentees;
  connected(nve: string): Connected | undefined;
  /** When an address moves too often. */
  readonly duplicates: DuplicateLimits | undefined;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** What an endpoint became is waited for. */
const GATHER_MS = 50;

export class EndpointLife {
  readonly migrations: MigrationApi;
  readonly #catalog: Catalog;
  readonly #index: CompileIndex;
  /** Of the endpoints' states. */
  readonly writer: StatusWriter;
  readonly #driver: MigrationDriver;
  readonly #holders: Holders;

  constructor(deps: EndpointLifeDeps) {
    const { store, clock, log, catalog, tenures, absentees } = deps;
    this.#catalog = catalog;
    this.#index = deps.index;
    this.migrations = new Migrations(deps.endpoints, clock);
    const applied = new AppliedItems({
      store,
      connected: (nve) => deps.connected(nve),
      judged: () => absentees.judged(),
      missed: (nve) => absentees.missed(nve),
      isElsewhere: (nve) => tenures.isElsewhere(nve),
    });
    this.#driver = this.#makeDriver(deps, applied);
    const { signal, duplicates: limits = DEFAULT_DUPLICATE_LIMITS } = deps;
    this.#holders = new Holders({ store, clock, log, signal, limits, now: () => clock.now() });
    const statuses = new EndpointStatuses({
      endpoint: (id) => catalog.endpoint(id),
      held: (id) => catalog.heldBy(id),
      connected: (nve) => deps.connected(nve),
      applied,
      isWithdrawn: (nve) => catalog.isWithdrawn(nve),
      laggards: (id) => this.#driver.laggards(id),
    });
    this.writer = new StatusWriter({
      ...{ store, clock, log, collection: 'endpoints', gatherMs: GATHER_MS },
      guard: (id) => tenures.guard(catalog.endpoint(id)?.spec.nve ?? ''),
      revisionOf: (id) => catalog.endpoint(id)?.modRevision,
      statusOf: (id, stored) => statuses.recordOf(id, stored),
    });
  }

  #makeDriver(deps: EndpointLifeDeps, applied: AppliedItems): MigrationDriver {
    const { clock, log, signal, endpoints } = deps;
    return new MigrationDriver({
      ...{ clock, log, signal },
      endpoint: (id) => deps.catalog.endpoint(id),
      concerned: (id, target) => deps.index.concerned(id, target),
      lacks: (nve, items, revision) => applied.lacks(nve, items, revision),
      isWithdrawn: (nve) => deps.catalog.isWithdrawn(nve),
      commit: async (id, revision, next) => {
        const which = { id, etag: '', ifRevision: revision, validateOnly: false, byUser: false };
        await endpoints.revise(which, () => next, { signal });
      },
      onLaggards: (id) => {
        this.writer.mark(id);
      },
    });
  }

  /** An NVE has seen allowed addresses at its ports. */
  readonly saw = (nve: string, sightings: readonly ToldSighting[]): void => {
    this.#holders.saw(nve, sightings);
  };

  /** An NVE has no session here any more. */
  departed(nve: string): void {
    this.#holders.lost(nve);
  }

  /** Takes up what an earlier process, or another one, has begun. */
  resume(): void {
    for (const id of this.#catalog.migrating()) this.#driver.changed(id);
  }

  /** The compiler and the sessions have this change. */
  committed(change: CatalogChange): void {
    if (change.kind !== 'Endpoint') return;
    const { migration, allowedAddresses = [] } = change.after ?? {};
    if (migration !== undefined || allowedAddresses.length > 0) this.writer.mark(change.id);
    this.#driver.changed(change.id);
  }

  /** The state of these items of an NVE may have changed; 'all': of any. */
  progressed(nve: string, keys: readonly string[] | 'all'): void {
    if (keys === 'all') {
      for (const id of this.#index.portsAt(nve)) this.writer.mark(id);
    } else {
      for (const key of keys) {
        if (key.startsWith('port/')) this.writer.mark(key.slice('port/'.length));
      }
    }
    this.#driver.progressed(nve);
  }

  /** An NVE was found dead, or is back. */
  nveChanged(nve: string): void {
    for (const id of this.#catalog.endpointsAt(nve)) this.writer.mark(id);
  }

  /** Writes what is known of the endpoints, and then no more. */
  async close(): Promise<void> {
    await this.#holders.close();
    await this.#driver.close();
    await this.writer.close();
  }
}
