/** What an NVE may be told, from the files in test/fixtures/vpp-configurations. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Payload } from '../../src/model/item.js';
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

const configuration = z.strictObject({ networks: z.array(network) });
type Network = z.infer<typeof network>;

export interface Configuration {
  readonly name: string;
  readonly payloads: readonly Payload[];
}

export function configurations(): Configuration[] {
  return readdirSync(FOLDER)
    .sort()
    .map((file) => {
      const { networks } = configuration.parse(parse(readFileSync(join(FOLDER, file), 'utf8')));
      const locals = [...new Set(networks.map(({ local }) => local))];
      const payloads = [...locals.map(vtepItem), ...networks.flatMap(payloadsOf)];
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
  const port: Payload = {
    kind: 'port',
    endpoint: name,
    vni,
    mac,
    addresses: ips.map((ip) => `${ip}/24`),
    adminUp: !down,
    mtu: 1400,
    port: { kind: 'host_interface', interface: on },
  };
  return [port, macOf(vni, mac, name), ...known];
}
