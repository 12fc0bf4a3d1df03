/** What nfvctl is given by whoever runs it: main, or a test. */
import type { Readable, Writable } from 'node:stream';
import type { NvaApi } from '../model/api.js';
import type { Clock } from '../model/clock.js';
import type { Address } from '../rpc/address.js';
import type { TlsFiles } from '../rpc/tls-material.js';
import type { OpenHost } from './host-access.js';
import type { OpenPki } from './pki-access.js';
import type { ConnectVpp, OpenVppStats } from './vpp/access.js';

export interface NvaConnection extends NvaApi {
  close(): void;
}

export interface ConnectOptions {
  readonly address: Address;
  readonly tls?: TlsFiles;
  /** How long a call may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** Made when a verb first needs it. @throws NfvError FILE_UNREADABLE */
export type Connect = (options: ConnectOptions) => NvaConnection;

export type OutStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

export interface CliHost {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable;
  readonly stdout: OutStream;
  readonly stderr: OutStream;
  readonly clock: Clock;
  /** Aborts with SIGINT. */
  readonly interrupted: AbortSignal;
  readonly connect: Connect;
  readonly connectVpp: ConnectVpp;
  readonly openVppStats: OpenVppStats;
  readonly openHost: OpenHost;
  readonly openPki: OpenPki;
}
