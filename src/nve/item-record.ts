/** An item as the agent keeps it on disk: JSON, checked when it is read. */
import { z } from 'zod';
import { NfvError } from '../errors.js';
import { DRIFT_POLICIES } from '../model/drift-policy.js';
import { checkItem, type Item, type Payload } from '../model/item.js';
import { portSchema } from '../model/port-schema.js';

const vni = z.number();
const mac = z.string();

const nextHop = z.object({ address: z.string(), vni, weight: z.number() });

const routeVia = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('drop') }),
  z.object({ kind: z.literal('next_hops'), nextHops: z.array(nextHop).readonly() }),
  z.object({ kind: z.literal('vrf'), vrf: z.number() }),
]);

const payload: z.ZodType<Payload> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('vtep'), address: z.string() }),
  z.object({
    kind: z.literal('bridge_domain'),
    network: z.string(),
    vni,
    vtep: z.string(),
    learn: z.boolean(),
    flood: z.boolean(),
    arpSuppression: z.boolean(),
    mtu: z.number(),
    bumGroup: z.string(),
    driftPolicy: z.enum(DRIFT_POLICIES).exactOptional(),
  }),
  z.object({ kind: z.literal('tunnel'), vni, remote: z.string(), local: z.string() }),
  z.object({ kind: z.literal('flood_member'), vni, remote: z.string() }),
  z.object({
    kind: z.literal('mac_entry'),
    vni,
    mac,
    via: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('remote'), vtep: z.string() }),
      z.object({ kind: z.literal('endpoint'), endpoint: z.string() }),
    ]),
  }),
  z.object({
    kind: z.literal('neighbor_entry'),
    vni,
    ip: z.string(),
    mac,
    announce: z.literal(true).exactOptional(),
  }),
  z.object({
    kind: z.literal('port'),
    endpoint: z.string(),
    vni,
    mac,
    addresses: z.array(z.string()).readonly(),
    adminUp: z.boolean(),
    mtu: z.number(),
    port: portSchema,
    allowedAddresses: z
      .array(z.object({ ip: z.string(), mac }))
      .readonly()
      .exactOptional(),
  }),
  z.object({ kind: z.literal('xconnect'), a: z.string(), b: z.string() }),
  z.object({ kind: z.literal('vrf'), id: z.number(), name: z.string() }),
  z.object({
    kind: z.literal('gateway_interface'),
    vrf: z.number(),
    vni,
    mac,
    addresses: z.array(z.string()).readonly(),
    mtu: z.number(),
  }),
  z.object({ kind: z.literal('gateway_neighbor'), vrf: z.number(), vni, ip: z.string(), mac }),
  z.object({ kind: z.literal('route'), vrf: z.number(), prefix: z.string(), via: routeVia }),
  z.object({
    kind: z.literal('provider_port'),
    vni,
    uplink: z.string(),
    vlan: z.number(),
    mtu: z.number(),
  }),
]);

const record = z.object({
  version: z.string(),
  dependsOn: z.array(z.string()).readonly(),
  payload,
});

export function encodeItem({ version, dependsOn, payload: content }: Item): string {
  return JSON.stringify({ version, dependsOn, payload: content });
}

/** What to do about a record that is none, in a store that is whole. */
export const FORGET =
  'run "nfvd nve forget" and start the agent again; the NVA brings it what it should have';

/** @throws NfvError STORE_DAMAGED when the value is not what this program writes. */
export function decodeItem(key: string, value: string): Item {
  try {
    return checkItem({ key, ...record.parse(JSON.parse(value)) });
  } catch (cause) {
    throw new NfvError('STORE_DAMAGED', `${key} does not hold an item`, { cause, remedy: FORGET });
  }
}
