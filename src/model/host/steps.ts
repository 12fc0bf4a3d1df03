/**
 * Steps of host preparation. Each names a state that the host is to be in, so it can be done twice,
 * and the opposite of a step is a step of the same kind. They are written to the journal, so they
 * are schemas; what is optional elsewhere is null here.
 */
import { z } from 'zod';

const text = z.string();
const count = z.int().min(0);
const family = z.enum(['IPV4', 'IPV6']);

const service = z.strictObject({
  kind: z.literal('service'),
  /** systemd's unit. */
  unit: text,
  active: z.boolean(),
  /** It is VPP, and up when this vppctl has an answer at this socket, and VPP has these interfaces. */
  answersTo: z
    .strictObject({ program: text, socket: text, ports: z.array(text).default([]) })
    .exactOptional(),
});

const hugepages = z.strictObject({
  kind: z.literal('hugepages'),
  node: count,
  sizeKb: count,
  /** All of the node's pages of this size. */
  pages: count,
});

const module = z.strictObject({ kind: z.literal('module'), name: text, loaded: z.boolean() });

const noIommu = z.strictObject({ kind: z.literal('noIommu'), enabled: z.boolean() });

/** NetworkManager keeps its hands off the function's netdevs, or has them back. */
const managed = z.strictObject({
  kind: z.literal('managed'),
  function: text,
  managed: z.boolean(),
});

const link = z.strictObject({ kind: z.literal('link'), function: text, up: z.boolean() });

const autoprobe = z.strictObject({
  kind: z.literal('autoprobe'),
  pf: text,
  enabled: z.boolean(),
});

const vfs = z.strictObject({ kind: z.literal('vfs'), pf: text, count });

const eswitch = z.strictObject({
  kind: z.literal('eswitch'),
  pf: text,
  mode: z.enum(['legacy', 'switchdev']),
});

export const vfValues = z.strictObject({
  mac: text.nullable(),
  vlan: count.nullable(),
  qos: count.nullable(),
  vlanProtocol: z.enum(['802.1Q', '802.1ad']).nullable(),
  spoofchk: z.boolean().nullable(),
  trust: z.boolean().nullable(),
  linkState: z.enum(['auto', 'enable', 'disable']).nullable(),
  minTxRate: count.nullable(),
  maxTxRate: count.nullable(),
});
/** What a PF is to set for a VF; null: left as it is. */
export type VfValues = z.infer<typeof vfValues>;

const vf = z.strictObject({ kind: z.literal('vf'), pf: text, index: count, values: vfValues });

const bind = z.strictObject({
  kind: z.literal('bind'),
  function: text,
  /** `*`: whichever driver of the kernel takes it, but not VFIO's; null: none. */
  driver: text.nullable(),
  override: text.nullable(),
  /** Of the VFIO group's device; null: as the kernel makes it. */
  owner: z.strictObject({ uid: count, gid: count }).nullable(),
});

const address = z.strictObject({
  family,
  address: text,
  prefixLength: count,
  scope: text,
  dynamic: z.boolean(),
  /** Journals of before have none. */
  options: z.array(text).default([]),
});

const route = z.strictObject({
  family,
  table: text,
  type: text,
  destination: text,
  hops: z.array(
    z.strictObject({
      device: text,
      gateway: text.nullable(),
      weight: count.nullable(),
      onlink: z.boolean(),
    }),
  ),
  metric: count.nullable(),
  source: text.nullable(),
  protocol: text,
  scope: text.nullable(),
  /** Journals of before have none. */
  options: z.array(text).default([]),
});
export type RouteValues = z.infer<typeof route>;

export const netdevValues = z.strictObject({
  name: text,
  altnames: z.array(text),
  mac: text,
  mtu: count,
  up: z.boolean(),
  addresses: z.array(address),
  routes: z.array(route),
});
/** How a netdev of the kernel was set up. */
export type NetdevValues = z.infer<typeof netdevValues>;

/** The function's netdev is there, and set up like this. */
const netdev = z.strictObject({
  kind: z.literal('netdev'),
  function: text,
  values: netdevValues,
});

const file = z.strictObject({
  kind: z.literal('file'),
  path: text,
  /** Null: there is no such file. */
  content: text.nullable(),
});

export const step = z.discriminatedUnion('kind', [
  service,
  hugepages,
  module,
  noIommu,
  managed,
  link,
  autoprobe,
  vfs,
  eswitch,
  vf,
  bind,
  netdev,
  file,
]);
export type Step = z.infer<typeof step>;
export type StepKind = Step['kind'];
export type StepOf<K extends StepKind> = Extract<Step, { readonly kind: K }>;

/** What a boot does not take away. */
export function survivesReboot({ kind }: Step): boolean {
  return kind === 'file';
}

/** One line for people. */
export function describeStep(s: Step): string {
  switch (s.kind) {
    case 'service':
      return `${s.active ? 'start' : 'stop'} ${s.unit}`;
    case 'hugepages':
      return `node ${s.node}: ${s.pages} hugepages of ${describeSize(s.sizeKb)}`;
    case 'module':
      return `${s.loaded ? 'load' : 'unload'} module ${s.name}`;
    case 'noIommu':
      return `VFIO without an IOMMU: ${s.enabled ? 'allowed' : 'not allowed'}`;
    case 'file':
      return s.content === null ? `remove ${s.path}` : `write ${s.path}`;
    default:
      return describeFunctionStep(s);
  }
}

type HostStep = StepOf<'service' | 'hugepages' | 'module' | 'noIommu' | 'file'>;

function describeFunctionStep(s: Exclude<Step, HostStep>): string {
  switch (s.kind) {
    case 'managed':
      return `${s.function}: ${s.managed ? 'managed' : 'left alone'} by NetworkManager`;
    case 'link':
      return `${s.function}: link ${s.up ? 'up' : 'down'}`;
    case 'autoprobe':
      return `${s.pf}: VFs ${s.enabled ? 'get' : 'get no'} driver by themselves`;
    case 'vfs':
      return `${s.pf}: ${s.count} VFs`;
    case 'eswitch':
      return `${s.pf}: eswitch in ${s.mode} mode`;
    case 'vf':
      return `${s.pf}/vf${s.index}: ${describeVf(s.values)}`;
    case 'bind':
      return `${s.function}: ${describeDriver(s.driver)}`;
    case 'netdev':
      return `${s.function}: netdev ${s.values.name} as it was`;
  }
}

export function describeSize(sizeKb: number): string {
  if (sizeKb % (1024 * 1024) === 0) return `${sizeKb / (1024 * 1024)}G`;
  return sizeKb % 1024 === 0 ? `${sizeKb / 1024}M` : `${sizeKb}K`;
}

function describeDriver(driver: string | null): string {
  if (driver === null) return 'no driver';
  return driver === '*' ? "the kernel's driver" : `driver ${driver}`;
}

function describeVf(values: VfValues): string {
  const shown = Object.entries(values).flatMap(([name, value]) =>
    value === null ? [] : [`${name} ${String(value)}`],
  );
  return shown.length === 0 ? 'nothing set' : shown.join(', ');
}
