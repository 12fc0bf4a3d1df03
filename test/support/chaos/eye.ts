/**
 * What a host is to have in its kernel, worked out from the API's resources by rules of its own
 * (docs/dataplane-linux.md), and what iproute2 shows that it has: both as lines of text, to be equal.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Resource } from '../../../src/model/api.js';
import type { Endpoint } from '../../../src/model/endpoint.js';
import type { Router } from '../../../src/model/router.js';
import type { Subnet } from '../../../src/model/subnet.js';
import type { VirtualNetwork } from '../../../src/model/virtual-network.js';
import { exec, type Netns } from '../netns.js';
import { routersOf } from './world.js';

/** The underlay's MTU without VXLAN over IPv4. */
const MTU = 1450;

const portOf = (id: string): string =>
  `nfvp${createHash('sha256').update(id).digest('hex').slice(0, 10)}`;

interface Resources {
  readonly networks: readonly VirtualNetwork[];
  readonly subnets: readonly Subnet[];
  readonly routers: readonly Router[];
  readonly endpoints: readonly Endpoint[];
  /** VTEP addresses by NVE. */
  readonly vteps: ReadonlyMap<string, string>;
}

function sort(all: readonly Resource[]): Resources {
  return {
    networks: all.flatMap((each) => (each.kind === 'VirtualNetwork' ? [each] : [])),
    subnets: all.flatMap((each) => (each.kind === 'Subnet' ? [each] : [])),
    routers: all.flatMap((each) => (each.kind === 'Router' ? [each] : [])),
    endpoints: all.flatMap((each) => (each.kind === 'Endpoint' ? [each] : [])),
    vteps: new Map(
      all.flatMap((each) =>
        each.kind === 'Nve' ? [[each.id, each.spec.vtepAddresses[0] ?? ''] as const] : [],
      ),
    ),
  };
}

/** The lines of one NVE. */
export function expectedOn(nve: string, all: readonly Resource[]): string[] {
  const resources = sort(all);
  const lines = resources.networks.flatMap((network) => networkLines(nve, network, resources));
  return [...lines, ...resources.routers.flatMap((r) => routerLines(nve, r, resources))].sort();
}

/** Networks that a router joins are on each NVE that has one of them. */
function joined(network: VirtualNetwork, { routers, subnets }: Resources): Set<string> {
  const found = new Set([network.id]);
  for (const { spec } of routers) {
    const of = subnets.filter(({ id }) => spec.subnets.includes(id)).map((s) => s.spec.network);
    if (of.includes(network.id)) for (const each of of) found.add(each);
  }
  return found;
}

function membersOf(network: VirtualNetwork, resources: Resources): Set<string> {
  const group = joined(network, resources);
  const there = resources.endpoints.filter(({ spec }) => group.has(spec.network));
  return new Set(there.map(({ spec }) => spec.nve));
}

function networkLines(nve: string, network: VirtualNetwork, resources: Resources): string[] {
  const members = membersOf(network, resources);
  if (!members.has(nve)) return [];
  const { vni, arpSuppression } = network.spec;
  const [bridge, vxlan] = [`nfvb${vni}`, `nfvx${vni}`];
  const vtep = (id: string): string => resources.vteps.get(id) ?? '';
  const lines = [
    `link ${bridge} bridge mtu ${MTU} up`,
    `link ${vxlan} vxlan ${vni} from ${vtep(nve)} in ${bridge} mtu ${MTU} up`,
  ];
  for (const member of members) {
    if (member !== nve) lines.push(`fdb ${vxlan} 00:00:00:00:00:00 to ${vtep(member)}`);
  }
  for (const { id, spec } of resources.endpoints) {
    if (spec.network !== network.id) continue;
    const isHere = spec.nve === nve;
    const isUp = spec.adminState === 'UP';
    if (isHere)
      lines.push(`link ${portOf(id)} port in ${bridge} mtu ${MTU} ${isUp ? 'up' : 'down'}`);
    if (!isUp) continue;
    lines.push(`fdb ${isHere ? portOf(id) : vxlan} ${spec.mac} in ${bridge}`);
    if (!isHere) lines.push(`fdb ${vxlan} ${spec.mac} to ${vtep(spec.nve)}`);
    if (arpSuppression) lines.push(...spec.ips.map((ip) => `neigh ${bridge} ${ip} ${spec.mac}`));
  }
  return lines;
}

function routerLines(nve: string, { spec }: Router, resources: Resources): string[] {
  const own = resources.subnets.filter(({ id }) => spec.subnets.includes(id));
  const gateways = own.flatMap((subnet) => {
    const network = resources.networks.find(({ id }) => id === subnet.spec.network);
    return network !== undefined && membersOf(network, resources).has(nve)
      ? [{ subnet, network }]
      : [];
  });
  if (gateways.length === 0) return [];
  const routes = spec.routes.filter(({ drop }) => drop);
  return [
    ...routes.map(({ prefix }) => `vrf ${spec.vrfId} route blackhole ${prefix}`),
    ...gateways.flatMap(({ subnet, network }) => {
      const { gateway, prefix } = subnet.spec;
      const { vni } = network.spec;
      const name = `vrf ${spec.vrfId} gw${vni}`;
      const known = resources.endpoints.filter(
        (e) => e.spec.network === network.id && e.spec.adminState === 'UP',
      );
      return [
        `${name} ${spec.gatewayMac} ${gateway}/${prefix.split('/')[1] ?? ''} mtu ${MTU}`,
        `link nfvg${vni} port in nfvb${vni} mtu ${MTU} up`,
        ...known.flatMap((e) => e.spec.ips.map((ip) => `${name} neigh ${ip} ${e.spec.mac}`)),
      ];
    }),
  ];
}

const link = z.looseObject({
  ifname: z.string(),
  mtu: z.number(),
  flags: z.array(z.string()),
  address: z.string().default(''),
  master: z.string().default(''),
  linkinfo: z
    .looseObject({
      info_kind: z.string().default(''),
      info_data: z
        .looseObject({ id: z.number().default(0), local: z.string().default('') })
        .optional(),
    })
    .optional(),
});
const fdb = z.looseObject({
  mac: z.string(),
  ifname: z.string(),
  flags: z.array(z.string()).default([]),
  dst: z.string().default(''),
  master: z.string().default(''),
});
const neighbor = z.looseObject({
  dst: z.string(),
  dev: z.string(),
  lladdr: z.string().default(''),
});
const addressed = z.looseObject({
  ifname: z.string(),
  addr_info: z.array(
    z.looseObject({ family: z.string(), local: z.string(), prefixlen: z.number() }),
  ),
});
const route = z.looseObject({ dst: z.string(), type: z.string().default('unicast') });

async function rows<T>(
  of: z.ZodType<T>,
  ns: string,
  file: string,
  ...args: string[]
): Promise<T[]> {
  const words = ['netns', 'exec', ns, file, '-j', '-d', ...args];
  const { code, stdout, stderr } = await exec('ip', words);
  if (code !== 0) throw new Error(`${file} ${args.join(' ')}: ${stderr}`);
  return z.array(of).parse(stdout.trim() === '' ? [] : JSON.parse(stdout));
}

/** What the kernel of a host has of ours. */
export async function seenOn(ns: Netns): Promise<string[]> {
  const [links, entries, neighbors] = await Promise.all([
    rows(link, ns.name, 'ip', 'link', 'show'),
    rows(fdb, ns.name, 'bridge', 'fdb', 'show'),
    rows(neighbor, ns.name, 'ip', 'neigh', 'show', 'nud', 'permanent'),
  ]);
  const gateways = new Map(
    links.filter(({ ifname }) => ifname.startsWith('nfvg')).map((l) => [l.master, l]),
  );
  const lines = [
    ...links.filter(({ ifname }) => ifname.startsWith('nfv')).map(linkLine),
    ...entries.filter(({ flags }) => flags.includes('extern_learn')).map(entryLine),
    ...neighbors
      .filter(({ dev }) => dev.startsWith('nfvb'))
      // On the bridge of a gateway, that of its own address.
      .filter(({ dev, lladdr }) => !gateways.has(dev) || lladdr !== GATEWAY_MAC)
      .map(({ dev, dst, lladdr }) => `neigh ${dev} ${dst} ${lladdr}`),
  ];
  for (const [vrf, name] of await routersOf(ns)) lines.push(...(await routerSeen(vrf, name)));
  return [...new Set(lines)].sort();
}

const GATEWAY_MAC = '00:00:5e:00:01:01';

function linkLine({ ifname, mtu, flags, master, linkinfo }: z.infer<typeof link>): string {
  const state = flags.includes('UP') ? 'up' : 'down';
  const { info_kind: kind = '', info_data: data } = linkinfo ?? {};
  if (kind === 'bridge') return `link ${ifname} bridge mtu ${mtu} ${state}`;
  const place = `in ${master} mtu ${mtu} ${state}`;
  if (kind !== 'vxlan') return `link ${ifname} port ${place}`;
  return `link ${ifname} vxlan ${data?.id ?? 0} from ${data?.local ?? ''} ${place}`;
}

function entryLine({ mac, ifname, dst, master }: z.infer<typeof fdb>): string {
  return `fdb ${ifname} ${mac} ${dst === '' ? `in ${master}` : `to ${dst}`}`;
}

async function routerSeen(vrf: number, ns: string): Promise<string[]> {
  const [links, addresses, neighbors, routes] = await Promise.all([
    rows(link, ns, 'ip', 'link', 'show'),
    rows(addressed, ns, 'ip', 'addr', 'show'),
    rows(neighbor, ns, 'ip', 'neigh', 'show', 'nud', 'permanent'),
    rows(route, ns, 'ip', 'route', 'show', 'proto', '78'),
  ]);
  const gateways = links.filter(({ ifname }) => ifname.startsWith('gw'));
  return [
    ...gateways.map(({ ifname, address, mtu }) => {
      const own = addresses.find((each) => each.ifname === ifname)?.addr_info ?? [];
      const v4 = own.filter(({ family }) => family === 'inet');
      const text = v4.map(({ local, prefixlen }) => `${local}/${prefixlen}`).join(' ');
      return `vrf ${vrf} ${ifname} ${address} ${text} mtu ${mtu}`;
    }),
    ...neighbors
      .filter(({ dev }) => dev.startsWith('gw'))
      .map(({ dev, dst, lladdr }) => `vrf ${vrf} ${dev} neigh ${dst} ${lladdr}`),
    ...routes.map(({ type, dst }) => `vrf ${vrf} route ${type} ${dst}`),
  ];
}

/** What is missing (`-`) and what is too much (`+`). */
export function differences(expected: readonly string[], seen: readonly string[]): string[] {
  const [wanted, there] = [new Set(expected), new Set(seen)];
  return [
    ...expected.filter((line) => !there.has(line)).map((line) => `- ${line}`),
    ...seen.filter((line) => !wanted.has(line)).map((line) => `+ ${line}`),
  ];
}
