/** What iproute2 shows that a host has of ours in its kernel, as lines of text. */
import { z } from 'zod';
import { exec, type Netns } from '../netns.js';
import { routersOf } from './world.js';

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
const hop = z.looseObject({ gateway: z.string().default(''), dev: z.string().default('') });
const route = z.looseObject({
  ...hop.shape,
  dst: z.string(),
  type: z.string().default('unicast'),
  nexthops: z.array(hop).optional(),
});

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
  const lines = [
    // An uplink has no name of ours.
    ...links.filter((l) => l.ifname.startsWith('nfv') || l.master.startsWith('nfvb')).map(linkLine),
    ...entries.filter(({ flags }) => flags.includes('extern_learn')).map(entryLine),
    ...neighbors
      // Without the mark it is that of a gateway's own address.
      .filter((each) => each.dev.startsWith('nfvb') && 'extern_learn' in each)
      .map(({ dev, dst, lladdr }) => `neigh ${dev} ${dst} ${lladdr}`),
  ];
  for (const [vrf, name] of await routersOf(ns)) lines.push(...(await routerSeen(vrf, name)));
  return [...new Set(lines)].sort();
}

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
    ...routes.map((each) => {
      const hops = each.type === 'unicast' ? (each.nexthops ?? [each]) : [];
      return routeLine(vrf, each.type, each.dst, hops);
    }),
  ];
}

/** Next hops in any order. */
export function routeLine(
  vrf: number,
  type: string,
  prefix: string,
  hops: readonly { readonly gateway: string; readonly dev: string }[],
): string {
  const ways = hops.map(({ gateway, dev }) => ` via ${gateway} ${dev}`).sort();
  return `vrf ${vrf} route ${type} ${prefix}${ways.join()}`;
}
