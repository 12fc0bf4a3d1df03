/** What the configuration file says of VPP's interfaces to the underlay. */
import { z } from 'zod';
import {
  isHostAddress,
  isMulticastMac,
  parseIp,
  parseMac,
  parsePrefix,
} from '../model/addresses.js';
import { parseBdf } from '../model/host/bdf.js';

/** VPP keeps names in 64 bytes with a 0 at the end, the kernel in 16 (IFNAMSIZ). */
const VPP_NAME = /^[\x21-\x7e]{0,63}$/;
const KERNEL_NAME = /^[^\s/:]{0,15}$/;
/** Bytes of a tag are what tells ours; these signs mean something in one. */
const PARENT_NAME = /^[\x21-\x3c\x3e\x3f\x41-\x7d]{1,63}$/;
/** `intf_name` and `driver_name` of vnet/dev/dev.api have a 0 at the end of 32 and 16 bytes. */
const PORT_NAME = /^[A-Za-z][\w./-]{0,30}$/;
const DRIVER_NAME = /^[a-z][\w-]{0,14}$|^$/;
/** They may have to go over VPP's command line, where a blank ends them. */
const ARGUMENTS = /^[\x21-\x7e]{0,255}$/;
const MAX_UPLINKS = 16;

/** A text as one of the model's parsers has it; `hint` is what is wrong with any other. */
function parsed(
  parse: (text: string) => string | undefined,
  hint: string,
): z.ZodType<string, string> {
  return z.string().transform((text, context) => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: hint, input: text });
    return z.NEVER;
  });
}

function orNothing(
  parse: (text: string) => string | undefined,
  hint: string,
): z.ZodType<string, string> {
  return parsed((text) => (text === '' ? text : parse(text)), hint);
}

function hostAddress(text: string): string | undefined {
  const ip = parseIp(text);
  return ip !== undefined && isHostAddress(ip) ? ip.text : undefined;
}

/** An address of ours, with the length of its subnet; canonical. */
function prefixed(text: string): string | undefined {
  const [host = '', length = ''] = text.split('/');
  const address = hostAddress(host);
  const max = host.includes(':') ? 128 : 32;
  const fits = /^[1-9]\d{0,2}$/.test(length) && Number(length) <= max;
  return address !== undefined && fits ? `${address}/${length}` : undefined;
}

function unicastMac(text: string): string | undefined {
  const mac = parseMac(text);
  return mac === undefined || isMulticastMac(mac) ? undefined : mac;
}

const address = parsed(hostAddress, 'not a unicast IP address; give one such as "192.0.2.254"');
const interfaceAddress = parsed(
  prefixed,
  'not an address with a length; give one such as "192.0.2.1/24"',
);
const PCI_HINT = 'not a PCI address; give one as "0000:41:00.0" (see lspci -D)';
const pci = parsed(parseBdf, PCI_HINT);
const destination = z
  .string()
  .refine((text) => parsePrefix(text) !== undefined, 'not a prefix; give one such as "10.0.0.0/8"');
const kernelName = z.string().regex(KERNEL_NAME, 'not an interface name');
const ARGUMENTS_HINT = 'not arguments; give them as "NAME=VALUE,NAME=VALUE", without blanks';
const args = z.string().regex(ARGUMENTS, ARGUMENTS_HINT).default('');
/** 0: VPP's choice. */
const queues = z.int().min(0).max(256).default(0);
const queueSize = z.int().min(0).max(32_768).default(0);

const device = z.strictObject({
  pci,
  driver: z
    .string()
    .regex(DRIVER_NAME, 'not a driver of VPP; give one such as "iavf" or "ige"')
    .default(''),
  args,
  port: z.int().min(0).max(65_535).default(0),
  /** What VPP is to call the interface. */
  name: z.string().regex(PORT_NAME, 'not a name for an interface; give 1 to 31 characters'),
  rxQueues: queues,
  txQueues: queues,
  rxQueueSize: queueSize,
  txQueueSize: queueSize,
  portArgs: args,
});

const tap = z
  .strictObject({
    /** The kernel's end. */
    hostInterface: kernelName.min(1, 'not an interface name'),
    netns: z
      .string()
      .regex(/^[\x21-\x2e\x30-\x7e]{0,63}$/, 'not the name of a network namespace')
      .prefault(''),
    mac: orNothing(
      unicastMac,
      'not a unicast MAC address; give one such as "02:00:00:00:00:01"',
    ).prefault(''),
    addresses: z.array(interfaceAddress).max(2).prefault([]),
    bridge: kernelName.prefault(''),
  })
  .refine(({ addresses }) => !hasTwoOfAFamily(addresses), {
    error: 'two of a family; VPP gives a tap one IPv4 and one IPv6 address',
    path: ['addresses'],
  })
  .refine(({ addresses, bridge }) => bridge === '' || addresses.length === 0, {
    error: 'addresses and a bridge; give the addresses to the bridge',
    path: ['bridge'],
  });

const vlan = z.strictObject({
  /** VPP's name, or the PCI address, of the interface that has the VLAN. */
  parent: z
    .string()
    .regex(PARENT_NAME, 'not a name of VPP’s')
    .transform((text) => parseBdf(text) ?? text),
  outerVlanId: z.int().min(1).max(4094),
  /** 0: one tag only. */
  innerVlanId: z.int().min(0).max(4094).default(0),
  dot1ad: z.boolean().default(false),
});

const WAYS = ['interface', 'pci', 'hostInterface', 'device', 'tap', 'vlan'] as const;

const uplink = z
  .strictObject({
    /** VPP's name of an interface that is there. */
    interface: z.string().regex(VPP_NAME, 'not a name of VPP’s').default(''),
    /** The NIC that such an interface is on. */
    pci: orNothing(parseBdf, PCI_HINT).prefault(''),
    /** A kernel interface for VPP to take. */
    hostInterface: kernelName.default(''),
    device: device.optional(),
    tap: tap.optional(),
    vlan: vlan.optional(),
    addresses: z.array(interfaceAddress).max(16),
    /** Bytes of a packet. At least what IPv6 needs (RFC 8200 §5). */
    mtu: z.int().min(1280).max(9216).default(1500),
    routes: z
      .array(z.strictObject({ to: destination, via: address }))
      .max(64)
      .prefault([]),
  })
  .refine((each) => WAYS.filter((way) => (each[way] ?? '') !== '').length === 1, {
    error: `give one of ${WAYS.join(', ')}`,
    path: ['interface'],
  });

export type UplinkConfig = z.infer<typeof uplink>;

export const uplinkConfigs = z
  .array(uplink)
  .max(MAX_UPLINKS)
  .superRefine((all, context) => {
    for (const [path, message] of faultsOf(all)) {
      context.addIssue({ code: 'custom', path: [...path], message, input: undefined });
    }
  })
  .prefault([]);

type Fault = readonly [path: readonly (string | number)[], message: string];

/**
 * Uplinks without an address that nothing needs: neither has it a VLAN that is an uplink, nor is it a provider's.
 *
 * @param providers interfaces to physical networks, as VPP calls them
 */
export function* idleUplinks(
  all: readonly UplinkConfig[],
  providers: readonly string[],
): Iterable<Fault> {
  const needed = new Set([...providers, ...all.flatMap((each) => each.vlan?.parent ?? [])]);
  for (const [i, each] of all.entries()) {
    if (each.addresses.length > 0 || needed.has(nameOf(each))) continue;
    const message = 'none; give it one, a VLAN on it that is an uplink, or a provider';
    yield [[i, 'addresses'], message];
  }
}

/** What no uplink can be for what another is. */
function* faultsOf(all: readonly UplinkConfig[]): Iterable<Fault> {
  const names = all.map(nameOf);
  const addresses = new Set<string>();
  for (const [i, each] of all.entries()) {
    const name = names[i] ?? '';
    const first = names.indexOf(name);
    if (first !== i) yield [[i], `the same interface as vpp.uplinks[${first}]; give it once`];
    for (const [j, text] of each.addresses.entries()) {
      const bare = text.split('/', 1)[0] ?? '';
      if (addresses.has(bare)) yield [[i, 'addresses', j], 'given twice; VPP has it once'];
      addresses.add(bare);
    }
    yield* faultsOfVlan(each, i, all, names);
    yield* faultsOfDevice(each, i, all);
  }
  yield* faultsOfRoutes(all);
}

/** All are in one table of VPP's, which has one route to a prefix: each would take the place of the one before. */
function* faultsOfRoutes(all: readonly UplinkConfig[]): Iterable<Fault> {
  const known = new Map<string, string>();
  for (const [i, { routes }] of all.entries()) {
    for (const [j, { to }] of routes.entries()) {
      const prefix = parsePrefix(to)?.text ?? to;
      const first = known.get(prefix);
      const where = `vpp.uplinks[${i}].routes[${j}]`;
      if (first === undefined) known.set(prefix, where);
      else yield [[i, 'routes', j, 'to'], `the same destination as ${first}; give one way to it`];
    }
  }
}

function* faultsOfVlan(
  { vlan: own }: UplinkConfig,
  i: number,
  all: readonly UplinkConfig[],
  names: readonly string[],
): Iterable<Fault> {
  if (own === undefined || all[names.indexOf(own.parent)]?.vlan === undefined) return;
  yield [[i, 'vlan', 'parent'], 'is a VLAN itself; give both tags in one (innerVlanId)'];
}

/** Of several ports of one device: it is attached once. */
function* faultsOfDevice(
  { device: own }: UplinkConfig,
  i: number,
  all: readonly UplinkConfig[],
): Iterable<Fault> {
  if (own === undefined) return;
  const before = all.slice(0, i).findIndex((each) => each.device?.pci === own.pci);
  const other = all[before]?.device;
  if (other === undefined) return;
  if (other.port === own.port) {
    yield [[i, 'device', 'port'], `the same port as that of vpp.uplinks[${before}]; give it once`];
  }
  if (other.driver !== own.driver || other.args !== own.args) {
    yield [
      [i, 'device', other.driver === own.driver ? 'args' : 'driver'],
      `not that of vpp.uplinks[${before}]; a device is attached once`,
    ];
  }
}

/** As a VLAN may name it as its parent. */
function nameOf(each: UplinkConfig): string {
  const { interface: name, hostInterface, device: port, tap: end, vlan: own } = each;
  if (name !== '') return name;
  if (hostInterface !== '') return `host-${hostInterface}`;
  if (port !== undefined) return port.name;
  if (end !== undefined) return `tap-${end.hostInterface}`;
  if (own === undefined) return each.pci;
  const { parent, outerVlanId, innerVlanId, dot1ad } = own;
  // As VPP calls it where that is without ambiguity.
  const isPlain = innerVlanId === 0 && !dot1ad;
  const tags = isPlain ? [outerVlanId] : [outerVlanId, innerVlanId, dot1ad ? 'ad' : 'q'];
  return `${parent}.${tags.join('.')}`;
}

function hasTwoOfAFamily(addresses: readonly string[]): boolean {
  const isIp6 = addresses.map((each) => each.includes(':'));
  return isIp6.length === 2 && isIp6[0] === isIp6[1];
}
