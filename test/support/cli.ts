/** nfvctl in this process: its streams and environment are the test's. */
import { PassThrough, Readable, Writable } from 'node:stream';
import type { CliHost, Connect, NvaConnection, OutStream } from '../../src/cli/host.js';
import { runCli } from '../../src/cli/run-cli.js';
import type { NvaApi } from '../../src/model/api.js';
import type { Clock } from '../../src/model/clock.js';
import { systemClock } from '../../src/model/clock.js';
import type { OpenHost } from '../../src/cli/host-access.js';
import type { OpenPki } from '../../src/cli/pki-access.js';
import type { Input } from '../../src/cli/read-text.js';
import type { ConnectVpp, OpenVppStats } from '../../src/cli/vpp/access.js';

export interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Nobody interrupts it. */
export const inputOf = (stdin: Readable): Input => ({
  stdin,
  signal: new AbortController().signal,
});

export interface CliOptions {
  readonly connect?: Connect;
  readonly connectVpp?: ConnectVpp;
  readonly openVppStats?: OpenVppStats;
  readonly openHost?: OpenHost;
  readonly openPki?: OpenPki;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  readonly clock?: Clock;
  readonly interrupted?: AbortSignal;
  /** stdout and stderr are terminals. */
  readonly tty?: boolean;
  readonly stdout?: OutStream;
}

/** A stream that keeps what is written. */
export class Kept extends Writable {
  readonly isTTY: boolean;
  text = '';

  constructor(isTTY = false) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
  }

  override _write(chunk: unknown, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    done();
  }
}

/** Runs one command line to its end. */
export async function nfvctl(argv: readonly string[], options: CliOptions = {}): Promise<Ran> {
  const running = startNfvctl(argv, options);
  const status = await running.status;
  return { status, out: running.out.text, err: running.err.text };
}

export interface Running {
  readonly status: Promise<number>;
  /** What was written so far. */
  readonly out: Kept;
  readonly err: Kept;
  /** As SIGINT would. */
  interrupt(): void;
}

export function startNfvctl(argv: readonly string[], options: CliOptions = {}): Running {
  const out = new Kept(options.tty);
  const err = new Kept(options.tty);
  const controller = new AbortController();
  const { interrupted } = options;
  const host: CliHost = {
    env: options.env ?? {},
    stdin:
      options.stdin === undefined ? new PassThrough().end() : Readable.from([bytes(options.stdin)]),
    stdout: options.stdout ?? out,
    stderr: err,
    clock: options.clock ?? systemClock,
    interrupted:
      interrupted === undefined
        ? controller.signal
        : AbortSignal.any([controller.signal, interrupted]),
    connect: options.connect ?? noConnection,
    connectVpp: options.connectVpp ?? noVpp,
    openVppStats: options.openVppStats ?? noVpp,
    openHost: options.openHost ?? noHost,
    openPki: options.openPki ?? noPki,
  };
  return {
    status: runCli(argv, host),
    out,
    err,
    interrupt() {
      controller.abort();
    },
  };
}

function bytes(stdin: string | Uint8Array): Uint8Array {
  return typeof stdin === 'string' ? Buffer.from(stdin) : stdin;
}

function noConnection(): never {
  throw new Error('this test has no NVA');
}

export function noVpp(): never {
  throw new Error('this test has no VPP');
}

/** A connection to an NVA in this process. */
export function connectTo(nva: NvaApi): Connect {
  return (): NvaConnection => ({
    virtualNetworks: nva.virtualNetworks,
    nves: nva.nves,
    endpoints: nva.endpoints,
    hostProfiles: nva.hostProfiles,
    changes: nva.changes,
    subnets: nva.subnets,
    routers: nva.routers,
    migrations: nva.migrations,
    duplicates: nva.duplicates,
    watch: (request, call) => nva.watch(request, call),
    waitApplied: (request, call) => nva.waitApplied(request, call),
    trace: (request, call) => nva.trace(request, call),
    readCounters: (endpoints, call) => nva.readCounters(endpoints, call),
    observation: nva.observation,
    close: () => undefined,
  });
}

export function noHost(): never {
  throw new Error('this test has no host');
}

export function noPki(): never {
  throw new Error('this test has no certificate authority');
}
