/** ObservationApi as handlers of nfv.v1.NvaService. */
import type { ObservationApi } from '../model/api.js';
import { eventToWire, KINDS, statisticsToWire } from './convert/observation.js';
import type { NvaServiceHandlers } from './gen/nfv/v1/NvaService.js';
import type { HandlerFactory } from './handlers.js';

export function observationHandlers(
  api: ObservationApi,
  make: HandlerFactory,
): Pick<NvaServiceHandlers, 'GetStatistics' | 'WatchEvents'> {
  return {
    GetStatistics: make.unary(async (_request, call) =>
      statisticsToWire(await api.statistics(call)),
    ),
    WatchEvents: make.serverStream(async function* (r, call) {
      const { follow, tenant, resource } = r;
      const kinds = r.kinds.map((kind, i) => KINDS.fromWire(`kinds[${i}]`, kind));
      const request = { follow, tenant, resource, kinds };
      for await (const event of api.events(request, call)) yield eventToWire(event);
    }),
  };
}
