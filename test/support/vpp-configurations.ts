/** What an NVE may be told, from the files in test/fixtures/vpp-configurations. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Port } from '../../src/model/endpoint.js';
import type { Payload } from '../../src/model/item.js';
import { portSchema } from '../../src/model/port-schema.js';
import { NEW_MEMIF, NEW_VHOST_USER, NEW_VLAN } from '../../src/model/vpp-ports.js';
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

const configuration = z.strictObject({ networks: z.array(network) });
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
      const { networks } = configuration.parse(parse(readFileSync(join(FOLDER, file), 'utf8')));
      const locals = [...new Set(networks.map(({ local }) => local))];
      const own = networks.flatMap((each) => payloadsOf(each, sockets));
      const payloads = [...locals.map(vtepItem), ...own];
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
  const port: Payload = {
    kind: 'port',
    endpoint: name,
    vni,
    mac,
    addresses: ips.map((ip) => `${ip}/24`),
    adminUp: !down,
    mtu: 1400,
    port: portOf(each, sockets),
  };
  return [port, macOf(vni, mac, name), ...known];
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
