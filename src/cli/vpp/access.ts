/** What nfvctl needs of a VPP on this host; src/main has it from the client in src/vpp-api. */
import type { NfvError } from '../../errors.js';
import type { VppSchema } from './schema.js';

export const TRANSPORTS = ['socket', 'ffi'] as const;
export type VppTransport = (typeof TRANSPORTS)[number];

export interface VppOptions {
  readonly transport: VppTransport;
  /** Path of VPP's API socket. */
  readonly socket: string;
  /** libvppapiclient.so or its folder; undefined: below `prefix`, else among the system's. */
  readonly library: string | undefined;
  /** Where a VPP of one's own is installed. */
  readonly prefix: string | undefined;
  /** `api-segment { prefix PREFIX }`, for ffi. */
  readonly shmPrefix: string | undefined;
  /** Of `*.api.json` files, for a VPP that does not tell its messages. */
  readonly apiDirectory: string | undefined;
  /** Path of the socket that hands out the statistics segment. */
  readonly statsSocket: string;
  /** To connect, and for a call, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * As the codec takes and gives them: 64-bit integers are bigints (safe numbers are taken as well),
 * octets are Uint8Arrays (hexadecimal digits are taken as well).
 */
export type VppFields = Readonly<Record<string, unknown>>;

export type VppMessageState =
  | { readonly status: 'ok'; readonly name: string; readonly module: string }
  | {
      readonly status: 'missing';
      readonly name: string;
      readonly module: string;
      /** CRCs it could have. */
      readonly known: readonly string[];
    }
  | {
      readonly status: 'changed';
      readonly name: string;
      readonly module: string;
      readonly known: readonly string[];
      /** CRC that VPP has. */
      readonly actual: string;
      /** The first field that differs; undefined if VPP's definition is not at hand. */
      readonly difference: string | undefined;
    };

/** Whether VPP has what the product needs for something. */
export interface VppFeature {
  readonly name: string;
  readonly status: VppMessageState['status'];
  /** The request that is used for each need that is met. */
  readonly uses: readonly string[];
  /** Also of what the feature can do without. */
  readonly problems: readonly VppMessageState[];
}

export type VppEvent =
  | { readonly kind: 'event'; readonly name: string; readonly fields: VppFields }
  | { readonly kind: 'gap'; readonly reason: 'overflow' | 'reconnected'; readonly dropped: number };

export interface VppConnection {
  /** The socket's path, or the library. */
  readonly address: string;
  readonly schema: VppSchema;
  /** Where the schema is from. */
  readonly schemaSource: 'vpp' | 'installed' | 'bundled';
  /** Why a source that comes before it is of no use. */
  readonly schemaPassedOver: string | undefined;
  /** VPP's own: `name_crc` to the message's id. Names are cut at 63 bytes. */
  readonly messageTable: ReadonlyMap<string, number>;
  /** Names this start of VPP: another text, another start. */
  readonly instance: string;
  /** When VPP was started, in milliseconds since the epoch; undefined if that cannot be seen. */
  readonly startedAt: number | undefined;
  /** In VPP's own namespace. */
  readonly pid: number;
  features(): readonly VppFeature[];
  /**
   * @throws NfvError VPP_REFUSED, with VPP's return value and in `metadata` the texts of its reply;
   *   VPP_FIELD_INVALID and its like for a wrong message; what the connection ended with
   */
  request(name: string, fields: VppFields, signal: AbortSignal): Promise<VppFields>;
  /** @throws NfvError as `request` */
  stream(name: string, fields: VppFields, signal: AbortSignal): AsyncIterable<VppFields>;
  /** Events until the signal aborts; also after VPP was out of reach. @throws NfvError as `request` */
  subscribe(name: string, fields: VppFields, signal: AbortSignal): Promise<AsyncIterable<VppEvent>>;
  close(): Promise<void>;
}

export interface VppHooks {
  /** The connection is lost, and made again. */
  onLost(error: NfvError): void;
}

/**
 * Settles when VPP takes calls; tries once.
 * @throws NfvError VPP_UNREACHABLE, NOT_PRIVILEGED, VPP_LIBRARY_MISSING and their like
 */
export type ConnectVpp = (
  options: VppOptions,
  hooks: VppHooks,
  signal: AbortSignal,
) => Promise<VppConnection>;

export interface VppPair {
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** Rows are by worker thread (0 is the main thread), then by index. */
export type VppStatValue =
  | { readonly kind: 'scalar'; readonly value: number }
  | { readonly kind: 'simple'; readonly threads: readonly (readonly bigint[])[] }
  | { readonly kind: 'combined'; readonly threads: readonly (readonly VppPair[])[] }
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'histogram'; readonly threads: readonly VppHistogram[] };

/** Values by their magnitude. */
export interface VppHistogram {
  /** The n-th bin (from 0) counts values from 2^(minExponent + n) on; the first, lesser ones as well. */
  readonly minExponent: number;
  readonly bins: readonly bigint[];
}

export interface VppStat {
  readonly name: string;
  readonly value: VppStatValue;
}

export interface VppStatsReader {
  /** All that match, sorted by name, as they were at one instant. @throws NfvError */
  read(pattern?: RegExp): Promise<readonly VppStat[]>;
  close(): void;
}

/** @throws NfvError VPP_LIBRARY_MISSING; whether VPP is there shows when it is read */
export type OpenVppStats = (options: VppOptions) => Promise<VppStatsReader>;
