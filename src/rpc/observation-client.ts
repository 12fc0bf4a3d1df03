/** ObservationApi over the wire. */
import type { Call } from '../model/api.js';
import type { ObservationApi } from '../model/api.js';
import type { EventsRequest, NvaEvent, NvaStatistics } from '../model/observation.js';
import { eventFromWire, KINDS, statisticsFromWire } from './convert/observation.js';
import type { GetStatisticsResponse__Output } from './gen/nfv/v1/GetStatisticsResponse.js';
import type { NvaServiceClient } from './gen/nfv/v1/NvaService.js';
import type { WatchEventsResponse__Output } from './gen/nfv/v1/WatchEventsResponse.js';
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
    const cancel = (): void => {
      stream.cancel();
    };
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
    const messages: AsyncIterable<WatchEventsResponse__Output> = stream;
    try {
      for await (const message of messages) yield eventFromWire(message);
    } catch (error) {
      if (!signal.aborted) throw this.unary.mapError(error, signal);
    } finally {
      signal.removeEventListener('abort', cancel);
      stream.cancel();
    }
  }
}
