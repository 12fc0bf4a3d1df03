/** ChangesApi over the wire. */
import type { Call, ChangesApi } from '../model/api.js';
import type {
  Applied,
  ApplyRequest,
  Change,
  ConfirmRequest,
  ListChangesRequest,
  ListChangesResult,
  Plan,
  PlanRequest,
} from '../model/changes.js';
import {
  appliedFromWire,
  changeFromWire,
  planFromWire,
  planRequestToWire,
} from './convert/change.js';
import { fromInteger } from './convert/common.js';
import type { ApplyResponse__Output } from './gen/nfv/v1/ApplyResponse.js';
import type { Change__Output } from './gen/nfv/v1/Change.js';
import type { ConfirmResponse__Output } from './gen/nfv/v1/ConfirmResponse.js';
import type { ListChangesResponse__Output } from './gen/nfv/v1/ListChangesResponse.js';
import type { NvaServiceClient } from './gen/nfv/v1/NvaService.js';
import type { PlanResponse__Output } from './gen/nfv/v1/PlanResponse.js';
import type { Unary } from './unary.js';

export class ChangesClient implements ChangesApi {
  constructor(
    private readonly client: NvaServiceClient,
    private readonly unary: Unary,
  ) {}

  async plan(request: PlanRequest, call: Call): Promise<Plan> {
    const wire = planRequestToWire(request);
    return planFromWire(
      await this.unary.call<PlanResponse__Output>(call, (...rest) =>
        this.client.Plan(wire, ...rest),
      ),
    );
  }

  async apply(request: ApplyRequest, call: Call): Promise<Applied> {
    const ms = request.confirmWithinMs;
    const seconds = Math.floor(ms / 1000);
    const wire = {
      plan: planRequestToWire(request.plan),
      plan_hash: request.hash,
      request_id: request.requestId,
      confirm_within: ms === 0 ? null : { seconds, nanos: (ms - seconds * 1000) * 1_000_000 },
    };
    return appliedFromWire(
      await this.unary.call<ApplyResponse__Output>(call, (...rest) =>
        this.client.Apply(wire, ...rest),
      ),
    );
  }

  async confirm(request: ConfirmRequest, call: Call): Promise<{ readonly revision: number }> {
    const { revision } = await this.unary.call<ConfirmResponse__Output>(call, (...rest) =>
      this.client.Confirm(request, ...rest),
    );
    return { revision: fromInteger('revision', revision) };
  }

  async list(request: ListChangesRequest, call: Call): Promise<ListChangesResult> {
    const { pageSize, pageToken, filter } = request;
    const wire = { page_size: pageSize, page_token: pageToken, filter };
    const page = await this.unary.call<ListChangesResponse__Output>(call, (...rest) =>
      this.client.ListChanges(wire, ...rest),
    );
    return {
      changes: page.changes.map(changeFromWire),
      nextPageToken: page.next_page_token,
      revision: fromInteger('revision', page.revision),
      oldestRevision: fromInteger('oldest_revision', page.oldest_revision),
    };
  }

  async get(id: string, call: Call): Promise<Change> {
    return changeFromWire(
      await this.unary.call<Change__Output>(call, (...rest) =>
        this.client.GetChange({ name: `changes/${id}` }, ...rest),
      ),
    );
  }
}
