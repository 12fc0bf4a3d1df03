/** What both daemons have in common: configuration, log, signals, the way out. */
import { readFile } from 'node:fs/promises';
import { pino, type Logger } from 'pino';
import { NfvError } from '../errors.js';
import { errorFields } from '../model/log.js';
import { ADDRESS_RULE, parseAddress } from '../rpc/address.js';
import type { Listener } from '../rpc/listen.js';
import type { TlsFiles } from '../rpc/tls.js';
import { invalidFields } from '../errors.js';

/** Something that runs until it is stopped. */
export interface Service {
  stop(): Promise<void>;
}

/** How long calls under way may take once a daemon is told to stop, in milliseconds. */
export const DRAIN_MS = 5000;

/** @throws NfvError FILE_UNREADABLE, or that of `parse` */
export async function readConfig<T>(
  path: string,
  parse: (text: string, file: string) => T,
): Promise<T> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new NfvError('FILE_UNREADABLE', `${path}: ${NfvError.from(cause).message}`, { cause });
  }
  return parse(text, path);
}

/** JSON lines on standard output; `program` is in each of them. */
export function makeLog(program: string, level: string): Logger {
  return pino({
    level,
    base: { program, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}

/** An entry of `listen` or `nva` in a configuration. @throws NfvError CONFIG_INVALID */
export function toListener(
  field: string,
  { address, tls }: { readonly address: string; readonly tls?: TlsFiles },
): Listener {
  const parsed = parseAddress(address);
  if (parsed === undefined) {
    throw invalidFields(
      [
        {
          field: `${field}.address`,
          value: address,
          reason: 'not an address',
          remedy: `give ${ADDRESS_RULE}`,
        },
      ],
      'CONFIG_INVALID',
    );
  }
  return { address: parsed, ...(tls === undefined ? {} : { tls }) };
}

/** Runs a service until SIGTERM or SIGINT; a second signal does not wait. */
export async function runUntilSignal(log: Logger, start: () => Promise<Service>): Promise<void> {
  process.on('uncaughtException', (error) => {
    log.fatal(errorFields(NfvError.from(error)), 'uncaught exception');
    process.exit(70);
  });
  const service = await start();
  const signal = await new Promise<string>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  const atOnce = (): void => {
    process.exit(1);
  };
  process.once('SIGTERM', atOnce);
  process.once('SIGINT', atOnce);
  log.info({ signal }, 'stopping');
  await service.stop();
  log.info({}, 'stopped');
}
