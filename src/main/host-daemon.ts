/** `nfvd host`: what of host preparation nobody waits for. */
import { NfvError } from '../errors.js';
import { delay, systemClock, type Clock } from '../model/clock.js';
import { errorFields, type Log } from '../model/log.js';
import { readTransactions } from '../nve/host/read-state.js';
import type { StepProgress } from '../model/host/status.js';
import { PreparingHost, systemDoors } from './host-access.js';

/** Milliseconds between two looks at a change that waits to be confirmed. */
const LOOK_MS = 500;
/** And between two attempts to undo it. */
const RETRY_MS = 10_000;
/** Looks that may fail one after the other: half a minute. */
const MAX_FAILURES = 60;

export interface HostDaemonOptions {
  readonly stateDir: string;
  readonly nva: readonly string[];
}

/**
 * Finishes or takes back what a crash cut off, undoes what was not confirmed, prepares the host again
 * after a boot. Run before VPP and the agent are started.
 * @throws NfvError of a step, HOST_NOT_RESTORED, HOST_BUSY
 */
export async function recoverHost(options: HostDaemonOptions, log: Log): Promise<void> {
  const host = hostOf(options, log);
  await host.recover(told(log), new AbortController().signal);
  const { state, ready } = await host.status(false, new AbortController().signal);
  log.info({ state, ready }, 'host looked after');
}

/**
 * Waits until the newest change is confirmed or undone, and undoes it itself when its time is over, or
 * when whoever made it is gone. Nobody else does: what cannot be read is read again.
 * @throws NfvError JOURNAL_DAMAGED, FILE_UNREADABLE after half a minute
 */
export async function guardHost(
  options: HostDaemonOptions,
  log: Log,
  clock: Pick<Clock, 'after'> = systemClock,
): Promise<void> {
  const host = hostOf(options, log);
  const { signal } = new AbortController();
  let failures = 0;
  for (;;) {
    try {
      if (await isSettled(host, options.stateDir, log, clock)) return;
      failures = 0;
    } catch (thrown) {
      const error = NfvError.from(thrown);
      if (++failures === MAX_FAILURES) throw error;
      log.error(errorFields(error), 'the change cannot be looked at; tried again');
    }
    await delay(clock, LOOK_MS, signal);
  }
}

async function isSettled(
  host: PreparingHost,
  stateDir: string,
  log: Log,
  clock: Pick<Clock, 'after'>,
): Promise<boolean> {
  const last = (await readTransactions(stateDir)).at(-1);
  if (last === undefined || last.phase === 'confirmed') return true;
  const { state, change } = await host.status(false, new AbortController().signal);
  const isLate = state === 'unconfirmed' && change?.confirmWithinMs === 0;
  if (isLate || state === 'interrupted') await undone(host, log, clock);
  return false;
}

/** Who is in the way now is looked for again: another process that changes the host, a driver. */
async function undone(host: PreparingHost, log: Log, clock: Pick<Clock, 'after'>): Promise<void> {
  const { signal } = new AbortController();
  try {
    log.warn({}, 'the change was not confirmed in time, and is undone');
    await host.recover(told(log), signal);
  } catch (thrown) {
    log.error(errorFields(NfvError.from(thrown)), 'the change could not be undone; tried again');
    await delay(clock, RETRY_MS, signal);
  }
}

function hostOf(options: HostDaemonOptions, log: Log): PreparingHost {
  const guard = (): void => undefined;
  return new PreparingHost({ ...options, doors: systemDoors(), clock: systemClock, log, guard });
}

function told(log: Log): (progress: StepProgress) => void {
  return ({ what, reason, ...rest }) => {
    if (what === 'failed') log.error({ ...rest, reason }, 'step failed');
    else if (what === 'done') log.info(rest, 'step done');
  };
}
