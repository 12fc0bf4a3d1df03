/** What an NVE may be told, from the files in test/fixtures/vpp-configurations. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Payload, PortItem } from '../../src/model/item.js';
import {
  dropRoute,
  gateway,
  GATEWAY_MAC,
  gatewayNeighbor,
  hop,
  routeTo,
  routeToVrf,
  vrf,
  xconnect,
} from './routing-items.js';
import { domain, floodTo, macAt, macOf, neighbor, tunnelTo, vtepItem } from './linux-items.js';

const FOLDER = 'test/fixtures/vpp-configurations';

const endpoint = z.strictObject({
  name: z.string(),
  mac: z.string(),
  /** The remote VTEP that it is behind; or */
  behind: z.string().optional(),
  /** the interface of the host that it is on. */
  on: z.string().optional(),
  down: z.boolean().default(false),
  ips: z.array(z.string()),
});

const network = z.strictObject({
  vni: z.number(),
  local: z.string(),
  learn: z.boolean().default(false),
  flood: z.boolean().default(true),
  suppress: z.boolean().default(true),
  group: z.string().default(''),
  remotes: z.array(z.string()).default([]),
  endpoints: z.array(endpoint).default([]),
});

const router = z.strictObject({
  id: z.number(),
  gateways: z
    .array(
      z.strictObject({
        vni: z.number(),
        addresses: z.array(z.string()),
        mac: z.string().default(GATEWAY_MAC),
        mtu: z.number().default(1400),
        /** MACs by address. */
        neighbors: z.record(z.string(), z.string()).default({}),
      }),
    )
    .default([]),
  routes: z
    .array(
      z.strictObject({
        to: z.string(),
        /** Next hops with their networks, 0: none; or */
        via: z.array(z.tuple([z.string(), z.number(), z.number()])).optional(),
        /** the other router's id; neither: they are dropped. */
        vrf: z.number().optional(),
      }),
    )
    .default([]),
});

/** Two endpoints, each with its interface of the host. */
const xc = z.strictObject({ a: z.string(), aOn: z.string(), b: z.string(), bOn: z.string() });

const configuration = z.strictObject({
  networks: z.array(network),
  routers: z.array(router).default([]),
  crossConnects: z.array(xc).default([]),
});
type Network = z.infer<typeof network>;

export interface Configuration {
  readonly name: string;
  readonly payloads: readonly Payload[];
}

export function configurations(): Configuration[] {
  return readdirSync(FOLDER)
    .sort()
    .map((file) => {
      const text = readFileSync(join(FOLDER, file), 'utf8');
      const { networks, routers, crossConnects } = configuration.parse(parse(text));
      const locals = [...new Set(networks.map(({ local }) => local))];
      const payloads = [
        ...locals.map(vtepItem),
        ...networks.flatMap(payloadsOf),
        ...routers.flatMap(routerPayloads),
        ...crossConnects.flatMap(xconnectPayloads),
      ];
      return { name: file.replace('.yaml', ''), payloads };
    });
}

function payloadsOf({ vni, local, remotes, endpoints, ...more }: Network): Payload[] {
  const { learn, flood, suppress: arpSuppression, group: bumGroup } = more;
  const floods = flood && bumGroup === '';
  return [
    domain(vni, local, { learn, flood, arpSuppression, bumGroup }),
    ...remotes.map((remote) => tunnelTo(vni, remote, local)),
    ...(floods ? remotes.map((remote) => floodTo(vni, remote)) : []),
    ...endpoints.flatMap((each) => endpointPayloads(vni, each)),
  ];
}

function endpointPayloads(vni: number, each: z.infer<typeof endpoint>): Payload[] {
  const { name, mac, behind, on = '', ips, down } = each;
  const known = ips.map((ip) => neighbor(vni, ip, mac));
  if (behind !== undefined) return [macAt(vni, mac, behind), ...known];
  const addresses = ips.map((ip) => `${ip}/24`);
  return [
    hostPort(name, on, { vni, mac, addresses, adminUp: !down }),
    macOf(vni, mac, name),
    ...known,
  ];
}

function hostPort(endpoint: string, name: string, more: Partial<PortItem>): PortItem {
  return {
    kind: 'port',
    endpoint,
    vni: 0,
    mac: '02:00:00:00:00:77',
    addresses: [],
    adminUp: true,
    mtu: 1400,
    port: { kind: 'host_interface', interface: name },
    ...more,
  };
}

function routerPayloads({ id, gateways, routes }: z.infer<typeof router>): Payload[] {
  return [
    vrf(id),
    ...gateways.flatMap(({ vni, addresses, neighbors, ...more }) => [
      gateway(id, vni, addresses, more),
      ...Object.entries(neighbors).map(([ip, mac]) => gatewayNeighbor(id, vni, ip, mac)),
    ]),
    ...routes.map(({ to, via, vrf: next }) => {
      if (next !== undefined) return routeToVrf(id, to, next);
      return via === undefined
        ? dropRoute(id, to)
        : routeTo(id, to, ...via.map((each) => hop(...each)));
    }),
  ];
}

function xconnectPayloads({ a, aOn, b, bOn }: z.infer<typeof xc>): Payload[] {
  return [hostPort(a, aOn, {}), hostPort(b, bOn, {}), xconnect(a, b)];
}
