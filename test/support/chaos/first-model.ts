/** What there is before the first round of a campaign, and stays as it is. */
import { FIXED_OUT, FIXED_ROUTER, keyOfThis, PROBES } from './drawn.js';
import { exitTo, routesTo } from './outside-kinds.js';
import {
  newEndpoint,
  newNetwork,
  newProvider,
  newRouter,
  PlannedModel,
  virtualIn,
  type GuestNames,
  type Of,
} from './planned-model.js';
import { FIXED_PLACE, FLAT_PLACES, VLAN_PLACES } from './places.js';

/** NVEs that lead out; the last host's do not. */
const LEADING = [0, 1];
/** The one that has the virtual address. */
export const FIRST_HOLDER = 0;

/**
 * The probes' network with a guest on each host, one of which has a virtual address; their router, and the
 * physical network that it leads out by.
 */
export function firstModel(guests: GuestNames, vlans: boolean): PlannedModel {
  const places = vlans ? [...FLAT_PLACES, ...VLAN_PLACES] : FLAT_PLACES;
  const model = new PlannedModel(
    guests.map((slots) => slots.slice(1)),
    places,
  );
  const [network, subnet] = newNetwork(0);
  const [outside, leading] = fixedOut();
  const exit = exitTo(leading, LEADING, LEADING);
  const router = newRouter(0, [subnet.id], {
    ...{ vrfId: 999_999, transitVni: 499_999, exits: [exit] },
    routes: [routesTo(FIXED_PLACE)],
  });
  const probes = guests.map((slots, host) => probe(host, subnet, slots[0]));
  const all = [network, subnet, outside, leading, { ...router, id: FIXED_ROUTER }, ...probes];
  model.take(new Map(all.map((each) => [keyOfThis(each), each])));
  model.hand(PROBES, virtualIn(subnet), `probe-${FIRST_HOLDER}`);
  return model;
}

function fixedOut(): readonly [Of<'VirtualNetwork'>, Of<'Subnet'>] {
  const [network, subnet] = newProvider(-1, FIXED_PLACE);
  return [
    { ...network, id: FIXED_OUT },
    { ...subnet, id: FIXED_OUT, spec: { ...subnet.spec, network: FIXED_OUT } },
  ];
}

/** An endpoint of the first network that nothing ever happens to. */
function probe(host: number, subnet: Of<'Subnet'>, netns = ''): Of<'Endpoint'> {
  const { spec } = newEndpoint(0xff0000 + host, subnet, host, netns);
  const allowedAddresses = [{ ip: virtualIn(subnet), mac: '' }];
  return { kind: 'Endpoint', id: `probe-${host}`, spec: { ...spec, allowedAddresses } };
}
