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
import type { Admission } from './admission.js';

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

/** Of a service whose health is watched; more of one is not told back. */
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

  addTo(server: Server, admission: Admission): void {
    const check: handleUnaryCall<HealthRequest, HealthResponse> = (call, done) => {
      const { request } = call;
      const refusal = admission.refusalOf(call);
      if (refusal !== undefined) done(refusal);
      else if (this.services.includes(request.service)) done(null, this.#now);
      else done({ code: grpcStatus.NOT_FOUND, details: unknown(request) });
    };
    const watch: handleServerStreamingCall<HealthRequest, HealthResponse> = (call) => {
      if (admission.admits(call)) this.#watch(call);
    };
    const list: handleUnaryCall<unknown, HealthList> = (call, done) => {
      const refusal = admission.refusalOf(call);
      if (refusal !== undefined) {
        done(refusal);
        return;
      }
      const statuses = Object.fromEntries(this.services.map((name) => [name, this.#now]));
      done(null, { statuses });
    };
    server.addService(service, { check, watch, list });
  }

  #watch(call: Watch): void {
    const { service: name } = call.request;
    if (name.length > MAX_NAME) {
      // A request is held as long as its call.
      call.emit('error', { code: grpcStatus.INVALID_ARGUMENT, details: unknown(call.request) });
      return;
    }
    if (!this.services.includes(name)) {
      // It never will be known, and yet the standard has the call go on.
      call.write({ status: 'SERVICE_UNKNOWN' });
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
