/** The writes of a campaign, drawn from what there is. */
import { upTo, type Random } from '../seeded.js';
import {
  aboutEndpoint,
  aboutExits,
  applyOf,
  attachedSubnets,
  effectsOf,
  isFixed,
  keyOfThis,
  overlays,
  own,
  ownRouters,
  pick,
  put,
  type Draw,
  type Drawn,
  type WeightedDraw,
} from './drawn.js';
import { OUTSIDE_DRAWS, routesOf } from './outside-kinds.js';
import {
  addressIn,
  keyOf,
  newEndpoint,
  newNetwork,
  newRouter,
  type Of,
  type PlannedModel,
} from './planned-model.js';
import { VIRTUAL_DRAWS } from './virtual-kinds.js';

const MAX_ENDPOINTS = 24;
const MAX_NETWORKS = 6;
const MAX_ROUTERS = 2;

const freeSubnet = (model: PlannedModel, random: Random): Of<'Subnet'> | undefined =>
  pick(
    random,
    model.subnets().filter(({ spec }) => !isFixed(spec.network)),
  );

/** One that is not there yet. */
function endpointToBe(model: PlannedModel, random: Random): Of<'Endpoint'> | undefined {
  const subnet = freeSubnet(model, random);
  if (subnet === undefined || model.endpoints().length >= MAX_ENDPOINTS) return undefined;
  const host = upTo(random, model.guests.length);
  const slot = upTo(random, 3) === 0 ? undefined : pick(random, model.freeSlots(host));
  const made = newEndpoint(model.next(), subnet, host, slot);
  const taken = model.addressesIn(subnet.spec.network);
  return made.spec.ips.some((ip) => taken.has(ip)) ? undefined : made;
}

const createEndpoint: Draw = (model, random) => {
  const made = endpointToBe(model, random);
  if (made === undefined) return undefined;
  const { id, spec } = made;
  const { network, nve, port } = spec;
  const text = `create endpoint ${id} of ${network} on ${nve} (${port.kind})`;
  const write = { kind: 'create', id, spec, effects: effectsOf(made) } as const;
  return { write, text, about: aboutEndpoint(made) };
};

const updateEndpoint: Draw = (model, random) => {
  const old = pick(random, own(model));
  const subnet = model.subnets().find(({ id }) => id === old?.spec.subnets[0]);
  if (old === undefined || subnet === undefined) return undefined;
  const n = model.next();
  const which = upTo(random, 3);
  const address = addressIn(subnet, n);
  if (which === 1 && model.addressesIn(old.spec.network).has(address)) return undefined;
  const changes =
    which === 0
      ? { displayName: `name ${n}` }
      : which === 1
        ? { ips: [address] }
        : { adminState: old.spec.adminState === 'UP' ? ('DOWN' as const) : ('UP' as const) };
  const now: Of<'Endpoint'> = { ...old, spec: { ...old.spec, ...changes } };
  const { id } = old;
  const text = `update endpoint ${id}: ${JSON.stringify(changes)}`;
  const write = { kind: 'update', of: 'Endpoint', id, changes, effects: effectsOf(now) } as const;
  return { write, text, about: aboutEndpoint(now) };
};

const deleteEndpoint: Draw = (model, random) => {
  const old = pick(random, own(model));
  if (old === undefined) return undefined;
  const effects = new Map([[keyOfThis(old), undefined]]);
  const write = { kind: 'delete', id: old.id, effects } as const;
  return { write, text: `delete endpoint ${old.id}`, about: aboutEndpoint(old) };
};

const updateNetwork: Draw = (model, random) => {
  const old = pick(
    random,
    model.networks().filter(({ id }) => !isFixed(id)),
  );
  if (old === undefined) return undefined;
  // A physical network's ARP is its own.
  const changes =
    upTo(random, 2) === 0 || old.spec.provider !== undefined
      ? { displayName: `name ${model.next()}` }
      : { arpSuppression: !old.spec.arpSuppression };
  const now: Of<'VirtualNetwork'> = { ...old, spec: { ...old.spec, ...changes } };
  const { id } = old;
  const effects = effectsOf(now);
  const write = { kind: 'update', of: 'VirtualNetwork', id, changes, effects } as const;
  return {
    write,
    text: `update network ${id}: ${JSON.stringify(changes)}`,
    about: [keyOfThis(old)],
  };
};

const updateRouter: Draw = (model, random) => {
  const old = pick(random, ownRouters(model));
  if (old === undefined) return undefined;
  const prefix = `10.250.${model.next() % 250}.0/24`;
  const dropping = { prefix, nextHops: [], drop: true };
  const changes = { routes: [dropping, ...routesOf(model, old.spec.exits)] };
  const now: Of<'Router'> = { ...old, spec: { ...old.spec, ...changes } };
  const { id } = old;
  const write = { kind: 'update', of: 'Router', id, changes, effects: effectsOf(now) } as const;
  return { write, text: `update router ${id}: drop ${prefix}`, about: [keyOfThis(old)] };
};

/** A network, its subnet and its first endpoint: all or nothing. */
const applyNetwork: Draw = (model, random) => {
  if (overlays(model).length >= MAX_NETWORKS) return undefined;
  const n = model.next();
  const [network, subnet] = newNetwork(n);
  const host = upTo(random, model.guests.length);
  const slot = pick(random, model.freeSlots(host));
  const endpoint = newEndpoint(model.next(), subnet, host, slot);
  const text = `apply network ${network.id} with ${endpoint.id} on host-${host}`;
  return applyOf(text, [network, subnet, endpoint]);
};

/** An endpoint goes, another one comes, in one change. */
const applySwap: Draw = (model, random) => {
  const old = pick(random, own(model));
  const made = endpointToBe(model, random);
  if (old === undefined || made === undefined) return undefined;
  return applyOf(`apply ${made.id} for ${old.id}`, [made], [old]);
};

const applyNoNetwork: Draw = (model, random) => {
  const attached = attachedSubnets(model);
  const subnet = freeSubnet(model, random);
  const network = model.networks().find(({ id }) => id === subnet?.spec.network);
  if (subnet === undefined || network === undefined || attached.has(subnet.id)) return undefined;
  const endpoints = own(model).filter(({ spec }) => spec.network === network.id);
  if (endpoints.length > 4) return undefined;
  return applyOf(`apply no ${network.id} any more`, [], [...endpoints, subnet, network]);
};

const applyRouter: Draw = (model) => {
  const attached = attachedSubnets(model);
  const networks = new Set(overlays(model).map(({ id }) => id));
  const free = model
    .subnets()
    .filter(({ id, spec }) => networks.has(spec.network) && !attached.has(id));
  const [a, b] = free;
  if (a === undefined || b === undefined) return undefined;
  if (ownRouters(model).length >= MAX_ROUTERS) return undefined;
  const router = newRouter(model.next(), [a.id, b.id]);
  const drawn = applyOf(`apply router ${router.id} of ${a.id} and ${b.id}`, [router]);
  return { ...drawn, about: [...drawn.about, keyOfThis(a), keyOfThis(b)] };
};

const applyNoRouter: Draw = (model, random) => {
  const old = pick(random, ownRouters(model));
  if (old === undefined) return undefined;
  const drawn = applyOf(`apply no ${old.id} any more`, [], [old]);
  const subnets = old.spec.subnets.map((id) => keyOf('Subnet', id));
  return { ...drawn, about: [...drawn.about, ...subnets, ...aboutExits(old)] };
};

const migrate: Draw = (model, random) => {
  const old = pick(
    random,
    own(model).filter(({ spec }) => spec.adminState === 'UP'),
  );
  if (old === undefined) return undefined;
  const host = upTo(random, model.guests.length);
  const nve = `host-${host}`;
  if (old.spec.nve === nve) return undefined;
  const slot = pick(random, model.freeSlots(host));
  const port = newEndpoint(0, { ...subnetLike(old) }, host, slot).spec.port;
  const to = { ...old.spec, nve, port };
  const now: Of<'Endpoint'> = { ...old, spec: to };
  const write = { kind: 'migrate', id: old.id, to, effects: effectsOf(now) } as const;
  return { write, text: `migrate ${old.id} to ${nve} (${port.kind})`, about: aboutEndpoint(old) };
};

function subnetLike({ spec }: Of<'Endpoint'>): Of<'Subnet'> {
  const [, subnet] = newNetwork(Number(spec.network.slice('net-'.length)));
  return subnet;
}

/** A new endpoint that would be right, and another with an address that is taken. */
const bad: Draw = (model, random) => {
  const made = endpointToBe(model, random);
  const other = pick(random, own(model));
  if (made === undefined || other === undefined) return undefined;
  const { network, ips, subnets } = other.spec;
  const twin = newEndpoint(model.next(), subnetLike(other), 0, undefined);
  const wrong: Of<'Endpoint'> = { ...twin, spec: { ...twin.spec, network, ips, subnets } };
  const wanted = [put(made), put(wrong)];
  const write = { kind: 'bad', wanted, codes: ['IP_IN_USE'], effects: new Map() } as const;
  const text = `apply ${made.id} and ${wrong.id}, whose address ${other.id} has: refused`;
  return { write, text, about: [...aboutEndpoint(made), ...aboutEndpoint(other)] };
};

const stale: Draw = (model, random) => {
  const old = pick(random, own(model));
  if (old === undefined) return undefined;
  const now: Of<'Endpoint'> = { ...old, spec: { ...old.spec, labels: { by: `${model.next()}` } } };
  const write = { kind: 'stale', id: old.id, effects: effectsOf(now) } as const;
  return {
    write,
    text: `update ${old.id}, again with the old etag: refused`,
    about: aboutEndpoint(old),
  };
};

/** How often, and whether also while something is wrong. */
const DRAWS: readonly WeightedDraw[] = [
  { weight: 8, draw: createEndpoint },
  { weight: 5, draw: updateEndpoint },
  { weight: 4, draw: deleteEndpoint },
  { weight: 2, draw: updateNetwork },
  { weight: 2, draw: updateRouter },
  { weight: 4, draw: applyNetwork },
  { weight: 2, draw: applySwap },
  { weight: 1, draw: applyNoNetwork },
  { weight: 3, draw: applyRouter },
  { weight: 1, draw: applyNoRouter },
  { weight: 3, draw: migrate, calm: true },
  { weight: 1, draw: bad, calm: true },
  { weight: 1, draw: stale, calm: true },
  ...OUTSIDE_DRAWS,
  ...VIRTUAL_DRAWS,
];

/** One; undefined: what was drawn is not possible now. */
export function draw(model: PlannedModel, random: Random, amidFault: boolean): Drawn | undefined {
  const able = DRAWS.filter(({ calm }) => !amidFault || calm === undefined);
  let at = upTo(
    random,
    able.reduce((sum, { weight }) => sum + weight, 0),
  );
  for (const { weight, draw: one } of able) {
    at -= weight;
    if (at < 0) return one(model, random);
  }
  return undefined;
}
