import type { Call, MigrationApi } from '../../model/api.js';
import type { Owner, Rights } from './rights.js';

/** Who may change an endpoint. */
export interface GuardedEndpoints {
  /** @throws NfvError ACCESS_DENIED, NOT_FOUND */
  asItWas<T>(
    id: string,
    etag: string,
    call: Call,
    change: (etag: string, owner: Owner) => Promise<T>,
  ): Promise<T>;
}

/** Who may change an endpoint may migrate it, to a port of a kind that they may give it. */
export function guardedMigrations(
  api: MigrationApi,
  rights: Rights,
  endpoints: GuardedEndpoints,
): MigrationApi {
  return {
    migrate: (request, call) =>
      endpoints.asItWas(request.id, request.etag, call, (etag, owner) => {
        rights.checkPort(owner, request);
        return api.migrate({ ...request, etag }, call);
      }),
    finish: (request, call) =>
      endpoints.asItWas(request.id, request.etag, call, (etag) =>
        api.finish({ ...request, etag }, call),
      ),
    cancel: (request, call) =>
      endpoints.asItWas(request.id, request.etag, call, (etag) =>
        api.cancel({ ...request, etag }, call),
      ),
  };
}
