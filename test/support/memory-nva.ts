/**
 * An NVA in memory that behaves: it validates, keeps etags, revisions and references, and watches.
 * What it makes of NVEs' reports is what a test tells it.
 */
import { Readable } from 'node:stream';
import { NfvError } from '../../src/errors.js';
import type {
  Call,
  Laggard,
  NvaApi,
  Resource,
  WaitAppliedRequest,
  WaitAppliedResult,
  WatchEvent,
  WatchRequest,
} from '../../src/model/api.js';
import { systemClock, type Clock } from '../../src/model/clock.js';
import {
  checkEndpoint,
  NO_ENDPOINT_STATUS,
  type Endpoint,
  type EndpointSpec,
  type Port,
} from '../../src/model/endpoint.js';
import {
  checkHostProfile,
  NO_HOST_PROFILE_STATUS,
  type HostProfileResource,
  type HostProfileSpec,
} from '../../src/model/host-profile.js';
import { checkNve, NO_NVE_STATUS, type Nve, type NveSpec } from '../../src/model/nve.js';
import type { Router, RouterSpec } from '../../src/model/router.js';
import type { Subnet, SubnetSpec } from '../../src/model/subnet.js';
import type { EndpointCounters, TraceRequest, TraceResult } from '../../src/model/trace.js';
import { resourceFilter } from '../../src/model/resource-filter.js';
import {
  checkVirtualNetwork,
  type VirtualNetwork,
  type VirtualNetworkSpec,
} from '../../src/model/virtual-network.js';
import type { ChangesApi } from '../../src/model/api.js';
import type { DuplicatesApi } from '../../src/model/api.js';
import type { Migrations } from '../../src/nva/mobility/migrations.js';
import type { EventBatch } from '../../src/nva/access/guardable.js';
import { COLLECTION_OF } from '../../src/model/changes.js';
import { formatName } from '../../src/model/names.js';
import { NO_CHANGES } from './no-changes.js';
import type { ObservationApi } from '../../src/model/api.js';
import type { NvaEvent, NvaStatistics } from '../../src/model/observation.js';
import { MemoryCollection, type Commits } from './memory-collection.js';
import { memoryMigrations } from './memory-migrations.js';
import { inUse, missing } from './memory-refusals.js';
import { allowedPrefixes, routerRules, subnetRules, withAddresses } from './memory-routing.js';

interface Change {
  readonly revision: number;
  readonly before?: Resource;
  readonly after?: Resource;
}

export class MemoryNva implements NvaApi {
  /** Who lags, whatever the revision; `settle` when it changes. */
  laggards: readonly Laggard[] = [];
  /** What `trace` answers. */
  traced: TraceResult = { state: 'OK', hops: [] };
  /** What endpoints have counted; of others the NVE is away. */
  readonly counters = new Map<string, EndpointCounters>();
  /** What `observation` answers. */
  statistics: NvaStatistics = {
    ...{ revision: 0, watchers: 0, attachesUnderWay: 0, changeRate: 0, nves: [], silent: [] },
    attach: { count: 0, p50: 0, p90: 0, p99: 0, max: 0 },
  };
  readonly events: NvaEvent[] = [];
  readonly observation: ObservationApi = {
    statistics: async () => {
      await Promise.resolve();
      this.#admit('observation.statistics');
      return this.statistics;
    },
    events: () => Readable.from(this.events),
  };
  /** Every call so far, as `collection.method`. */
  readonly calls: string[] = [];
  readonly #failures: { readonly method: string; readonly error: NfvError }[] = [];
  readonly #log: Change[] = [];
  readonly #listeners = new Set<() => void>();
  #revision = 0;
  #compacted = 0;
  #broken = 0;

  readonly virtualNetworks: MemoryCollection<VirtualNetworkSpec, VirtualNetwork>;
  readonly nves: MemoryCollection<NveSpec, Nve>;
  readonly endpoints: MemoryCollection<EndpointSpec, Endpoint>;
  readonly subnets: MemoryCollection<SubnetSpec, Subnet>;
  readonly routers: MemoryCollection<RouterSpec, Router>;
  readonly hostProfiles: MemoryCollection<HostProfileSpec, HostProfileResource>;
  readonly changes: ChangesApi = NO_CHANGES;
  readonly migrations: Migrations;
  readonly duplicates: DuplicatesApi = {
    clear: ({ id }) => this.virtualNetworks.get(id),
  };

  constructor(private readonly clock: Clock = systemClock) {
    const commits = this.#commits();
    this.virtualNetworks = new MemoryCollection<VirtualNetworkSpec, VirtualNetwork>(
      {
        kind: 'VirtualNetwork',
        collection: 'virtualNetworks',
        field: 'virtual_network',
        immutable: ['tenant', 'vni', 'encapsulation', 'underlayFamily'],
        check: (id, spec) => this.#checkNetwork(id, spec),
        make: (id, spec, meta) => ({
          kind: 'VirtualNetwork',
          id,
          spec,
          effectiveMtu: spec.mtu === 0 ? 1450 : spec.mtu,
          duplicates: [],
          meta,
        }),
        checkDelete: ({ id }) => {
          this.#checkUnused(`virtualNetworks/${id}`, (e) => e.spec.network === id);
          if (this.subnets.all.every(({ spec }) => spec.network !== id)) return;
          throw new NfvError('RESOURCE_IN_USE', `virtualNetworks/${id} has subnets`);
        },
      },
      commits,
    );
    this.nves = new MemoryCollection<NveSpec, Nve>(
      {
        kind: 'Nve',
        collection: 'nves',
        field: 'nve',
        immutable: [],
        check: (id, spec) => this.#checkNve(id, spec),
        make: (id, spec, meta, before) => ({
          kind: 'Nve',
          id,
          spec,
          status: before?.status ?? NO_NVE_STATUS,
          meta,
        }),
        checkDelete: ({ id }) => {
          this.#checkUnused(`nves/${id}`, (e) => e.spec.nve === id);
        },
      },
      commits,
    );
    this.endpoints = new MemoryCollection<EndpointSpec, Endpoint>(
      {
        kind: 'Endpoint',
        collection: 'endpoints',
        field: 'endpoint',
        immutable: ['network'],
        check: (id, spec) => this.#checkEndpoint(id, spec),
        make: (id, spec, meta, before) => ({
          kind: 'Endpoint',
          id,
          spec,
          status: before?.status ?? NO_ENDPOINT_STATUS,
          meta,
        }),
        checkDelete: () => undefined,
      },
      commits,
    );
    this.migrations = memoryMigrations(this.endpoints, commits, this.clock);
    this.subnets = new MemoryCollection(subnetRules(this), commits);
    this.routers = new MemoryCollection(routerRules(this), commits);
    this.hostProfiles = new MemoryCollection<HostProfileSpec, HostProfileResource>(
      {
        kind: 'HostProfile',
        collection: 'hostProfiles',
        field: 'host_profile',
        immutable: [],
        check: (_id, spec) => checkHostProfile(spec),
        make: (id, spec, meta, before) => ({
          kind: 'HostProfile',
          id,
          spec,
          status: before?.status ?? NO_HOST_PROFILE_STATUS,
          meta,
        }),
        checkDelete: () => undefined,
      },
      commits,
    );
  }

  get revision(): number {
    return this.#revision;
  }

  /** The next `times` calls of `collection.method` fail so. */
  failNext(method: string, error: NfvError, times = 1): void {
    for (let i = 0; i < times; i++) this.#failures.push({ method, error });
  }

  /** Forgets every change so far. */
  compact(): void {
    this.#compacted = this.#revision;
  }

  /** Ends every watch that is open with an error. */
  breakWatches(): void {
    this.#broken++;
    this.#notify();
  }

  /** To be called when `laggards` has changed. */
  settle(): void {
    this.#notify();
  }

  async *watch(request: WatchRequest, call: Call): AsyncGenerator<WatchEvent> {
    for await (const { events } of this.watchBatches(request, call)) yield* events;
  }

  async *watchBatches(request: WatchRequest, { signal }: Call): AsyncGenerator<EventBatch> {
    this.#admit('watch');
    const kinds = request.kinds.length === 0 ? ALL_KINDS : request.kinds;
    const isWanted = resourceFilter(request.filter, kinds);
    const broken = this.#broken;
    let revision = request.startRevision;
    this.#checkRevision(revision);
    if (revision === 0) {
      revision = this.#revision;
      const collections = [
        this.virtualNetworks,
        this.nves,
        this.endpoints,
        this.subnets,
        this.routers,
        this.hostProfiles,
      ];
      const all = collections.flatMap((c) => [...c.all]);
      const events = all.filter(isWanted).map((resource) => put(revision, resource));
      yield { events: [...events, { type: 'SYNCED', revision }], respecified: new Set() };
    }
    while (!signal.aborted) {
      if (this.#broken !== broken) throw new NfvError('SHUTTING_DOWN', 'the NVA is stopping');
      const next = this.#log.filter((change) => change.revision > revision);
      for (const change of next) {
        revision = change.revision;
        const event = toEvent(change, isWanted);
        yield { events: event === undefined ? [] : [event], respecified: respecifiedBy(change) };
      }
      if (next.length === 0) await this.#change(signal);
    }
  }

  async trace({ from, to }: TraceRequest): Promise<TraceResult> {
    this.#admit('trace');
    for (const id of [from, to]) this.#require(id);
    return await Promise.resolve(this.traced);
  }

  async readCounters(endpoints: readonly string[]): Promise<readonly EndpointCounters[]> {
    this.#admit('readCounters');
    const all = endpoints.map((id) => {
      const { nve } = this.#require(id).spec;
      const away = { code: 'NVE_DISCONNECTED', reason: `nves/${nve} is not connected` };
      return this.counters.get(id) ?? { endpoint: id, nve, ...away };
    });
    return await Promise.resolve(all);
  }

  #require(id: string): Endpoint {
    const found = this.endpoints.find(id);
    if (found === undefined) throw new NfvError('NOT_FOUND', `endpoints/${id} does not exist`);
    return found;
  }

  async waitApplied(request: WaitAppliedRequest, { signal }: Call): Promise<WaitAppliedResult> {
    this.#admit('waitApplied');
    const { timeoutMs } = request;
    const revision = request.revision === 0 ? this.#revision : request.revision;
    if (revision > this.#revision) {
      throw new NfvError('REVISION_IN_FUTURE', `${revision} is after ${this.#revision}`);
    }
    const timeUp = new AbortController();
    const cancel = this.clock.after(timeoutMs, () => {
      timeUp.abort();
    });
    const over = AbortSignal.any([signal, timeUp.signal]);
    while (this.laggards.length > 0 && !over.aborted) await this.#change(over);
    cancel();
    signal.throwIfAborted();
    return { applied: this.laggards.length === 0, revision, laggards: this.laggards };
  }

  #commits(): Commits {
    const revision = (): number => this.#revision;
    return {
      clock: this.clock,
      get revision() {
        return revision();
      },
      admit: (method) => {
        this.#admit(method);
      },
      put: (make, before) => {
        const after = make(++this.#revision);
        this.#log.push({ revision: this.#revision, ...(before ? { before } : {}), after });
        this.#notify();
        return after;
      },
      delete: (before) => {
        this.#log.push({ revision: ++this.#revision, before });
        this.#notify();
      },
    };
  }

  #admit(method: string): void {
    this.calls.push(method);
    const index = this.#failures.findIndex((failure) => failure.method === method);
    const [failure] = index < 0 ? [] : this.#failures.splice(index, 1);
    if (failure !== undefined) throw failure.error;
  }

  #checkRevision(revision: number): void {
    if (revision > this.#revision) {
      throw new NfvError('REVISION_IN_FUTURE', `${revision} is after ${this.#revision}`);
    }
    if (revision !== 0 && revision < this.#compacted) {
      throw new NfvError('REVISION_COMPACTED', `${revision} is before ${this.#compacted}`);
    }
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#listeners.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#listeners.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  #checkNetwork(id: string, spec: VirtualNetworkSpec): VirtualNetworkSpec {
    const checked = checkVirtualNetwork(spec);
    const others = this.virtualNetworks.all.filter((other) => other.id !== id);
    const user = others.find((other) => other.spec.vni === checked.vni);
    if (user !== undefined) {
      throw inUse('VNI_IN_USE', 'virtual_network.vni', checked.vni, `virtualNetworks/${user.id}`);
    }
    const taken = new Set(others.map((other) => other.spec.vni));
    let vni = checked.vni;
    for (let free = 10_000; vni === 0; free++) if (!taken.has(free)) vni = free;
    return { ...checked, vni };
  }

  #checkNve(id: string, spec: NveSpec): NveSpec {
    const checked = checkNve(spec);
    for (const other of this.nves.all) {
      const shared = other.spec.vtepAddresses.find((a) => checked.vtepAddresses.includes(a));
      if (other.id !== id && shared !== undefined) {
        throw inUse('VTEP_IN_USE', 'nve.vtep_addresses', shared, `nves/${other.id}`);
      }
    }
    return checked;
  }

  #checkEndpoint(id: string, spec: EndpointSpec): EndpointSpec {
    const network = this.virtualNetworks.find(spec.network);
    const allowed = checkEndpoint(spec, allowedPrefixes(this, spec.network));
    if (network === undefined) throw missing('endpoint.network', `virtualNetworks/${spec.network}`);
    const nve = this.nves.find(spec.nve);
    if (nve === undefined) throw missing('endpoint.nve', `nves/${spec.nve}`);
    const checked = withAddresses(this, id, allowed);
    for (const other of this.endpoints.all) {
      if (other.id !== id) checkApart(checked, other);
    }
    const number = this.endpoints.all.length + 1;
    const made = `02:4e:00:00:00:${number.toString(16).padStart(2, '0')}`;
    return { ...checked, mac: checked.mac === '' ? made : checked.mac };
  }

  #checkUnused(name: string, uses: (endpoint: Endpoint) => boolean): void {
    const users = this.endpoints.all.filter(uses);
    const [first] = users;
    if (first === undefined) return;
    throw new NfvError(
      'RESOURCE_IN_USE',
      `${name} is in use by ${users.length} endpoints, e.g. endpoints/${first.id}`,
    );
  }
}

const ALL_KINDS = ['VirtualNetwork', 'Nve', 'Endpoint', 'Subnet', 'Router', 'HostProfile'] as const;

function toEvent(
  { revision, before, after }: Change,
  isWanted: (resource: Resource) => boolean,
): WatchEvent | undefined {
  if (after !== undefined && isWanted(after)) return put(revision, after);
  const gone = before !== undefined && isWanted(before);
  return gone ? { type: 'DELETED', revision, resource: before } : undefined;
}

function put(revision: number, resource: Resource): WatchEvent {
  return { type: 'PUT', revision, resource };
}

function respecifiedBy({ before, after }: Change): Set<string> {
  const resource = after ?? before;
  if (resource === undefined || before?.spec === after?.spec) return new Set();
  return new Set([formatName(COLLECTION_OF[resource.kind], resource.id)]);
}

function checkApart(spec: EndpointSpec, { id, spec: other }: Endpoint): void {
  const name = `endpoints/${id}`;
  if (other.nve === spec.nve && samePort(other.port, spec.port)) {
    throw inUse('PORT_IN_USE', 'endpoint.port', portName(spec.port), name);
  }
  if (other.network !== spec.network) return;
  if (other.mac === spec.mac) throw inUse('MAC_IN_USE', 'endpoint.mac', spec.mac, name);
  const shared = spec.ips.findIndex((ip) => other.ips.includes(ip));
  const ip = spec.ips[shared];
  if (ip !== undefined) throw inUse('IP_IN_USE', `endpoint.ips[${shared}]`, ip, name);
}

function samePort(a: Port, b: Port): boolean {
  const name = portName(a);
  return a.kind === b.kind && name !== '' && name === portName(b);
}

function portName(port: Port): string {
  if (port.kind === 'veth') return `${port.netns}/${port.interface}`;
  return 'interface' in port ? port.interface : '';
}
