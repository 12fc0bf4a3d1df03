/**
 * The way of a frame from one endpoint to another: what it passes on each NVE, and how that stands by what
 * is known where the NVE has its session.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { NfvError } from '../../errors.js';
import type { EndpointSpec } from '../../model/endpoint.js';
import {
  bridgeDomainKey,
  floodKey,
  macKey,
  neighborKey,
  portKey,
  tunnelKey,
  vtepKey,
} from '../../model/item.js';
import { vtepOf, type NveSpec } from '../../model/nve.js';
import type { Call } from '../../model/api.js';
import type { NveTrace } from '../../model/replica.js';
import { stateOfAll, type Hop, type TraceRequest, type TraceResult } from '../../model/trace.js';
import { gatewayKey, gatewayNeighborKey } from '../../model/routing-items.js';
import { homeOf } from '../../model/migration.js';
import type { VirtualNetworkSpec } from '../../model/virtual-network.js';
import type { Catalog } from '../catalog.js';
import type { CompileIndex } from '../compiler/compile-index.js';
import type { ExitBetween, RouteBetween } from '../compiler/route-between.js';
import { stepsThroughExit, uplinkOf, type End, type Step } from './trace-exit.js';

export interface TraceDeps {
  endpoint(id: string): EndpointSpec | undefined;
  network(id: string): VirtualNetworkSpec | undefined;
  nve(id: string): NveSpec | undefined;
  /** As ReplicaApi has it, whichever replica has the session. That none can tell is an answer. */
  traceNve(question: NveTrace, call: Call): Promise<readonly Hop[]>;
  /** Of the router that two networks have, if they have one. */
  routeBetween(a: string, b: string): RouteBetween | undefined;
}

export function traceDeps(
  catalog: Catalog,
  index: CompileIndex,
  traceNve: TraceDeps['traceNve'],
): TraceDeps {
  return {
    endpoint: (id) => {
      const spec = catalog.endpoint(id)?.spec;
      return spec && { ...spec, nve: homeOf(spec) };
    },
    network: (id) => catalog.network(id),
    nve: (id) => catalog.nve(id),
    traceNve,
    routeBetween: (a, b) => index.routeBetween(a, b),
  };
}

/** @throws NfvError NOT_FOUND */
export async function trace(
  { from, to, reportedOnly }: TraceRequest,
  deps: TraceDeps,
  call: Call,
): Promise<TraceResult> {
  const a = endOf(from, deps);
  const b = endOf(to, deps);
  const model = [...modelHops(a, b, deps)];
  const apart = model.some(({ state }) => state === 'BROKEN');
  const steps = apart ? [] : [...wayOf(a, b, deps)];
  if (!apart) model.push(...unrouted(a, b, deps));
  const nves = [...new Set(steps.map(({ nve }) => nve))];
  const told = new Map(
    await Promise.all(
      nves.map(async (nve) => {
        const passed = steps.filter((step) => step.nve === nve);
        return [nve, await deps.traceNve({ nve, passed, reportedOnly }, call)] as const;
      }),
    ),
  );
  const hops = [...model, ...inOrder(steps, told)];
  return { state: stateOfAll(hops), hops };
}

/** The NVE itself stands before each run of its steps. */
function* inOrder(
  steps: readonly Step[],
  told: ReadonlyMap<string, readonly Hop[]>,
): Iterable<Hop> {
  const rest = new Map([...told].map(([nve, [, ...hops]]) => [nve, hops.values()]));
  let last = '';
  for (const { nve } of steps) {
    const [itself] = told.get(nve) ?? [];
    if (nve !== last && itself !== undefined) yield itself;
    last = nve;
    const next = rest.get(nve)?.next();
    if (next?.done === false) yield next.value;
  }
}

function endOf(id: string, deps: TraceDeps): End {
  const spec = deps.endpoint(id);
  if (spec === undefined) throw new NfvError('NOT_FOUND', `endpoints/${id} does not exist`);
  return { id, spec };
}

const MODEL = { nve: '', key: '' } as const;

function* modelHops(a: End, b: End, deps: TraceDeps): Iterable<Hop> {
  const { network } = a.spec;
  const route = deps.routeBetween(network, b.spec.network);
  if (network === b.spec.network) {
    const vni = deps.network(network)?.vni ?? 0;
    yield { ...MODEL, what: `network ${network}, VNI ${vni}`, state: 'OK', code: '', reason: '' };
  } else if (route !== undefined) {
    const what = `router ${route.router}, VRF ${route.vrf}: ${network} → ${b.spec.network}`;
    yield { ...MODEL, what, state: 'OK', code: '', reason: '' };
    yield* gatewayHops(route);
  } else {
    const reason = `${a.id} is in ${network}, ${b.id} in ${b.spec.network}: nothing leads from one to the other`;
    yield { ...MODEL, what: 'network', state: 'BROKEN', code: '', reason };
  }
  for (const { id, spec } of a.id === b.id ? [a] : [a, b]) {
    if (spec.adminState === 'UP') continue;
    const reason = 'it is administratively down';
    yield { ...MODEL, what: `endpoint ${id}`, state: 'BROKEN', code: '', reason };
  }
  if (a.spec.nve === b.spec.nve || deps.network(network)?.provider !== undefined) return;
  for (const { spec } of [a, b]) {
    if (vtepAt(spec, deps) !== undefined) continue;
    const reason = "it has no VTEP address of the network's underlay family";
    yield {
      ...MODEL,
      what: `NVE ${spec.nve}`,
      state: 'BROKEN',
      code: 'VTEP_ADDRESS_MISSING',
      reason,
    };
  }
}

/** Between networks: why no packet of a family, or of any, gets from the one to the other. */
function* unrouted(a: End, b: End, deps: TraceDeps): Iterable<Hop> {
  if (a.spec.network === b.spec.network) return;
  const route = deps.routeBetween(a.spec.network, b.spec.network);
  if (route === undefined) return;
  const ends = [a, b];
  const families = [isIPv4, isIPv6].filter((isOf) => ends.every(({ spec }) => spec.ips.some(isOf)));
  if (families.length === 0 && ends.every(({ spec }) => spec.ips.length > 0)) {
    const reason = `${a.id} and ${b.id} have no addresses of one family`;
    yield { ...MODEL, what: 'addresses', state: 'BROKEN', code: '', reason };
  }
  for (const isOf of families) {
    for (const { id, spec } of ends) {
      const ips = spec.ips.filter(isOf);
      if (ips.some((ip) => route.subnetsHold(spec.network, ip))) continue;
      const reason = `router ${route.router} has no subnet with ${ips.join(' or ')}`;
      yield { ...MODEL, what: `address of ${id}`, state: 'BROKEN', code: '', reason };
    }
  }
}

/** By which NVEs it leads out. */
function* gatewayHops({ exit }: RouteBetween): Iterable<Hop> {
  for (const { nve, addresses, withdrawn } of exit?.gateways ?? []) {
    const what = `gateway ${nve}, ${addresses.join(', ')}`;
    if (!withdrawn) yield { ...MODEL, what, state: 'OK', code: '', reason: '' };
  }
  if (exit?.gateways.some(({ withdrawn }) => !withdrawn) !== false) return;
  const reason = 'all of them were found dead';
  yield { ...MODEL, what: 'gateways', state: 'BROKEN', code: 'NVE_DISCONNECTED', reason };
}

function vtepAt(spec: EndpointSpec, deps: TraceDeps): string | undefined {
  const nve = deps.nve(spec.nve);
  const family = deps.network(spec.network)?.underlayFamily;
  return nve === undefined || family === undefined ? undefined : vtepOf(nve, family);
}

/** An end with its network, and the router that the frame passes, if the networks are two. */
interface Way {
  readonly a: End;
  readonly b: End;
  /** Of `a`, and of `b`. */
  readonly from: VirtualNetworkSpec;
  readonly to: VirtualNetworkSpec;
  readonly route: RouteBetween | undefined;
}

function* wayOf(a: End, b: End, deps: TraceDeps): Iterable<Step> {
  const [from, to] = [deps.network(a.spec.network), deps.network(b.spec.network)];
  if (from === undefined || to === undefined) return;
  const isRouted = a.spec.network !== b.spec.network;
  const route = isRouted ? deps.routeBetween(a.spec.network, b.spec.network) : undefined;
  if (route?.exit !== undefined) {
    yield* throughExit({ a, b, from, to, route }, route.exit, route, deps);
    return;
  }
  const way = { a, b, from, to, route };
  const here = vtepAt(a.spec, deps) ?? '';
  const there = vtepAt(b.spec, deps) ?? '';
  const isRemote = a.spec.nve !== b.spec.nve;
  yield* leaving(way, isRemote ? { here, there } : undefined);
  if (isRemote) yield* arriving(way, { here, there });
  else yield { nve: b.spec.nve, what: `port of ${b.id}`, key: portKey(b.id) };
}

function throughExit(
  { a, b, from, to }: Way,
  exit: ExitBetween,
  route: RouteBetween,
  deps: TraceDeps,
): Iterable<Step> {
  const isOutward = b.spec.network === exit.network;
  const [inside, outside] = isOutward ? [a, b] : [b, a];
  const [own, beyond] = isOutward ? [from, to] : [to, from];
  const vtepOfNve = (nve: string): string => {
    const spec = deps.nve(nve);
    return (spec && vtepOf(spec, own.underlayFamily)) ?? '';
  };
  const ends = { inside, outside, own, beyond };
  return stepsThroughExit({ ...ends, route, exit, isOutward, vtepOf: vtepOfNve });
}

interface Vteps {
  readonly here: string;
  readonly there: string;
}

/** What the frame of `a` passes until it leaves the host, or until `b`'s port. */
function* leaving({ a, b, from, to, route }: Way, vteps: Vteps | undefined): Iterable<Step> {
  const { nve } = a.spec;
  const { vni } = to;
  yield { nve, what: `port of ${a.id}`, key: portKey(a.id) };
  yield { nve, what: `bridge domain ${from.vni}`, key: bridgeDomainKey(from.vni) };
  if (to.provider !== undefined) {
    if (vteps !== undefined) yield uplinkOf(nve, to);
    return;
  }
  if (route !== undefined) {
    yield* routing(nve, route, [from, to], b.spec);
    yield { nve, what: `bridge domain ${vni}`, key: bridgeDomainKey(vni) };
  } else if (to.arpSuppression) {
    for (const ip of b.spec.ips) {
      yield { nve, what: `${ip} is at ${b.spec.mac}`, key: neighborKey(vni, ip) };
    }
  }
  const place = vteps === undefined ? `port of ${b.id}` : vteps.there;
  yield { nve, what: `FDB entry ${b.spec.mac} → ${place}`, key: macKey(vni, b.spec.mac) };
  if (vteps === undefined) return;
  const { here, there } = vteps;
  yield { nve, what: `tunnel ${here} → ${there}`, key: tunnelKey(vni, there) };
  if (to.bumMode === 'HEAD_END') {
    yield { nve, what: `flooding to ${there}`, key: floodKey(vni, there) };
  }
  yield { nve, what: `VTEP ${here}`, key: vtepKey(here) };
}

/** What it passes on the other host, and what an answer passes there. */
function* arriving({ a, b, from, to, route }: Way, { here, there }: Vteps): Iterable<Step> {
  const { nve } = b.spec;
  const { vni } = to;
  yield to.provider === undefined
    ? { nve, what: `VTEP ${there}`, key: vtepKey(there) }
    : uplinkOf(nve, to);
  yield { nve, what: `bridge domain ${vni}`, key: bridgeDomainKey(vni) };
  if (to.provider === undefined) {
    yield { nve, what: `FDB entry ${b.spec.mac} → port of ${b.id}`, key: macKey(vni, b.spec.mac) };
  }
  yield { nve, what: `port of ${b.id}`, key: portKey(b.id) };
  if (to.provider !== undefined) return;
  if (route !== undefined) yield* routing(nve, route, [to, from], a.spec);
  yield {
    nve,
    what: `FDB entry ${a.spec.mac} → ${here}, for the answer`,
    key: macKey(from.vni, a.spec.mac),
  };
  yield {
    nve,
    what: `tunnel ${there} → ${here}, for the answer`,
    key: tunnelKey(from.vni, here),
  };
}

/** From one network into another by the NVE's own gateways. */
function* routing(
  nve: string,
  { vrf, subnetsHold }: RouteBetween,
  networks: readonly [from: VirtualNetworkSpec, to: VirtualNetworkSpec],
  { network, ips, mac }: EndpointSpec,
): Iterable<Step> {
  for (const { vni } of networks) {
    yield { nve, what: `gateway of VRF ${vrf} in VNI ${vni}`, key: gatewayKey(vrf, vni) };
  }
  const [, { vni }] = networks;
  for (const ip of ips.filter((each) => subnetsHold(network, each))) {
    const key = gatewayNeighborKey(vrf, vni, ip);
    yield { nve, what: `${ip} is at ${mac}, for the gateway`, key };
  }
}
