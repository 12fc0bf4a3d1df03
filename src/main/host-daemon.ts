/** `nfvd host`: what of host preparation nobody waits for. */
import type { Logger } from 'pino';
import { NfvError } from '../errors.js';
import { delay, systemClock } from '../model/clock.js';
import { errorFields } from '../model/log.js';
import { readTransactions } from '../nve/host/read-state.js';
import type { StepProgress } from '../model/host/status.js';
import { PreparingHost, systemDoors } from './host-access.js';

/** Milliseconds between two looks at a change that waits to be confirmed. */
const LOOK_MS = 500;

export interface HostDaemonOptions {
  readonly stateDir: string;
  readonly nva: readonly string[];
}

/**
 * Finishes or takes back what a crash cut off, undoes what was not confirmed, prepares the host again
 * after a boot. Run before VPP and the agent are started.
 * @throws NfvError of a step, HOST_NOT_RESTORED, HOST_BUSY
 */
export async function recoverHost(options: HostDaemonOptions, log: Logger): Promise<void> {
  const host = hostOf(options, log);
  await host.recover(told(log), new AbortController().signal);
  const { state, ready } = await host.status(false, new AbortController().signal);
  log.info({ state, ready }, 'host looked after');
}

/**
 * Waits until the newest change is confirmed or undone, and undoes it itself when its time is over, or
 * when whoever made it is gone.
 */
export async function guardHost(options: HostDaemonOptions, log: Logger): Promise<void> {
  const host = hostOf(options, log);
  const signal = new AbortController().signal;
  for (;;) {
    const last = (await readTransactions(options.stateDir)).at(-1);
    if (last === undefined || last.phase === 'confirmed') return;
    const { state, change } = await host.status(false, signal);
    const isLate = state === 'unconfirmed' && change?.confirmWithinMs === 0;
    if (isLate || state === 'interrupted') await undone(host, log);
    await delay(systemClock, LOOK_MS, signal);
  }
}

/** Who is in the way now is looked for again: another process that changes the host, a driver. */
async function undone(host: PreparingHost, log: Logger): Promise<void> {
  try {
    log.warn({}, 'the change was not confirmed in time, and is undone');
    await host.recover(told(log), new AbortController().signal);
  } catch (thrown) {
    log.error(errorFields(NfvError.from(thrown)), 'the change could not be undone; tried again');
  }
}

function hostOf(options: HostDaemonOptions, log: Logger): PreparingHost {
  const guard = (): void => undefined;
  return new PreparingHost({ ...options, doors: systemDoors(), clock: systemClock, log, guard });
}

function told(log: Logger): (progress: StepProgress) => void {
  return ({ what, reason, ...rest }) => {
    if (what === 'failed') log.error({ ...rest, reason }, 'step failed');
    else if (what === 'done') log.info(rest, 'step done');
  };
}
