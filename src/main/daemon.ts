/** What both daemons have in common: configuration, log, signals, the way out. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { pino, type Logger } from 'pino';
import { NfvError } from '../errors.js';
import { systemClock } from '../model/clock.js';
import { errorFields } from '../model/log.js';
import { TlsKeeper } from '../rpc/tls-keeper.js';

const run = promisify(execFile);

/** Something that runs until it is stopped. */
export interface Service {
  stop(): Promise<void>;
}

/** What has been started, to be stopped in the opposite order. */
export class Closing implements Service {
  readonly #steps: (() => Promise<void> | void)[] = [];

  add(step: () => Promise<void> | void): void {
    this.#steps.push(step);
  }

  /** Takes every step, whatever becomes of one. @throws what the first threw that failed */
  async stop(): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

const DAY_MS = 86_400_000;

const daysUntil = (date: Date): number => Math.floor((date.getTime() - systemClock.now()) / DAY_MS);

/** Looks after the certificates of a daemon, and logs what becomes of them. */
export function keepCertificates(log: Logger): TlsKeeper {
  return new TlsKeeper({
    clock: systemClock,
    events: {
      loaded({ cert, crl }, { notAfter, unlisted }) {
        log.info({ cert, notAfter, days: daysUntil(notAfter) }, 'certificate in use');
        for (const ca of unlisted) {
          log.warn({ crl, ca, cert }, 'no revocation list of a CA: nobody below it is taken');
        }
      },
      refused({ cert }, error) {
        log.error({ cert, ...errorFields(error) }, 'new certificates refused; the old ones stay');
      },
      ending(what, file, until) {
        log.warn({ what, file, until, days: daysUntil(until) }, 'to be renewed soon');
      },
      ended(what, file, until) {
        const fields = { what, file, until, days: daysUntil(until) };
        if (what === 'certificate') log.error(fields, 'has ended: peers refuse it');
        else log.error(fields, 'has ended: nobody is taken by it');
      },
      peerRefused({ ca, crl }, peer, reason, peers) {
        const files = { ca, ...(crl === undefined || crl === '' ? {} : { crl }) };
        log.warn({ peer, reason, peers, ...files }, 'the certificate of a peer is not taken');
      },
    },
  });
}

/** How long calls under way may take once a daemon is told to stop, in milliseconds. */
export const DRAIN_MS = 5000;
/** How long all of it may take. */
const STOP_MS = 15_000;

/** Exit statuses of nfvd; docs/nva.md and docs/nve.md tell them. */
export const EXIT = {
  /** It could not be started or done, or did not end when it should. */
  failed: 1,
  /** Wrong usage, or a configuration that is none: nothing changes by starting it again. */
  invalid: 2,
  /** EX_SOFTWARE of sysexits.h: an error that nobody foresaw. */
  crashed: 70,
} as const;

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

/**
 * Runs a service until SIGTERM or SIGINT, also while it starts, and lets it end what is under way; a second signal, or the
 * end of its time, does not wait for that.
 */
export async function runUntilSignal(
  log: Logger,
  start: (signal: AbortSignal) => Promise<Service>,
): Promise<void> {
  process.on('uncaughtException', (error) => {
    log.fatal(errorFields(NfvError.from(error)), 'uncaught exception');
    process.exit(EXIT.crashed);
  });
  const signal = firstSignal(log);
  const stopped = new AbortController();
  const isOver = signal.then(() => {
    stopped.abort();
  });
  const service = await startUnless(stopped.signal, start);
  if (service !== undefined) {
    await tellSystemd('READY=1', log);
    await isOver;
    await tellSystemd('STOPPING=1', log);
    await service.stop();
  }
  log.info({}, 'stopped');
  // A peer that hangs, or is cut off, never closes its end of a connection: Node would wait for that.
  setTimeout(() => process.exit(), LAST_WORDS_MS).unref();
}

/** For what is still to be written, once all is done, in milliseconds. */
const LAST_WORDS_MS = 200;
const SYSTEMD_MS = 5000;

/**
 * Tells systemd how the daemon is (sd_notify(3)), where it is systemd that runs it. By systemd's own
 * program, since Node has no datagrams on unix sockets; the unit needs `NotifyAccess=all`. What is told is an assignment:
 * `--stopping` is of systemd 254, newer than Debian 12's.
 */
async function tellSystemd(what: 'READY=1' | 'STOPPING=1', log: Logger): Promise<void> {
  if ((process.env['NOTIFY_SOCKET'] ?? '') === '') return;
  try {
    await run('systemd-notify', [what], { timeout: SYSTEMD_MS });
  } catch (thrown) {
    log.warn(errorFields(NfvError.from(thrown)), 'systemd could not be told');
  }
}

/** Undefined: it was stopped while it started. */
async function startUnless(
  stopped: AbortSignal,
  start: (signal: AbortSignal) => Promise<Service>,
): Promise<Service | undefined> {
  try {
    return await start(stopped);
  } catch (error) {
    if (stopped.aborted) return undefined;
    throw error;
  }
}

function firstSignal(log: Logger): Promise<void> {
  let count = 0;
  return new Promise((resolve) => {
    const onSignal = (signal: NodeJS.Signals): void => {
      if (++count > 1) process.exit(EXIT.failed);
      log.info({ signal }, 'stopping');
      // Does not keep the process: it ends by itself when nothing is left to do.
      setTimeout(() => {
        log.error({ ms: STOP_MS }, 'not stopped in time');
        process.exit(EXIT.failed);
      }, STOP_MS).unref();
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
