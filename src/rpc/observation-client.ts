/** ObservationApi over the wire. */
import type { Call } from '../model/api.js';
import type { ObservationApi } from '../model/api.js';
import type { EventsRequest, NvaEvent, NvaStatistics } from '../model/observation.js';
import { eventFromWire, KINDS, statisticsFromWire } from './convert/observation.js';
import type { GetStatisticsResponse__Output } from './gen/nfv/v1/GetStatisticsResponse.js';
import type { NvaServiceClient } from './gen/nfv/v1/NvaService.js';
import { received } from './received.js';
import type { Unary } from './unary.js';

export class ObservationClient implements ObservationApi {
  constructor(
    private readonly client: NvaServiceClient,
    private readonly unary: Unary,
  ) {}

  async statistics(call: Call): Promise<NvaStatistics> {
    const response = await this.unary.call<GetStatisticsResponse__Output>(call, (...rest) =>
      this.client.GetStatistics({}, ...rest),
    );
    return statisticsFromWire(response);
  }

  async *events(request: EventsRequest, { signal }: Call): AsyncGenerator<NvaEvent> {
    const { follow, tenant, resource } = request;
    const kinds = request.kinds.map((kind) => KINDS.toWire(kind));
    const wire = { follow, tenant, resource, kinds };
    const stream = this.client.WatchEvents(wire, this.unary.metadata());
    for await (const message of received(stream, this.unary, signal)) yield eventFromWire(message);
  }
}
