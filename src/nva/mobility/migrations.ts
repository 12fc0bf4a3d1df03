/**
 * Migrations of endpoints: what a caller asks for. They live in the endpoint's own record, so that each
 * step is one compare-and-set of it, by whichever replica; MigrationDriver takes them on.
 */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { invalidField, NfvError } from '../../errors.js';
import type { Call, MigrationApi } from '../../model/api.js';
import type { Clock } from '../../model/clock.js';
import { timestamp } from '../../model/clock.js';
import { checkPort, type Endpoint, type Migration } from '../../model/endpoint.js';
import type {
  CancelRequest,
  FinishRequest,
  MigrateRequest,
} from '../../model/migration-requests.js';
import { currentMigration, type PlacedEndpoint } from '../../model/migration.js';
import { checkId, Violations } from '../../model/violations.js';
import { step } from './migration-steps.js';
import type { Resources } from '../resources/resources.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const DEFAULT_TIMEOUT_MS = 60_000;
const MIN_TIMEOUT_MS = 1000;
const MAX_TIMEOUT_MS = 3_600_000;

export class Migrations implements MigrationApi {
  constructor(
    private readonly endpoints: Pick<Resources<PlacedEndpoint, Endpoint>, 'revise'>,
    private readonly clock: Clock,
  ) {}

  async migrate(request: MigrateRequest, call: Call): Promise<Endpoint> {
    check(request);
    const isDone = (spec: PlacedEndpoint): boolean => isRepeated(spec, request);
    return this.#revise(request, call, (spec) => this.#begin(spec, request), isDone);
  }

  async finish(request: FinishRequest, call: Call): Promise<Endpoint> {
    return this.#revise(request, call, (spec) => {
      const { migration } = spec;
      if (migration?.phase === 'FINISHED') return spec;
      const moving = currentMigration(spec);
      if (moving === undefined || moving.phase === 'RETURNING') throw none(request.id, 'finish');
      const force = moving.force || request.force;
      const released = { ...spec, migration: { ...moving, released: true, force } };
      return step(released, { type: 'FINISH' }, this.clock.now()) ?? released;
    });
  }

  async cancel(request: CancelRequest, call: Call): Promise<Endpoint> {
    return this.#revise(request, call, (spec) => {
      const phase = spec.migration?.phase ?? 'FINISHED';
      if (phase === 'CANCELLED' || phase === 'FAILED' || phase === 'RETURNING') return spec;
      const cancelled = step(spec, { type: 'CANCEL' }, this.clock.now());
      if (cancelled === undefined) throw none(request.id, 'cancel');
      return cancelled;
    });
  }

  #revise(
    { id, etag, validateOnly }: CancelRequest,
    call: Call,
    change: (spec: PlacedEndpoint) => PlacedEndpoint,
    isDone: (spec: PlacedEndpoint) => boolean = () => false,
  ): Promise<Endpoint> {
    const which = { id, etag, validateOnly, byUser: true, isDone };
    return this.endpoints.revise(which, change, call);
  }

  #begin(spec: PlacedEndpoint, request: MigrateRequest): PlacedEndpoint {
    const { id, nve } = request;
    const requestId = request.requestId.toLowerCase();
    const asked = askedOf(request);
    const moving = currentMigration(spec);
    if (moving !== undefined) {
      const text = `endpoints/${id} is migrating from nves/${moving.source} to nves/${moving.target}`;
      const remedy = `wait until its migration is over, or cancel it: nfvctl migrate cancel ${id}`;
      throw new NfvError('ENDPOINT_MIGRATING', text, { remedy });
    }
    if (nve === spec.nve) {
      const reason = `endpoints/${id} is there already`;
      throw invalidField('nve', `nves/${nve}`, reason, 'name another NVE');
    }
    const now = this.clock.now();
    const migration: Migration = {
      ...asked,
      id: requestId === '' ? randomUUID() : requestId,
      source: spec.nve,
      phase: 'ASSOCIATING',
      ...{ released: false, force: false },
      startTime: timestamp(now),
      deadline: timestamp(now + asked.timeoutMs),
      ...{ reasonCode: '', reason: '' },
    };
    return { ...spec, migration };
  }
}

function check({ nve, port, requestId, timeoutMs }: MigrateRequest): void {
  if (requestId !== '' && !UUID.test(requestId)) {
    throw invalidField('request_id', requestId, 'not a UUID', 'give one, or leave it out');
  }
  if (timeoutMs !== 0 && !(timeoutMs >= MIN_TIMEOUT_MS && timeoutMs <= MAX_TIMEOUT_MS)) {
    throw invalidField('timeout', `${timeoutMs} ms`, 'out of range', 'give 1 second to 1 hour');
  }
  const v = new Violations('');
  checkId(v, 'nve', nve);
  checkPort(v, port);
  v.throwIfAny();
}

function askedOf({
  nve,
  port,
  hold,
  timeoutMs,
}: MigrateRequest): Pick<Migration, 'target' | 'port' | 'hold' | 'timeoutMs'> {
  return { target: nve, port, hold, timeoutMs: timeoutMs === 0 ? DEFAULT_TIMEOUT_MS : timeoutMs };
}

/** Whether the endpoint's last migration is what is asked for. @throws NfvError REQUEST_ID_REUSED */
function isRepeated({ migration }: PlacedEndpoint, request: MigrateRequest): boolean {
  const requestId = request.requestId.toLowerCase();
  if (migration === undefined || requestId === '' || migration.id !== requestId) return false;
  const { id, target, port, hold, timeoutMs } = migration;
  if (isDeepStrictEqual(askedOf(request), { target, port, hold, timeoutMs })) return true;
  const text = `request id ${id} was used for a migration to nves/${target} with another body`;
  throw new NfvError('REQUEST_ID_REUSED', text);
}

function none(id: string, verb: string): NfvError {
  return new NfvError('NO_MIGRATION', `endpoints/${id} has no migration to ${verb}`);
}
