/** What a host is to be prepared for: the host profile, a YAML file. docs/host.md explains it. */
import { z } from 'zod';
import { isMulticastMac, parseMac } from '../addresses.js';
import { ID_RULE, isId } from '../names.js';
import { parseNumberList } from '../number-list.js';
import { parseYamlDocuments, type YamlDocument } from '../yaml.js';
import { invalidFields } from '../../errors.js';
import { parseBdf } from './bdf.js';
import { checkProfile } from './profile-rules.js';

/** Text that `parse` turns into something; `rule` is "reason; remedy". */
function parsed<T>(parse: (text: string) => T | undefined, rule: string): z.ZodType<T> {
  return z.string().transform((text, context) => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: rule, input: text });
    return z.NEVER;
  });
}

const bdf = parsed(parseBdf, 'not a PCI address; give one as "0000:41:00.0" (see lspci -D)');

const mac = parsed((text) => {
  const address = parseMac(text);
  const usable = address !== undefined && !isMulticastMac(address);
  return usable && address !== '00:00:00:00:00:00' ? address : undefined;
}, 'not the MAC of a station; give one as "02:00:00:00:00:01", not multicast');

/** `8086:10c9`, as lspci -n has it. */
const pciId = parsed((text) => {
  const [, vendor, device] = /^([0-9a-f]{4}):([0-9a-f]{4})$/.exec(text.toLowerCase()) ?? [];
  return vendor === undefined || device === undefined ? undefined : { vendor, device };
}, 'not vendor:device; give four hex digits each, as "8086:10c9" (see lspci -n)');

const UNITS: Readonly<Record<string, number>> = { K: 1, M: 1024, G: 1024 * 1024 };

function parseSizeKb(text: string): number | undefined {
  const [, digits, unit = ''] = /^([1-9]\d{0,5})([KMG])$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * (UNITS[unit] ?? 1);
}

const sizeKb = parsed(parseSizeKb, 'not a size; give one as "2M" or "1G"');

const RANGE = 'not a list of numbers; give one as "0-3,8"';

/** One number, or a list as the kernel writes it. */
const numberList = z.union([
  z
    .int()
    .min(0)
    .max(65_535)
    .transform((n) => [n]),
  parsed((text) => {
    const list = parseNumberList(text);
    return list === undefined || list.length === 0 ? undefined : list;
  }, RANGE),
]);

const node = z.int().min(0).max(1023);
const rate = z.int().min(0).max(1_000_000);
const queues = z.int().min(1).max(256);
const absolutePath = z.string().regex(/^\/[^\s{}#]*$/, {
  error: 'not an absolute path without spaces; give one as "/run/vpp/api.sock"',
});
const unit = z.string().regex(/^[A-Za-z0-9:_.@-]{1,64}$/, {
  error: 'not the name of a systemd unit; give one as "vpp"',
});

const vfSettings = {
  mac: mac.exactOptional(),
  vlan: z.int().min(0).max(4094).exactOptional(),
  /** 802.1p priority. */
  qos: z.int().min(0).max(7).exactOptional(),
  vlanProtocol: z.enum(['802.1Q', '802.1ad']).exactOptional(),
  spoofchk: z.boolean().exactOptional(),
  trust: z.boolean().exactOptional(),
  linkState: z.enum(['auto', 'enable', 'disable']).exactOptional(),
  /** Mbit/s; 0: no limit. */
  minTxRate: rate.exactOptional(),
  maxTxRate: rate.exactOptional(),
  /** `kernel`: the driver the kernel chooses; `none`: left without one. */
  driver: z.enum(['vfio-pci', 'kernel', 'none']).exactOptional(),
};

const sriov = z.strictObject({
  /** How many VFs. */
  count: z.int().min(0).max(4096),
  eswitch: z.enum(['legacy', 'switchdev']).exactOptional(),
  /** For each VF that says nothing else. */
  defaults: z.strictObject(vfSettings).omit({ mac: true }).default({}),
  vfs: z.array(z.strictObject({ index: numberList, ...vfSettings })).default([]),
});

const match = z.strictObject({
  bdf: bdf.exactOptional(),
  mac: mac.exactOptional(),
  id: pciId.exactOptional(),
  node: node.exactOptional(),
  /** The name of a NIC of this profile that is a PF; `vfs` are its VFs' indexes. */
  pf: z.string().exactOptional(),
  vfs: numberList.exactOptional(),
});

const nic = z.strictObject({
  /** What VPP calls the interface too. */
  name: z.string().refine(isId, { error: `not a name; give ${ID_RULE}` }),
  match,
  role: z.enum(['dpdk', 'native', 'sriov', 'leave']),
  /** It may be taken though it is up, or has addresses or routes; undo gives them back. */
  takeOver: z.boolean().default(false),
  rxQueues: queues.exactOptional(),
  txQueues: queues.exactOptional(),
  rxDescriptors: z.int().min(32).max(32_768).exactOptional(),
  txDescriptors: z.int().min(32).max(32_768).exactOptional(),
  sriov: sriov.exactOptional(),
});

const hugepages = z.strictObject({
  size: sizeKb,
  node,
  /** For this profile's consumers; those that others use come on top. */
  pages: z.int().min(0).max(4_000_000),
});

const cpu = z.strictObject({
  mainCore: z.int().min(0).max(65_535),
  workers: numberList.default([]),
});

const vpp = z.strictObject({
  prefix: absolutePath.default('/usr'),
  /** systemd's unit; empty: VPP is started by somebody else. */
  service: z.union([unit, z.literal('')]).default('vpp'),
  startupConf: absolutePath.default('/etc/vpp/startup.conf'),
  /** Who may use the sockets. */
  group: unit.default('vpp'),
  cliSocket: absolutePath.default('/run/vpp/cli.sock'),
  apiSocket: absolutePath.default('/run/vpp/api.sock'),
  statsSocket: absolutePath.default('/run/vpp/stats.sock'),
  statsSegment: sizeKb.default(128 * 1024),
  mainHeap: sizeKb.default(1024 * 1024),
  buffersPerNuma: z.int().min(1024).max(4_000_000).default(16_384),
  bufferDataSize: z.int().min(2048).max(16_384).exactOptional(),
  bufferPageSize: z.enum(['default', 'default-hugepage', '4K', '2M', '1G']).default('default'),
  /** Plugins needed beyond those for the NICs and the overlay, as "nat44_ei_plugin.so". */
  plugins: z
    .array(
      z.string().regex(/^[a-z0-9_]{1,64}_plugin\.so$/, {
        error: 'not a file of a plugin; give one as "nat44_ei_plugin.so"',
      }),
    )
    .max(200)
    .default([]),
  /** More statements for a section of startup.conf, as they stand there. */
  sections: z.record(z.string().regex(/^[a-z0-9_-]{1,64}$/), z.array(z.string())).default({}),
});

const policy = z.strictObject({
  /** Functions without an IOMMU group: taking them taints the kernel and isolates nothing. */
  noIommu: z.enum(['refuse', 'allow']).default('refuse'),
  drift: z.enum(['report', 'repair']).default('report'),
  /** Numeric owner of the VFIO group devices; undefined: root's, as the kernel makes them. */
  vfioOwner: z
    .strictObject({ uid: z.int().min(0).max(0xfffffffe), gid: z.int().min(0).max(0xfffffffe) })
    .exactOptional(),
});

const schema = z
  .strictObject({
    hugepages: z.array(hugepages).max(256).default([]),
    nics: z.array(nic).max(256).default([]),
    cpu: cpu.exactOptional(),
    vpp: vpp.exactOptional(),
    policy: policy.prefault({}),
  })
  .superRefine((profile, context) => {
    for (const { path, reason, remedy } of checkProfile(profile)) {
      context.addIssue({ code: 'custom', path: [...path], message: `${reason}; ${remedy}` });
    }
  });

export type HostProfile = z.infer<typeof schema>;
export type NicProfile = HostProfile['nics'][number];
export type SriovProfile = NonNullable<NicProfile['sriov']>;
export type VppProfile = NonNullable<HostProfile['vpp']>;

export const hostProfileSchema: z.ZodType<HostProfile> = schema;

/** A profile that asks for nothing. */
export const EMPTY_PROFILE: HostProfile = schema.parse({});

/** @throws NfvError PROFILE_INVALID with every fault and its line; MESSAGE_TOO_LARGE */
export function parseHostProfile(text: string, file: string): YamlDocument<HostProfile> {
  const options = { file, code: 'PROFILE_INVALID', maxBytes: 1024 * 1024 } as const;
  const documents = parseYamlDocuments(text, schema, options);
  // A text without content asks for nothing.
  const [first, second] =
    documents.length > 0 ? documents : parseYamlDocuments('{}', schema, options);
  if (first !== undefined && second === undefined) return first;
  const violation = {
    field: `${file}:${second?.line ?? 1}:1`,
    value: '---',
    reason: 'a second document',
    remedy: 'give one profile in a file',
  };
  throw invalidFields([violation], 'PROFILE_INVALID');
}
