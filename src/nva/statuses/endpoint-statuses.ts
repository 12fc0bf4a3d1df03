/** What is known of each endpoint, from the NVEs it is on. */
import type { HeldAddress } from '../../model/allowed-address.js';
import type { EndpointStatus, MigrationLaggard } from '../../model/endpoint.js';
import { portKey } from '../../model/item.js';
import { currentMigration, placesOf, type PlacedEndpoint } from '../../model/migration.js';
import type { KeyValue } from '../../store/store.js';
import type { AppliedItems, NotApplied } from '../applied-items.js';
import { attachmentsOf, type PortReport } from './attachments.js';
import type { CatalogEndpoint } from '../catalog.js';
import { decodeKv, STATUS_RECORDS, type EndpointStatusRecord } from '../records.js';
import type { Connected } from '../sessions/sessions.js';

export interface EndpointStatusesDeps {
  endpoint(id: string): CatalogEndpoint | undefined;
  /** The allowed addresses that it has. */
  held(id: string): readonly HeldAddress[];
  connected(nve: string): Connected | undefined;
  readonly applied: Pick<AppliedItems, 'lacks'>;
  /** It was found dead: nobody sends to its endpoints. */
  isWithdrawn(nve: string): boolean;
  /** NVEs that its migration waits for. */
  laggards(id: string): readonly MigrationLaggard[];
}

type State = Pick<EndpointStatus, 'state' | 'reasonCode' | 'reason'>;

export class EndpointStatuses {
  constructor(private readonly deps: EndpointStatusesDeps) {}

  /**
   * The status record as it should be in the store; undefined: as it is.
   * @param kv what is there
   */
  async recordOf(id: string, kv: KeyValue | undefined): Promise<string | undefined> {
    const endpoint = this.deps.endpoint(id);
    if (endpoint === undefined) return undefined;
    const stored = kv && decodeKv(STATUS_RECORDS.endpoints, kv);
    const isOfThis = stored !== undefined && stored.modRevision > endpoint.modRevision;
    const record: EndpointStatusRecord = {
      ...this.#stateOf(id, endpoint.spec, isOfThis ? stored.value : undefined),
      attachments: await this.#attachmentsOf(id, endpoint, stored?.value),
      held: this.deps.held(id),
      laggards: this.deps.laggards(id),
    };
    return STATUS_RECORDS.endpoints.encode(record);
  }

  /** @param stored what was last known of this very specification */
  #stateOf(id: string, { nve, adminState }: PlacedEndpoint, stored: State | undefined): State {
    const progress = this.deps.connected(nve)?.session.progress;
    if (progress === undefined && this.deps.isWithdrawn(nve)) {
      const reason = `nves/${nve} is dead: nobody sends to the endpoint`;
      return { state: 'FAILED', reasonCode: 'NVE_DEAD', reason };
    }
    const isTrue = stored !== undefined && stored.reasonCode !== 'NVE_DEAD';
    if (progress?.settled !== true && isTrue) {
      // Until the NVE says more, it stands.
      const { state, reasonCode, reason } = stored;
      return { state, reasonCode, reason };
    }
    if (progress === undefined) {
      const reason = `nves/${nve} is not connected`;
      return { state: 'PENDING', reasonCode: 'NVE_DISCONNECTED', reason };
    }
    const state = progress.stateOf(portKey(id));
    if (state === 'open') return { state: 'PENDING', reasonCode: '', reason: '' };
    if (state !== 'applied') {
      return { state: 'FAILED', reasonCode: state.code, reason: state.message };
    }
    return { state: adminState === 'UP' ? 'ACTIVE' : 'DOWN', reasonCode: '', reason: '' };
  }

  async #attachmentsOf(
    id: string,
    { spec, modRevision }: CatalogEndpoint,
    stored: EndpointStatusRecord | undefined,
  ): Promise<EndpointStatusRecord['attachments']> {
    const places = placesOf(spec);
    const progress = this.deps.connected(spec.nve)?.session.progress;
    const reports = new Map([[spec.nve, reportOf(progress?.stateOf(portKey(id)) ?? 'open')]]);
    const target = currentMigration(spec)?.target;
    if (target !== undefined) {
      const lacks = await this.deps.applied.lacks(target, [{ key: portKey(id) }], modRevision);
      reports.set(target, reportOf(stateOf(lacks)));
    }
    const { migration } = spec;
    const came = migration?.phase === 'FINISHED' && migration.target === spec.nve;
    return attachmentsOf(places, stored?.attachments ?? [], came ? migration.id : '', (nve) =>
      reports.get(nve),
    );
  }
}

type ItemState = 'open' | 'applied' | { readonly code: string };

function stateOf(lacks: NotApplied | undefined): ItemState {
  if (lacks === undefined) return 'applied';
  return lacks.standing === 'failed' ? lacks : 'open';
}

function reportOf(state: ItemState): PortReport {
  if (state === 'applied') return 'applied';
  return state === 'open' ? undefined : 'failed';
}
