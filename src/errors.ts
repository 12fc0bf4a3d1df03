/**
 * The one table of error codes. Everything that can go wrong has a row here; docs/errors.md
 * is checked against it in both directions.
 */

/** The gRPC status names of `google.rpc.Code` that the table uses. */
export type StatusName =
  | 'CANCELLED'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'OUT_OF_RANGE'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'DATA_LOSS';

interface Row {
  readonly status: StatusName;
  /** The same call may succeed later without anybody changing it. */
  readonly retriable: boolean;
  /** What the reader of the error can do about it. */
  readonly remedy: string;
}

const row = (status: StatusName, retriable: boolean, remedy: string): Row => ({
  status,
  retriable,
  remedy,
});

export const ERROR_TABLE = {
  // Requests
  INVALID_FIELD: row('INVALID_ARGUMENT', false, 'correct the named field'),
  INVALID_FILTER: row('INVALID_ARGUMENT', false, 'correct the filter; see docs/api.md#filters'),
  INVALID_PAGE_TOKEN: row('INVALID_ARGUMENT', false, 'list again from the first page'),
  INVALID_FIELD_MASK: row('INVALID_ARGUMENT', false, 'name only mutable fields in update_mask'),
  REQUEST_ID_REUSED: row('INVALID_ARGUMENT', false, 'use a new request id for a new request'),
  NOT_FOUND: row('NOT_FOUND', false, 'list what exists with "nfvctl get all"'),
  ALREADY_EXISTS: row('ALREADY_EXISTS', false, 'choose another id, or update the existing one'),
  VNI_IN_USE: row('ALREADY_EXISTS', false, 'choose another VNI, or leave it out to get one'),
  PROVIDER_IN_USE: row('ALREADY_EXISTS', false, 'choose another VLAN or uplink'),
  VRF_IN_USE: row('ALREADY_EXISTS', false, 'choose another id, or leave it out to get one'),
  MAC_IN_USE: row('ALREADY_EXISTS', false, 'give the endpoint a MAC of its own in this network'),
  IP_IN_USE: row(
    'ALREADY_EXISTS',
    false,
    'give the endpoint an address of its own in this network',
  ),
  PORT_IN_USE: row('ALREADY_EXISTS', false, 'give the port another interface on this NVE'),
  VTEP_IN_USE: row('ALREADY_EXISTS', false, 'give each NVE its own VTEP addresses'),
  REFERENCE_NOT_FOUND: row('FAILED_PRECONDITION', false, 'create the referenced resource first'),
  RESOURCE_IN_USE: row('FAILED_PRECONDITION', false, 'delete what still refers to it first'),
  ETAG_MISMATCH: row('ABORTED', false, 'read the resource again and repeat the change on it'),
  WRITE_CONFLICT: row('ABORTED', true, 'repeat the request'),
  PLAN_TOO_LARGE: row(
    'FAILED_PRECONDITION',
    false,
    'apply it in parts, or raise store.maxTxnOps; see docs/operations.md#several-replicas',
  ),
  CONFIRMATION_PENDING: row(
    'FAILED_PRECONDITION',
    true,
    'confirm that change, or wait until it is undone: nfvctl history --pending',
  ),
  VNI_EXHAUSTED: row('RESOURCE_EXHAUSTED', false, 'delete a network or widen the VNI range'),
  ADDRESSES_EXHAUSTED: row('RESOURCE_EXHAUSTED', false, 'delete endpoints or widen the pools'),
  QUOTA_EXCEEDED: row(
    'RESOURCE_EXHAUSTED',
    false,
    'delete some, or ask an admin for more; see docs/nva.md#quotas',
  ),
  MESSAGE_TOO_LARGE: row('RESOURCE_EXHAUSTED', false, 'send it in smaller parts'),
  TOO_MANY_REQUESTS: row('RESOURCE_EXHAUSTED', true, 'wait and repeat the request'),
  REVISION_COMPACTED: row('OUT_OF_RANGE', false, 'list again and watch from the new revision'),
  REVISION_IN_FUTURE: row(
    'OUT_OF_RANGE',
    false,
    'use a revision that this store has answered with',
  ),
  NVE_LACKS_CAPABILITY: row(
    'FAILED_PRECONDITION',
    false,
    'place the endpoint on an NVE that can do it; see "nfvctl describe nve"',
  ),
  ENDPOINT_MIGRATING: row(
    'FAILED_PRECONDITION',
    false,
    'wait until its migration is over, or cancel it: nfvctl migrate cancel NAME',
  ),
  DUPLICATE_ADDRESS: row('FAILED_PRECONDITION', false, 'see docs/nva.md#duplicate-addresses'),
  NO_MIGRATION: row('FAILED_PRECONDITION', false, 'start one first: nfvctl migrate start NAME'),
  MIGRATION_TIMED_OUT: row(
    'DEADLINE_EXCEEDED',
    true,
    'see why the named NVEs lag, and migrate again; or give it more time: --phase-timeout',
  ),
  DEADLINE_EXCEEDED: row('DEADLINE_EXCEEDED', true, 'repeat with a longer deadline'),
  CANCELLED: row('CANCELLED', false, 'repeat the request if it is still wanted'),
  NVA_UNREACHABLE: row('UNAVAILABLE', true, 'check that "nfvd nva" runs and the address is right'),
  RIGHTS_CHANGED: row('UNAVAILABLE', true, 'call again: it goes on with the rights of now'),
  SHUTTING_DOWN: row('UNAVAILABLE', true, 'repeat the request in a moment'),
  INTERNAL: row('INTERNAL', false, 'report this with the log lines around it'),

  // Files
  CONFIG_INVALID: row('INVALID_ARGUMENT', false, 'correct the named line of the configuration'),
  MANIFEST_INVALID: row('INVALID_ARGUMENT', false, 'correct the named line of the manifest'),
  PROFILE_INVALID: row('INVALID_ARGUMENT', false, 'correct the named line of the host profile'),
  FILE_UNREADABLE: row('FAILED_PRECONDITION', false, 'check the path and its permissions'),
  OUTPUT_FAILED: row('DATA_LOSS', false, 'make room where the output goes, and look again'),
  LISTEN_FAILED: row('FAILED_PRECONDITION', false, 'free the address or choose another'),
  INSECURE_LISTENER: row('FAILED_PRECONDITION', false, 'listen on loopback, or configure TLS'),

  // Store
  STORE_DAMAGED: row('DATA_LOSS', false, 'restore the data directory from a backup'),
  STORE_FULL: row('RESOURCE_EXHAUSTED', true, 'free disk space; writes are refused until then'),
  STORE_LOCKED: row(
    'FAILED_PRECONDITION',
    false,
    'stop the other process that uses this directory',
  ),
  STORE_FAILED: row(
    'UNAVAILABLE',
    true,
    'check the disk and its log; writes are refused until then',
  ),
  STORE_CLOSED: row('UNAVAILABLE', true, 'the process is stopping; repeat the request in a moment'),
  STORE_UNREACHABLE: row(
    'UNAVAILABLE',
    true,
    'see that etcd has a leader and that its addresses are right: etcdctl endpoint status',
  ),
  STORE_REFUSED: row(
    'PERMISSION_DENIED',
    false,
    "check the user, its password and role, and the certificates for etcd in nfvd's configuration",
  ),
  STORE_LIMIT: row('INVALID_ARGUMENT', false, 'write smaller keys, values or transactions'),

  // NVA and NVE sessions
  ACCESS_DENIED: row('PERMISSION_DENIED', false, 'ask an admin for the right; see docs/nva.md'),
  NVE_IDENTITY_MISMATCH: row(
    'PERMISSION_DENIED',
    false,
    'give each agent its own name; after a rebuilt host, clear the binding with "nfvctl update nve ID --reset-identity"',
  ),
  STALE_EPOCH: row('ABORTED', false, 'connect to the NVA that is current'),
  FOREIGN_STORE: row(
    'FAILED_PRECONDITION',
    false,
    'if the NVA was rebuilt on purpose, run "nfvd nve forget" on the host and start the agent again',
  ),
  PROTOCOL_VERSION: row('FAILED_PRECONDITION', false, 'upgrade the older of the two programs'),
  PROTOCOL_VIOLATION: row('INVALID_ARGUMENT', false, 'report this with the log of both ends'),
  NVE_NOT_CONFORMING: row('FAILED_PRECONDITION', false, 'mend the NVE; see docs/nve-protocol.md'),
  SESSION_REPLACED: row('ABORTED', false, 'none needed: a newer session of the same NVE took over'),
  NVE_DISCONNECTED: row('UNAVAILABLE', true, 'check the agent on that host'),
  NVE_DEAD: row('UNAVAILABLE', true, 'mend the host, or move its endpoints to other NVEs'),
  NVE_LOSS_HELD: row('UNAVAILABLE', true, 'look for what keeps so many agents from the NVA'),
  NVE_PENDING: row('UNAVAILABLE', true, 'wait; the NVE is still applying'),

  // Dataplane
  ITEM_UNSUPPORTED: row('UNIMPLEMENTED', false, 'this dataplane cannot do it'),
  ITEM_INVALID: row('INVALID_ARGUMENT', false, 'report this; the NVA should have refused it'),
  ITEM_BLOCKED: row('FAILED_PRECONDITION', true, 'mend the item it depends on'),
  PLAN_CHANGED: row('ABORTED', false, 'look at the plan again and apply the new one'),
  DATAPLANE_TIMEOUT: row(
    'DEADLINE_EXCEEDED',
    true,
    'none needed: it is tried again; see what keeps the dataplane busy if it stays',
  ),
  FOREIGN_OBJECT: row('ALREADY_EXISTS', true, 'remove or rename the object that is in the way'),
  VTEP_ADDRESS_MISSING: row('FAILED_PRECONDITION', true, 'configure the VTEP address on the host'),
  UNDERLAY_MTU_TOO_SMALL: row(
    'FAILED_PRECONDITION',
    true,
    "raise the underlay's MTU or lower the network's",
  ),
  VTEP_UNROUTABLE: row('UNAVAILABLE', true, 'add a route to the remote VTEP on the host'),
  GATEWAY_ADDRESS_IN_USE: row(
    'ALREADY_EXISTS',
    true,
    'give each gateway interface of a router a subnet of its own',
  ),
  NETNS_MISSING: row(
    'FAILED_PRECONDITION',
    true,
    'create the network namespace: ip netns add NAME',
  ),
  HOST_INTERFACE_MISSING: row(
    'FAILED_PRECONDITION',
    true,
    'create the interface on the host, or correct its name in the endpoint or in vpp.uplinks',
  ),
  VPP_INTERFACE_MISSING: row(
    'FAILED_PRECONDITION',
    true,
    'create the interface in VPP, or correct its name in the endpoint',
  ),
  VPP_INTERFACE_DOWN: row(
    'FAILED_PRECONDITION',
    true,
    'set the interface up: vppctl set interface state NAME up',
  ),
  VPP_DEVICE_MISSING: row(
    'FAILED_PRECONDITION',
    true,
    'correct the PCI address of the uplink; "nfvctl host inventory" shows what there is',
  ),
  VPP_DRIVER_MISSING: row(
    'FAILED_PRECONDITION',
    true,
    'install the named driver of VPP and restart VPP, or name another; "vppctl show device drivers" shows what it has',
  ),
  VPP_DEVICE_REFUSED: row(
    'FAILED_PRECONDITION',
    true,
    'see VPP’s log ("vppctl show logging"); the NIC must belong to vfio-pci, and port, queues and arguments must suit its driver',
  ),
  SOCKET_PATH_REFUSED: row(
    'FAILED_PRECONDITION',
    true,
    "choose a path in one of vpp.socketDirectories of the agent's configuration",
  ),
  SOCKET_PATH_TAKEN: row(
    'FAILED_PRECONDITION',
    true,
    'remove what is at that path, or choose another path',
  ),
  DATAPLANE_FULL: row(
    'RESOURCE_EXHAUSTED',
    true,
    'place the endpoint on another NVE, or take others off this one; see docs/dataplane-vpp.md#limits',
  ),
  READBACK_MISMATCH: row(
    'UNAVAILABLE',
    true,
    'none needed: it is tried again; see the log if it stays',
  ),
  KERNEL_REFUSED: row('INTERNAL', true, "see the kernel's answer in the message"),
  NOT_PRIVILEGED: row('PERMISSION_DENIED', false, 'run as root or with CAP_NET_ADMIN'),
  COMMAND_MISSING: row(
    'FAILED_PRECONDITION',
    false,
    'install the package: apt-get install iproute2',
  ),
  COMMAND_TIMEOUT: row('DEADLINE_EXCEEDED', true, 'see what blocks the kernel: dmesg, ps'),

  // VPP's binary API
  VPP_SCHEMA_INVALID: row(
    'FAILED_PRECONDITION',
    false,
    'give the API definitions that belong to this VPP',
  ),
  VPP_MESSAGE_UNKNOWN: row('INVALID_ARGUMENT', false, 'list the messages: nfvctl vpp messages'),
  VPP_MESSAGE_MISSING: row('FAILED_PRECONDITION', false, 'load the named plugin in startup.conf'),
  VPP_MESSAGE_CHANGED: row(
    'FAILED_PRECONDITION',
    false,
    'upgrade nfvd, or run a VPP release that it knows; see docs/vpp-api.md',
  ),
  VPP_MESSAGE_UNSUPPORTED: row('UNIMPLEMENTED', false, 'report this with the API definition'),
  VPP_FIELD_INVALID: row('INVALID_ARGUMENT', false, 'correct the named field'),
  VPP_MESSAGE_MALFORMED: row(
    'DATA_LOSS',
    false,
    'check that the API definitions belong to this VPP; report this if they do',
  ),
  VPP_UNREACHABLE: row(
    'UNAVAILABLE',
    true,
    'check that VPP runs and that the path of its API socket is right',
  ),
  VPP_LIBRARY_MISSING: row(
    'FAILED_PRECONDITION',
    false,
    'use the socket transport, which needs no library, or install libvppinfra of the VPP that runs',
  ),
  VPP_LIBRARY_BUSY: row(
    'FAILED_PRECONDITION',
    false,
    'close the other connection, or use the socket transport, which has no such limit',
  ),
  VPP_STATS_BUSY: row(
    'UNAVAILABLE',
    true,
    'try again: VPP was adding or removing interfaces all the time',
  ),
  VPP_PROTOCOL: row(
    'INTERNAL',
    true,
    'give the path of the API socket (/run/vpp/api.sock), not that of the CLI or the statistics',
  ),
  VPP_CONNECTION_LOST: row(
    'UNAVAILABLE',
    true,
    'read back what the call was to change; the connection is made again by itself',
  ),
  VPP_RESTARTED: row('ABORTED', false, 'read the indices again from the VPP that runs now'),
  VPP_REFUSED: row('FAILED_PRECONDITION', false, "see VPP's answer in the message"),

  // Host preparation
  PROFILE_UNFIT: row('FAILED_PRECONDITION', false, 'correct the host profile, or the host'),
  PLAN_BLOCKED: row('FAILED_PRECONDITION', false, 'mend what the plan names'),
  NIC_IN_USE: row('FAILED_PRECONDITION', true, 'stop what uses it; it is named in the message'),
  IOMMU_MISSING: row(
    'FAILED_PRECONDITION',
    false,
    'switch the IOMMU on in the BIOS and, on Intel, boot with intel_iommu=on iommu=pt',
  ),
  IOMMU_GROUP_NOT_VIABLE: row(
    'FAILED_PRECONDITION',
    false,
    'give the whole group to vfio-pci, or move the card to a slot with a group of its own',
  ),
  HUGEPAGES_SHORT: row(
    'RESOURCE_EXHAUSTED',
    true,
    'free memory on that node, or reserve the pages on the kernel command line and reboot',
  ),
  WRITE_HUNG: row(
    'DEADLINE_EXCEEDED',
    true,
    'stop the process that holds the device; the kernel goes on by itself then',
  ),
  NOT_APPEARED: row('UNAVAILABLE', true, 'look in dmesg for the driver of the device'),
  REBOOT_NEEDED: row('FAILED_PRECONDITION', false, 'reboot the host, then apply again'),
  FIRMWARE_LIMIT: row('FAILED_PRECONDITION', false, "change it in the BIOS or the card's firmware"),
  STARTUP_CONF_INVALID: row('INVALID_ARGUMENT', false, "correct the named line of VPP's file"),
  NOTHING_TO_DO: row('FAILED_PRECONDITION', false, 'see "nfvctl host status"'),
  HOST_BUSY: row('ABORTED', true, 'wait until the other change of this host is over'),
  HOST_NOT_RESTORED: row(
    'INTERNAL',
    true,
    'mend what the message names, then run "nfvctl host undo" again',
  ),
  JOURNAL_DAMAGED: row(
    'DATA_LOSS',
    false,
    'compare the host with "nfvctl host inventory", then move the journal away',
  ),
} as const satisfies Record<string, Row>;

export type ErrorCode = keyof typeof ERROR_TABLE;

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_TABLE, text);
}

/** One bad field: where, what was there, why it is wrong, what would be right. */
export interface FieldViolation {
  /**
   * Path in the request, dots and [index]: `virtual_network.vni`, `endpoint.ips[1]`; in a message to
   * VPP a JSON pointer: `/route/paths/0/type`.
   */
  readonly field: string;
  /** The offending value as text, shortened to 120 characters. */
  readonly value: string;
  readonly reason: string;
  readonly remedy: string;
}

export interface NfvErrorOptions {
  readonly cause?: unknown;
  readonly violations?: readonly FieldViolation[];
  /** Facts for programs, carried as `google.rpc.ErrorInfo.metadata`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Replaces the table's remedy where a better one is known. */
  readonly remedy?: string;
}

/** The only error class that leaves a room. */
export class NfvError extends Error {
  override readonly name = 'NfvError';
  readonly violations: readonly FieldViolation[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly remedy: string;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: NfvErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.violations = options.violations ?? [];
    this.metadata = options.metadata ?? {};
    this.remedy = options.remedy ?? ERROR_TABLE[code].remedy;
  }

  get status(): StatusName {
    return ERROR_TABLE[this.code].status;
  }

  get retriable(): boolean {
    return ERROR_TABLE[this.code].retriable;
  }

  /** What was thrown, as an NfvError: unchanged if it is one, else INTERNAL with the cause kept. */
  static from(thrown: unknown): NfvError {
    if (thrown instanceof NfvError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new NfvError('INTERNAL', message, { cause: thrown });
  }
}

/** At most `length` characters of a text for people; what is cut off shows as `...`. */
export function clip(text: string, length: number): string {
  if (text.length <= length) return text;
  // Half a surrogate pair is no character, and not everything can be sent that has one.
  const cut = `${text.slice(0, length - 3).replace(/[\ud800-\udbff]$/, '')}...`;
  // A copy: a part of a text keeps all of it in memory (V8's SlicedString), and what is cut is often kept.
  return Buffer.from(cut).toString();
}

/** A value as error text: JSON, at most 120 characters. */
export function show(value: unknown): string {
  return clip(textOf(value), 120);
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === undefined) return '';
  if (typeof value === 'bigint') return value.toString();
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'bigint' ? part.toString() : part,
  );
}

/** One bad field as an error whose message says field, value, reason and remedy. */
export function invalidField(
  field: string,
  value: unknown,
  reason: string,
  remedy: string,
): NfvError {
  return invalidFields([{ field, value: show(value), reason, remedy }]);
}

/** All bad fields of one request in one error; `violations` must not be empty. */
export function invalidFields(
  violations: readonly FieldViolation[],
  code: ErrorCode = 'INVALID_FIELD',
): NfvError {
  const message = violations
    .map((v) => `${v.field}: ${v.value === '' ? '(empty)' : v.value}: ${v.reason}`)
    .join('; ');
  const first = violations[0];
  return new NfvError(code, message, { violations, ...(first && { remedy: first.remedy }) });
}
