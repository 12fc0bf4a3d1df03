/** Network devices, addresses and routes, as iproute2 tells them in JSON. */
import { z } from 'zod';
import { NfvError } from '../errors.js';
import { QUERY_MS, type ReadDoors } from '../host/doors.js';
import { refusal } from '../host/iproute2/answers.js';
import type {
  NetAddress,
  Netdev,
  Route,
  VfLinkState,
  VfSettings,
  VlanProtocol,
} from '../model/host/inventory.js';

const text = z.string();
const number = z.number();

const vfInfo = z.object({
  vf: number,
  address: text.default('00:00:00:00:00:00'),
  vlan_list: z
    .array(z.object({ vlan: number.optional(), qos: number.optional(), protocol: text.optional() }))
    .default([]),
  rate: z.object({ max_tx: number.default(0), min_tx: number.default(0) }).optional(),
  spoofchk: z.boolean().optional(),
  trust: z.boolean().optional(),
  link_state: z.enum(['auto', 'enable', 'disable']).optional(),
});

const link = z.object({
  ifname: text,
  altnames: z.array(text).default([]),
  address: text.default(''),
  mtu: number,
  flags: z.array(text),
  master: text.optional(),
  link: text.optional(),
  linkinfo: z.object({ info_kind: text.optional() }).optional(),
  vfinfo_list: z.array(vfInfo).default([]),
  addr_info: z
    .array(
      z.object({
        family: text.optional(),
        local: text.optional(),
        /** Of the peer, where the address has one. */
        address: text.optional(),
        prefixlen: number.optional(),
        metric: number.optional(),
        scope: text.optional(),
        dynamic: z.boolean().optional(),
        broadcast: text.optional(),
        label: text.optional(),
        home: z.boolean().optional(),
        mngtmpaddr: z.boolean().optional(),
        nodad: z.boolean().optional(),
        noprefixroute: z.boolean().optional(),
        autojoin: z.boolean().optional(),
      }),
    )
    .default([]),
});

const hop = z.object({
  dev: text.optional(),
  gateway: text.optional(),
  via: z.object({ host: text }).optional(),
  weight: number.optional(),
  flags: z.array(text).default([]),
  encap: text.optional(),
});

const route = hop.extend({
  type: text.default('unicast'),
  dst: text,
  table: z.union([text, number]).optional(),
  metric: number.optional(),
  prefsrc: text.optional(),
  protocol: z.union([text, number]).optional(),
  scope: z.union([text, number]).optional(),
  /** Of an encapsulation it is a number. */
  tos: z.union([text, number]).optional(),
  pref: text.optional(),
  metrics: z.array(z.record(text, z.unknown())).default([]),
  nexthops: z.array(hop).optional(),
});

/** Metrics of a route that are told as they are set (ip-route(8)). */
const METRICS = [
  ...['mtu', 'advmss', 'window', 'hoplimit', 'initcwnd', 'initrwnd', 'reordering', 'quickack'],
  ...['ssthresh', 'cwnd'],
];

/** What `ip -j -d address show` says: links and addresses in one. */
export function parseNetdevs(value: unknown): Netdev[] {
  const links = parse(z.array(link), value, 'ip -j -d address show');
  return links.map((l) => ({
    name: l.ifname,
    altnames: [...l.altnames].sort(),
    mac: l.address,
    mtu: l.mtu,
    up: l.flags.includes('UP'),
    carrier: l.flags.includes('LOWER_UP'),
    master: l.master,
    lower: l.link,
    kind: l.linkinfo?.info_kind,
    addresses: l.addr_info.flatMap((a) => toAddress(a, l.ifname)),
    vfs: l.vfinfo_list.map(toVf),
  }));
}

type AddrInfo = z.infer<typeof link>['addr_info'][number];

function toAddress(a: AddrInfo, device: string): NetAddress[] {
  if (a.local === undefined || a.prefixlen === undefined) return [];
  return [
    {
      family: a.family === 'inet6' ? 'IPV6' : 'IPV4',
      address: a.local,
      prefixLength: a.prefixlen,
      scope: a.scope ?? 'global',
      dynamic: a.dynamic === true,
      options: addressOptions(a, device),
    },
  ];
}

function addressOptions(a: AddrInfo, device: string): string[] {
  const flags = ['home', 'mngtmpaddr', 'nodad', 'noprefixroute', 'autojoin'] as const;
  return [
    ...(a.address === undefined ? [] : ['peer', `${a.address}/${a.prefixlen ?? ''}`]),
    ...(a.broadcast === undefined ? [] : ['brd', a.broadcast]),
    ...(a.label === undefined || a.label === device ? [] : ['label', a.label]),
    ...(a.metric === undefined ? [] : ['metric', String(a.metric)]),
    ...flags.filter((flag) => a[flag] === true),
  ];
}

function toVf(vf: z.infer<typeof vfInfo>): VfSettings {
  const [vlan] = vf.vlan_list;
  const protocol: VlanProtocol = vlan?.protocol === '802.1ad' ? '802.1ad' : '802.1Q';
  const linkState: VfLinkState | undefined = vf.link_state;
  return {
    index: vf.vf,
    mac: vf.address,
    vlan: vlan?.vlan ?? 0,
    qos: vlan?.qos ?? 0,
    vlanProtocol: protocol,
    spoofchk: vf.spoofchk,
    trust: vf.trust,
    linkState,
    minTxRate: vf.rate?.min_tx ?? 0,
    maxTxRate: vf.rate?.max_tx ?? 0,
  };
}

/** What `ip -j -4 route show table all` says, or `-6`. */
export function parseRoutes(value: unknown, family: Route['family']): Route[] {
  return parse(z.array(route), value, 'ip -j route show table all').map((r) => ({
    family,
    table: String(r.table ?? 'main'),
    type: r.type,
    destination: r.dst,
    hops: (r.nexthops ?? [r]).flatMap((h) => {
      if (h.dev === undefined) return [];
      const gateway = h.gateway ?? h.via?.host;
      return [{ device: h.dev, gateway, weight: h.weight, onlink: h.flags.includes('onlink') }];
    }),
    metric: r.metric,
    source: r.prefsrc,
    protocol: String(r.protocol ?? 'boot'),
    scope: r.scope === undefined ? undefined : String(r.scope),
    options: routeOptions(r),
    isEncapsulated: [r, ...(r.nexthops ?? [])].some(({ encap }) => encap !== undefined),
  }));
}

function routeOptions({ tos, pref, metrics }: z.infer<typeof route>): string[] {
  const [told = {}] = metrics;
  const words = (name: string, value: unknown, unit = ''): string[] =>
    typeof value === 'number' || typeof value === 'string' ? [name, `${value}${unit}`] : [];
  return [
    ...words('tos', tos),
    // What it is when nothing is said.
    ...(pref === 'medium' ? [] : words('pref', pref)),
    ...METRICS.flatMap((name) => words(name, told[name])),
    ...words('rto_min', told['rto_min'], 'ms'),
    ...words('congctl', told['congestion']),
    ...('ecn' in told ? ['features', 'ecn'] : []),
  ];
}

const lookup = z.array(z.object({ dev: text.optional() }));

/** The device of `ip -j route get ADDRESS`. */
export function parseRouteLookup(value: unknown): string | undefined {
  return parse(lookup, value, 'ip -j route get')[0]?.dev;
}

export async function readNetdevs(doors: ReadDoors, signal: AbortSignal): Promise<Netdev[]> {
  const netdevs = parseNetdevs(await askIp(doors, ['-d', 'address', 'show'], signal));
  return netdevs.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Routes of all tables, both families. */
export async function readRoutes(doors: ReadDoors, signal: AbortSignal): Promise<Route[]> {
  const words = ['route', 'show', 'table', 'all'];
  return [
    ...parseRoutes(await askIp(doors, ['-4', ...words], signal), 'IPV4'),
    ...parseRoutes(await askIp(doors, ['-6', ...words], signal), 'IPV6'),
  ];
}

/**
 * The device that packets to `address` leave by; undefined: there is no route.
 * @param from the address of ours that they come from
 */
export async function routeTo(
  doors: ReadDoors,
  address: string,
  signal: AbortSignal,
  from?: string,
): Promise<string | undefined> {
  const source = from === undefined ? [] : ['from', from];
  try {
    return parseRouteLookup(await askIp(doors, ['route', 'get', address, ...source], signal));
  } catch (error) {
    if (error instanceof NfvError && error.code === 'KERNEL_REFUSED') return undefined;
    throw error;
  }
}

/** @throws as tellIp */
async function askIp(
  doors: ReadDoors,
  words: readonly string[],
  signal: AbortSignal,
): Promise<unknown> {
  const args = ['-j', ...words];
  const answer = await tellIp(doors, args, signal);
  try {
    // It says nothing at all when there is nothing to tell.
    return answer.trim() === '' ? [] : JSON.parse(answer);
  } catch (cause) {
    throw new NfvError('KERNEL_REFUSED', `ip ${args.join(' ')} answered no JSON`, { cause });
  }
}

/**
 * Runs `ip` with these words.
 * @throws NfvError KERNEL_REFUSED with `metadata.errno`, NOT_PRIVILEGED, COMMAND_MISSING,
 *   COMMAND_TIMEOUT; with the signal CANCELLED or DEADLINE_EXCEEDED
 */
export async function tellIp(
  { programs }: ReadDoors,
  words: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const ran = await programs.run('ip', words, { deadlineMs: QUERY_MS, signal });
  if (ran.code !== 0) throw refusal('ip', words.join(' '), ran.stderr);
  return ran.stdout;
}

function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new NfvError('KERNEL_REFUSED', `${what}: not the answer expected`, { cause: result.error });
}
