/**
 * grpc.health.v1.Health. Not the one that comes with its definition: that keeps the name of every service that was ever
 * watched, which may be as long as a message, for whoever has a certificate.
 */
import {
  status as grpcStatus,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type Server,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import { service } from 'grpc-health-check';

interface HealthRequest {
  readonly service: string;
}

interface HealthResponse {
  readonly status: 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';
}

interface HealthList {
  readonly statuses: Readonly<Record<string, HealthResponse>>;
}

type Watch = ServerWritableStream<HealthRequest, HealthResponse>;

/** How long a name is told back. */
const MAX_NAME = 100;

export class Health {
  #now: HealthResponse = { status: 'NOT_SERVING' };
  readonly #watches = new Set<Watch>();

  /** @param services by their names; all of them serve, or none */
  constructor(private readonly services: readonly string[]) {}

  setServing(serving: boolean): void {
    this.#now = { status: serving ? 'SERVING' : 'NOT_SERVING' };
    for (const watch of this.#watches) watch.write(this.#now);
  }

  addTo(server: Server): void {
    const check: handleUnaryCall<HealthRequest, HealthResponse> = ({ request }, done) => {
      if (this.services.includes(request.service)) done(null, this.#now);
      else done({ code: grpcStatus.NOT_FOUND, details: unknown(request) });
    };
    const watch: handleServerStreamingCall<HealthRequest, HealthResponse> = (call) => {
      this.#watch(call);
    };
    const list: handleUnaryCall<unknown, HealthList> = (_, done) => {
      const statuses = Object.fromEntries(this.services.map((name) => [name, this.#now]));
      done(null, { statuses });
    };
    server.addService(service, { check, watch, list });
  }

  #watch(call: Watch): void {
    if (!this.services.includes(call.request.service)) {
      call.write({ status: 'SERVICE_UNKNOWN' });
      // It never will be known: nothing is held for it.
      call.end();
      return;
    }
    if (call.cancelled) return;
    this.#watches.add(call);
    call.once('cancelled', () => this.#watches.delete(call));
    call.write(this.#now);
  }
}

const unknown = ({ service: name }: HealthRequest): string =>
  `Health status unknown for service ${name.slice(0, MAX_NAME)}`;
