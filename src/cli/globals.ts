/** The options that every verb has, from flags and environment. */
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { invalidField, NfvError } from '../errors.js';
import { ADDRESS_RULE, isLocal, parseAddress, type Address } from '../rpc/address.js';
import type { TlsFiles } from '../rpc/tls-material.js';
import { requireDuration } from './duration.js';
import type { ConnectOptions } from './host.js';

export const DEFAULT_SERVER = 'unix:/run/nfvd/nva.sock';
const DEFAULT_TIMEOUT = '10s';

const Globals = z.object({
  server: z.string().optional(),
  tlsCa: z.string().optional(),
  tlsCert: z.string().optional(),
  tlsKey: z.string().optional(),
  timeout: z.string().optional(),
  color: z.boolean(),
  debug: z.boolean().default(false),
});

export type Globals = z.infer<typeof Globals>;
export type Env = Readonly<Record<string, string | undefined>>;

export function addGlobals(program: Command): void {
  program
    .option('-s, --server <address>', `the NVA: ${ADDRESS_RULE} (NFVCTL_SERVER)`)
    .option('--tls-ca <file>', "the CA of the NVA's certificate (NFVCTL_TLS_CA)")
    .option('--tls-cert <file>', 'certificate to show the NVA (NFVCTL_TLS_CERT)')
    .option('--tls-key <file>', 'its key (NFVCTL_TLS_KEY)')
    .option('--timeout <duration>', `how long a call may take; ${DEFAULT_TIMEOUT}`)
    .option('--no-color', 'no colours, also on a terminal (NO_COLOR)')
    .addOption(new Option('--debug', 'show what lies behind an error'));
}

export function readGlobals(program: Command): Globals {
  return Globals.parse(program.opts());
}

/** @throws NfvError INVALID_FIELD, INSECURE_LISTENER */
export function connectOptions(globals: Globals, env: Env): ConnectOptions {
  const address = serverAddress(globals, env);
  const tls = tlsFiles(globals, env);
  if (tls === undefined && !isLocal(address)) {
    throw invalidField(
      '--server',
      serverText(globals, env),
      'on another host, which is spoken to over TLS only',
      'give --tls-ca, --tls-cert and --tls-key',
    );
  }
  return { address, ...(tls === undefined ? {} : { tls }), timeoutMs: callTimeout(globals) };
}

/** Milliseconds. @throws NfvError INVALID_FIELD */
export function callTimeout({ timeout }: Globals): number {
  return requireDuration('--timeout', timeout ?? DEFAULT_TIMEOUT);
}

function serverText(globals: Globals, env: Env): string {
  const fromEnv = env['NFVCTL_SERVER'] ?? '';
  return globals.server ?? (fromEnv === '' ? DEFAULT_SERVER : fromEnv);
}

function serverAddress(globals: Globals, env: Env): Address {
  const text = serverText(globals, env);
  const address = parseAddress(text);
  if (address !== undefined) return address;
  const where = globals.server === undefined ? 'NFVCTL_SERVER' : '--server';
  throw invalidField(where, text, 'not an address', `give ${ADDRESS_RULE}`);
}

function tlsFiles(globals: Globals, env: Env): TlsFiles | undefined {
  const ca = globals.tlsCa ?? env['NFVCTL_TLS_CA'] ?? '';
  const cert = globals.tlsCert ?? env['NFVCTL_TLS_CERT'] ?? '';
  const key = globals.tlsKey ?? env['NFVCTL_TLS_KEY'] ?? '';
  const given = [ca, cert, key].filter((path) => path !== '');
  if (given.length === 0) return undefined;
  if (given.length === 3) return { ca, cert, key };
  throw new NfvError('INVALID_FIELD', '--tls-ca, --tls-cert and --tls-key belong together', {
    remedy: 'give all three, or none',
  });
}
