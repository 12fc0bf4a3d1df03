/** Migrations as handlers of nfv.v1.NvaService, and over the wire. */
import type { Call, MigrationApi } from '../model/api.js';
import type { Endpoint } from '../model/endpoint.js';
import type { CancelRequest, FinishRequest, MigrateRequest } from '../model/migration-requests.js';
import { formatName, requireName } from '../model/names.js';
import { durationFromWire, durationToWire } from './convert/duration.js';
import { ENDPOINT } from './convert/endpoint.js';
import { portFromWire, portToWire } from './convert/port.js';
import { referenceFromWire } from './convert/reference.js';
import type { Endpoint__Output } from './gen/nfv/v1/Endpoint.js';
import type { NvaServiceClient, NvaServiceHandlers } from './gen/nfv/v1/NvaService.js';
import type { HandlerFactory } from './handlers.js';
import type { Unary } from './unary.js';

type Handlers = Pick<NvaServiceHandlers, 'MigrateEndpoint' | 'FinishMigration' | 'CancelMigration'>;

export function migrationHandlers(api: MigrationApi, make: HandlerFactory): Handlers {
  return {
    MigrateEndpoint: make.unary(async (r, call) =>
      ENDPOINT.toWire(
        await api.migrate(
          {
            id: requireName('endpoints', r.name),
            nve: referenceFromWire('nve', 'nves', r.nve),
            port: portFromWire('port', r.port),
            etag: r.etag,
            requestId: r.request_id,
            validateOnly: r.validate_only,
            hold: r.hold,
            timeoutMs: durationFromWire(r.timeout),
          },
          call,
        ),
      ),
    ),
    FinishMigration: make.unary(async (r, call) => {
      const { etag, force } = r;
      const id = requireName('endpoints', r.name);
      const request = { id, etag, force, validateOnly: r.validate_only };
      return ENDPOINT.toWire(await api.finish(request, call));
    }),
    CancelMigration: make.unary(async (r, call) => {
      const request = { id: requireName('endpoints', r.name), etag: r.etag };
      return ENDPOINT.toWire(await api.cancel({ ...request, validateOnly: r.validate_only }, call));
    }),
  };
}

export class MigrationClient implements MigrationApi {
  constructor(
    private readonly client: NvaServiceClient,
    private readonly unary: Unary,
  ) {}

  async migrate(request: MigrateRequest, call: Call): Promise<Endpoint> {
    const wire = {
      name: formatName('endpoints', request.id),
      nve: formatName('nves', request.nve),
      port: portToWire(request.port),
      etag: request.etag,
      request_id: request.requestId,
      validate_only: request.validateOnly,
      hold: request.hold,
      timeout: durationToWire(request.timeoutMs),
    };
    const endpoint = await this.unary.call<Endpoint__Output>(call, (...rest) =>
      this.client.MigrateEndpoint(wire, ...rest),
    );
    return ENDPOINT.fromWire(endpoint);
  }

  async finish({ id, etag, validateOnly, force }: FinishRequest, call: Call): Promise<Endpoint> {
    const wire = { name: formatName('endpoints', id), etag, force, validate_only: validateOnly };
    const endpoint = await this.unary.call<Endpoint__Output>(call, (...rest) =>
      this.client.FinishMigration(wire, ...rest),
    );
    return ENDPOINT.fromWire(endpoint);
  }

  async cancel({ id, etag, validateOnly }: CancelRequest, call: Call): Promise<Endpoint> {
    const wire = { name: formatName('endpoints', id), etag, validate_only: validateOnly };
    const endpoint = await this.unary.call<Endpoint__Output>(call, (...rest) =>
      this.client.CancelMigration(wire, ...rest),
    );
    return ENDPOINT.fromWire(endpoint);
  }
}
