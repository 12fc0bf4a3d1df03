/** ChangesApi as handlers of nfv.v1.NvaService. */
import { invalidField } from '../errors.js';
import type { ChangesApi } from '../model/api.js';
import {
  appliedToWire,
  changeToWire,
  planRequestFromWire,
  planToWire,
  requireChangeName,
} from './convert/change.js';
import { fromInteger } from './convert/common.js';
import type { NvaServiceHandlers } from './gen/nfv/v1/NvaService.js';
import type { HandlerFactory } from './handlers.js';

type Methods = Pick<NvaServiceHandlers, 'Plan' | 'Apply' | 'Confirm' | 'GetChange' | 'ListChanges'>;

export function changesHandlers(api: ChangesApi, make: HandlerFactory): Methods {
  return {
    Plan: make.unary(async (r, call) => planToWire(await api.plan(planRequestFromWire(r), call))),
    Apply: make.unary(async (r, call) => {
      if (r.plan === null) throw invalidField('plan', '', 'missing', 'give what was planned');
      const request = {
        plan: planRequestFromWire(r.plan),
        hash: r.plan_hash,
        requestId: r.request_id,
        confirmWithinMs: millisecondsOf(r.confirm_within),
      };
      return appliedToWire(await api.apply(request, call));
    }),
    Confirm: make.unary(async (r, call) =>
      api.confirm({ revision: fromInteger('revision', r.revision), undo: r.undo }, call),
    ),
    GetChange: make.unary(async (r, call) =>
      changeToWire(await api.get(requireChangeName(r.name), call)),
    ),
    ListChanges: make.unary(async (r, call) => {
      const request = { pageSize: r.page_size, pageToken: r.page_token, filter: r.filter };
      const page = await api.list(request, call);
      return {
        changes: page.changes.map(changeToWire),
        next_page_token: page.nextPageToken,
        revision: page.revision,
        oldest_revision: page.oldestRevision,
      };
    }),
  };
}

/** One that is there and zero is no time at all, which Apply refuses. */
function millisecondsOf(d: { readonly seconds: number; readonly nanos: number } | null): number {
  if (d === null) return 0;
  const ms = Math.round(d.seconds * 1000 + d.nanos / 1_000_000);
  return ms === 0 ? -1 : ms;
}
