/** What an NVE may be told, from the files in test/fixtures/vpp-configurations. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Port } from '../../src/model/endpoint.js';
import type { Payload, PortItem } from '../../src/model/item.js';
import { portSchema } from '../../src/model/port-schema.js';
import { NEW_MEMIF, NEW_VHOST_USER, NEW_VLAN } from '../../src/model/vpp-ports.js';
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
  /** the interface of the host that it is on; or */
  on: z.string().optional(),
  /** what of its port is not as by default; a socket is a name in the directory for them. */
  port: z.looseObject({ kind: z.string() }).optional(),
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

/** @param sockets the directory for sockets */
export function configurations(sockets: string): Configuration[] {
  return readdirSync(FOLDER)
    .sort()
    .map((file) => {
      const text = readFileSync(join(FOLDER, file), 'utf8');
      const { networks, routers, crossConnects } = configuration.parse(parse(text));
      const locals = [...new Set(networks.map(({ local }) => local))];
      const payloads = [
        ...locals.map(vtepItem),
        ...networks.flatMap((each) => payloadsOf(each, sockets)),
        ...routers.flatMap(routerPayloads),
        ...crossConnects.flatMap(xconnectPayloads),
      ];
      return { name: file.replace('.yaml', ''), payloads };
    });
}

function payloadsOf(
  { vni, local, remotes, endpoints, ...more }: Network,
  sockets: string,
): Payload[] {
  const { learn, flood, suppress: arpSuppression, group: bumGroup } = more;
  const floods = flood && bumGroup === '';
  return [
    domain(vni, local, { learn, flood, arpSuppression, bumGroup }),
    ...remotes.map((remote) => tunnelTo(vni, remote, local)),
    ...(floods ? remotes.map((remote) => floodTo(vni, remote)) : []),
    ...endpoints.flatMap((each) => endpointPayloads(vni, each, sockets)),
  ];
}

function endpointPayloads(vni: number, each: z.infer<typeof endpoint>, sockets: string): Payload[] {
  const { name, mac, behind, ips, down } = each;
  const known = ips.map((ip) => neighbor(vni, ip, mac));
  if (behind !== undefined) return [macAt(vni, mac, behind), ...known];
  const addresses = ips.map((ip) => `${ip}/24`);
  const port = portOf(each, sockets);
  return [
    portItem(name, port, { vni, mac, addresses, adminUp: !down }),
    macOf(vni, mac, name),
    ...known,
  ];
}

function portItem(endpoint: string, port: Port, more: Partial<PortItem>): PortItem {
  return {
    kind: 'port',
    endpoint,
    vni: 0,
    mac: '02:00:00:00:00:77',
    addresses: [],
    adminUp: true,
    mtu: 1400,
    port,
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
  const on = (name: string): Port => ({ kind: 'host_interface', interface: name });
  return [portItem(a, on(aOn), {}), portItem(b, on(bOn), {}), xconnect(a, b)];
}

/** What the owner of the test's process may do without being root. */
const OWN = { ownerUid: process.getuid?.() ?? 0, ownerGid: process.getgid?.() ?? 0 };

function portOf({ on = '', port }: z.infer<typeof endpoint>, sockets: string): Port {
  if (port === undefined) return { kind: 'host_interface', interface: on };
  const usual: Readonly<Record<string, object>> = {
    vhost_user: { ...NEW_VHOST_USER, ...OWN },
    memif: NEW_MEMIF,
    vlan: NEW_VLAN,
  };
  const { socket } = port;
  const path = typeof socket === 'string' ? { socket: join(sockets, socket) } : {};
  return portSchema.parse({ ...usual[port.kind], ...port, ...path });
}
