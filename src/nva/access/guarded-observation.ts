/** What one caller may see of an NVA's statistics and events. */
import type { Call } from '../../model/api.js';
import type { ObservationApi } from '../../model/api.js';
import type { EventsRequest, NvaEvent, NvaStatistics } from '../../model/observation.js';
import type { Rights } from './rights.js';

/** Instead of how a replica was asked, and what failed there. */
const UNTOLD = 'some of what only this replica knows cannot be told';

export class GuardedObservation implements ObservationApi {
  constructor(
    private readonly api: ObservationApi,
    private readonly rights: Rights,
  ) {}

  /** Of all NVEs, for who may read NVEs. @throws NfvError ACCESS_DENIED */
  async statistics(call: Call): Promise<NvaStatistics> {
    if (!this.rights.reads('nobody')) throw this.rights.denied('read the statistics of the NVA');
    return await this.api.statistics(call);
  }

  /** Of what they may read; that of another tenant is as if it had not happened. */
  async *events(request: EventsRequest, call: Call): AsyncGenerator<NvaEvent> {
    for await (const event of this.api.events(request, call)) {
      if (event.kind === 'MISSED') yield this.#missed(event);
      else if (this.rights.reads(ownerOf(event))) yield event;
    }
  }

  /** Everybody is told that something is missing; why, who may read what is nobody's. */
  #missed(event: NvaEvent): NvaEvent {
    if (event.code === '' || this.rights.reads('nobody')) return event;
    return { ...event, resource: '', nve: '', who: '', message: UNTOLD };
  }
}

function ownerOf({ tenant }: NvaEvent): Parameters<Rights['reads']>[0] {
  if (tenant === undefined) return 'unknown';
  return tenant === '' ? 'nobody' : { tenant };
}
