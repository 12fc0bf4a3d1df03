import type { Labels, Meta } from './resource.js';
import { isMulticastMac, parseIp, parseMac, parsePrefix, prefixContains } from './addresses.js';
import { checkAllowed, type AllowedAddress, type HeldAddress } from './allowed-address.js';
import type { Attachment } from './attachment.js';
import { checkHostAddress } from './host-address.js';
import type { MigrationPhase } from './migration-phase.js';
import type { NamedSubnet } from './subnet.js';
import { checkId, checkIds, checkDisplayName, checkLabels, Violations } from './violations.js';
import { checkVppPort, type VppPort } from './vpp-ports.js';

/** A veth pair, the guest's end in a namespace that exists. */
export interface VethPort {
  readonly kind: 'veth';
  /** Name under /run/netns. */
  readonly netns: string;
  /** The guest's end. */
  readonly interface: string;
  /** The host's end; empty: derived from the endpoint's id. */
  readonly hostInterface: string;
}

/** A tap device for a virtual machine monitor to open. */
export interface TapPort {
  readonly kind: 'tap';
  /** Empty: derived from the endpoint's id. */
  readonly interface: string;
  readonly ownerUid: number;
  readonly multiQueue: boolean;
  readonly vnetHdr: boolean;
}

/** An interface of the host that somebody else has made and configures. */
export interface HostInterfacePort {
  readonly kind: 'host_interface';
  readonly interface: string;
}

export type Port = VethPort | TapPort | HostInterfacePort | VppPort;
export type PortKind = Port['kind'];

export type AdminState = 'UP' | 'DOWN';

/** What a user sets of an endpoint. Canonical: as `checkEndpoint` leaves it. */
export interface EndpointSpec {
  readonly displayName: string;
  /** Id of its virtual network. */
  readonly network: string;
  /** Id of its NVE. */
  readonly nve: string;
  readonly port: Port;
  /** Canonical; empty only before the NVA has made one up. */
  readonly mac: string;
  /** Canonical, without prefix length. */
  readonly ips: readonly string[];
  /** Ids of subnets of its network, in each of which it has an address. */
  readonly subnets: readonly string[];
  /** Virtual addresses that it may have, as others may. */
  readonly allowedAddresses: readonly AllowedAddress[];
  readonly adminState: AdminState;
  readonly labels: Labels;
}

/** What a new endpoint is like where nothing else is said; network, NVE and port have to be. */
export const NEW_ENDPOINT: EndpointSpec = {
  displayName: '',
  network: '',
  nve: '',
  port: { kind: 'veth', netns: '', interface: 'eth0', hostInterface: '' },
  mac: '',
  ips: [],
  subnets: [],
  allowedAddresses: [],
  adminState: 'UP',
  labels: {},
};

/** What is stored of an endpoint's last migration. */
export interface Migration {
  /** UUID: of the request, or made up. */
  readonly id: string;
  /** Ids of NVEs. */
  readonly source: string;
  readonly target: string;
  /** How it is plugged in at the target. */
  readonly port: Port;
  readonly phase: MigrationPhase;
  /** It stays associated until somebody finishes it. */
  readonly hold: boolean;
  /** Somebody has. */
  readonly released: boolean;
  /** NVEs without a session are not waited for; the target always is. */
  readonly force: boolean;
  /** Milliseconds that the NVEs have for each phase. */
  readonly timeoutMs: number;
  /** RFC 3339. */
  readonly startTime: string;
  /** Of the phase, RFC 3339; with a phase that is over, when it ended. */
  readonly deadline: string;
  /** Why it goes back, or went: a code of the error table; empty: it does not. */
  readonly reasonCode: string;
  readonly reason: string;
}

/** An NVE that a migration waits for. */
export interface MigrationLaggard {
  readonly nve: string;
  /** NVE_DISCONNECTED, NVE_PENDING, why its dataplane is away, or that of an item that failed. */
  readonly code: string;
  readonly reason: string;
}

export type EndpointState = 'PENDING' | 'ACTIVE' | 'FAILED' | 'DOWN';

export interface EndpointStatus {
  readonly state: EndpointState;
  /** With FAILED: a code of the error table. */
  readonly reasonCode: string;
  readonly reason: string;
  /** On its NVE, or during a migration on both. */
  readonly attachments: readonly Attachment[];
  /** The allowed addresses that it has now. */
  readonly held: readonly HeldAddress[];
  /** The last one, over or not; absent: there was none. */
  readonly migration?: Migration;
  /** NVEs that the migration waits for. */
  readonly laggards: readonly MigrationLaggard[];
}

export interface Endpoint {
  readonly kind: 'Endpoint';
  readonly id: string;
  readonly spec: EndpointSpec;
  readonly status: EndpointStatus;
  readonly meta: Meta;
}

export const NO_ENDPOINT_STATUS: EndpointStatus = {
  state: 'PENDING',
  reasonCode: '',
  reason: '',
  attachments: [],
  held: [],
  laggards: [],
};

export const MAX_IPS = 16;

/** The subnets that it names, with the fields that do: no more than it may. */
export function endpointSubnets(subnets: EndpointSpec['subnets']): NamedSubnet[] {
  return subnets.slice(0, MAX_IPS).map((id, i) => ({ field: `endpoint.subnets[${i}]`, id }));
}

/** IFNAMSIZ less the final 0 (linux/if.h). */
const MAX_INTERFACE = 15;
const NETNS = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,254}$/;
const INTERFACE = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

/**
 * The specification in canonical form. `prefixes` are those of its network.
 * @throws NfvError INVALID_FIELD with every violation, fields under `endpoint`.
 */
export function checkEndpoint(spec: EndpointSpec, prefixes: readonly string[]): EndpointSpec {
  const v = new Violations('endpoint');
  checkDisplayName(v, spec.displayName);
  checkLabels(v, spec.labels);
  checkId(v, 'network', spec.network);
  checkId(v, 'nve', spec.nve);
  checkPort(v, spec.port);
  const mac = spec.mac === '' ? '' : checkMac(v, spec.mac);
  const ips = checkIps(v, spec.ips, prefixes);
  checkIds(v, 'subnets', spec.subnets, MAX_IPS);
  const allowedAddresses = checkAllowed(v, spec.allowedAddresses, { mac, ips }, prefixes);
  v.throwIfAny();
  return { ...spec, mac, ips, allowedAddresses };
}

function checkMac(v: Violations, text: string): string {
  const mac = parseMac(text);
  if (mac === undefined) {
    v.add('mac', text, 'not a MAC', 'give six hex bytes, e.g. "02:00:00:00:00:01"');
    return '';
  }
  if (isMulticastMac(mac)) {
    v.add('mac', text, 'a multicast MAC', 'give one whose first byte is even');
  } else if (mac === '00:00:00:00:00:00') {
    v.add('mac', text, 'all zero', 'give a unicast MAC, or leave it out to get one');
  }
  return mac;
}

function checkIps(v: Violations, ips: readonly string[], prefixes: readonly string[]): string[] {
  const result: string[] = [];
  for (const [i, text] of v.atMost('ips', ips, MAX_IPS, `${ips.length} addresses`).entries()) {
    const field = `ips[${i}]`;
    const ip = checkHostAddress(v, field, text, result, '10.0.0.5');
    if (ip === undefined) continue;
    if (prefixes.length > 0 && prefixOf(ip, prefixes) === undefined) {
      v.add(
        field,
        text,
        `outside the network's prefixes`,
        `give an address in ${prefixes.join(' or ')}`,
      );
    } else {
      result.push(ip);
    }
  }
  return result;
}

/** The longest of `prefixes` that holds the canonical address `ip`. */
function prefixOf(
  ip: string,
  prefixes: readonly string[],
): { readonly length: number } | undefined {
  const parsed = parseIp(ip);
  if (parsed === undefined) return undefined;
  return prefixes
    .map(parsePrefix)
    .filter((p) => p !== undefined)
    .filter((p) => prefixContains(p, parsed))
    .sort((a, b) => b.length - a.length)[0];
}

/** `ip/length` with the length of its network's prefix, else the whole address's. */
export function withPrefixLength(ip: string, prefixes: readonly string[]): string {
  const length = prefixOf(ip, prefixes)?.length ?? (ip.includes(':') ? 128 : 32);
  return `${ip}/${length}`;
}

/** Checks a port on its own; fields under `port`. */
export function checkPort(v: Violations, port: Port): void {
  switch (port.kind) {
    case 'veth':
      if (!NETNS.test(port.netns)) {
        v.add(
          'port.veth.netns',
          port.netns,
          'not the name of a network namespace',
          'give the name of one under /run/netns',
        );
      }
      checkInterface(v, 'port.veth.interface', port.interface);
      if (port.hostInterface !== '') {
        checkInterface(v, 'port.veth.host_interface', port.hostInterface);
      }
      break;
    case 'tap':
      if (port.interface !== '') checkInterface(v, 'port.tap.interface', port.interface);
      break;
    case 'host_interface':
      checkInterface(v, 'port.host_interface.interface', port.interface);
      break;
    default:
      checkVppPort(v, port);
  }
}

/** The kernel's rules (net/core/dev.c, dev_valid_name), and none of our own prefixes. */
function checkInterface(v: Violations, field: string, name: string): void {
  if (name.length > MAX_INTERFACE) {
    v.add(
      field,
      name,
      `${name.length} characters long`,
      `give at most ${MAX_INTERFACE}: the kernel would cut it`,
    );
  } else if (!INTERFACE.test(name)) {
    v.add(
      field,
      name,
      'not an interface name',
      'give 1-15 characters of A-Z, a-z, 0-9, ".", "_" and "-", no "." or "-" first',
    );
  } else if (/^nfv[bxp]/.test(name)) {
    v.add(field, name, 'nfvb, nfvx and nfvp are prefixes of our own', 'choose another name');
  }
}
