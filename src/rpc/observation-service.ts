/** ObservationApi as handlers of nfv.v1.NvaService. */
import { clip, invalidField } from '../errors.js';
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
      const request = {
        follow: r.follow,
        tenant: named('tenant', r.tenant),
        resource: named('resource', r.resource),
        kinds: KINDS.someFromWire('kinds', r.kinds),
      };
      for await (const event of api.events(request, call)) yield eventToWire(event);
    }),
  };
}

/** More than any name has. */
const MAX_NAME = 256;

/** @throws NfvError INVALID_FIELD */
function named(field: string, text: string): string {
  if (text.length <= MAX_NAME) return text;
  const remedy = `give at most ${MAX_NAME} characters`;
  throw invalidField(field, clip(text, 64), 'too long', remedy);
}
