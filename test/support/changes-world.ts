/** A real NVA for plans: two NVEs, and what is wanted in few words. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Applied, Plan, PlanRequest, Specified, Wanted } from '../../src/model/changes.js';
import { COLLECTION_OF } from '../../src/model/changes.js';
import type { EndpointSpec } from '../../src/model/endpoint.js';
import type { RouterSpec } from '../../src/model/router.js';
import { checkSubnet, type SubnetSpec } from '../../src/model/subnet.js';
import type { VirtualNetworkSpec } from '../../src/model/virtual-network.js';
import { SPECS } from '../../src/nva/keys.js';
import { scan } from '../../src/nva/scan.js';
import type { NvaApi } from '../../src/model/api.js';
import type { Store } from '../../src/store/store.js';
import { TAP } from './guarded.js';
import { call } from './nva-harness.js';
import { endpointSpec, networkSpec, nveSpec, routerSpec, subnetSpec } from './specs.js';

export const put = (is: Specified): Wanted => ({ put: is, etag: '' });
export const gone = (kind: Specified['kind'], id: string): Wanted => ({
  delete: { kind, id },
  etag: '',
});
export const network = (id: string, fields: Partial<VirtualNetworkSpec> = {}): Wanted =>
  put({ kind: 'VirtualNetwork', id, spec: networkSpec(fields) });
export const nve = (id: string, address: string): Wanted =>
  put({ kind: 'Nve', id, spec: nveSpec([address]) });
export const subnet = (id: string, fields: Partial<SubnetSpec> = {}): Wanted =>
  put({ kind: 'Subnet', id, spec: checkSubnet(subnetSpec({ network: 'blue', ...fields })) });
export const router = (id: string, fields: Partial<RouterSpec> = {}): Wanted =>
  put({ kind: 'Router', id, spec: routerSpec({ vrfId: 0, ...fields }) });
/** In network blue, on host-a. */
export const endpoint = (id: string, fields: Partial<EndpointSpec> = {}): Wanted => {
  const spec = endpointSpec({ network: 'blue', nve: 'host-a', port: TAP, mac: '', ...fields });
  return put({ kind: 'Endpoint', id, spec });
};

export const HOSTS: readonly Wanted[] = [nve('host-a', '192.0.2.1'), nve('host-b', '192.0.2.2')];

export function wanted(...all: readonly Wanted[]): PlanRequest {
  return { wanted: all };
}

export function plan(api: NvaApi, ...all: readonly Wanted[]): Promise<Plan> {
  return api.changes.plan(wanted(...all), call);
}

/** What a plan says, done. */
export async function applyPlan(
  api: NvaApi,
  request: PlanRequest,
  confirmWithinMs = 0,
): Promise<Applied> {
  const { hash } = await api.changes.plan(request, call);
  const requestId = randomUUID();
  return api.changes.apply({ plan: request, hash, requestId, confirmWithinMs }, call);
}

export function applyAll(api: NvaApi, ...all: readonly Wanted[]): Promise<Applied> {
  return applyPlan(api, wanted(...all));
}

export function rollBack(api: NvaApi, rollbackTo: number, confirmWithinMs = 0): Promise<Applied> {
  return applyPlan(api, { rollbackTo }, confirmWithinMs);
}

/** `CREATE endpoints/web`, in the plan's order. */
export function linesOf({ changes }: Pick<Plan, 'changes'>): string[] {
  return changes.map(({ verb, kind, id }) => `${verb} ${COLLECTION_OF[kind]}/${id}`);
}

/** Every specification in the store, as text. */
export async function specsIn(store: Store): Promise<Record<string, string>> {
  const specs: Record<string, string> = {};
  for await (const { key, value } of scan(store, SPECS)) {
    const { spec } = z.object({ spec: z.unknown() }).parse(JSON.parse(value));
    specs[key.slice(SPECS.length)] = JSON.stringify(spec);
  }
  return specs;
}

/** Every index that makes something unique or countable, and who has it. */
export async function claimsIn(store: Store): Promise<Record<string, string>> {
  const claims: Record<string, string> = {};
  for await (const { key, value } of scan(store, '/nfvd/i/')) claims[key] = value;
  return claims;
}
