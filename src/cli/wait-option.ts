/** `--wait`, which may have a value: `--wait`, `--wait=30s`, and `--wait 30s` too. */
import type { Command } from 'commander';
import { parseDuration, requireDuration } from './duration.js';

export const DEFAULT_WAIT = '30s';

export function addWaitOption(command: Command): Command {
  const about = `until every NVE has applied it; ${DEFAULT_WAIT} if no time is given`;
  return command.option('--wait [duration]', about);
}

/** Milliseconds; undefined: do not wait. @throws NfvError INVALID_FIELD */
export function waitOf(wait: string | boolean | undefined): number | undefined {
  if (wait === undefined || wait === false) return undefined;
  return requireDuration('--wait', wait === true ? DEFAULT_WAIT : wait);
}

/** A bare `--wait` must not take the argument after it for its time. */
export function withWaitValues(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  return argv.map((arg, i) => {
    if (arg !== '--wait' || (end >= 0 && i > end)) return arg;
    const next = argv[i + 1];
    return next !== undefined && parseDuration(next) !== undefined ? arg : `--wait=${DEFAULT_WAIT}`;
  });
}
