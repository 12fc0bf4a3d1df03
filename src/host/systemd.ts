/** Services, through systemctl(1). */
import { NfvError } from '../errors.js';
import { QUERY_MS, type ReadDoors } from './doors.js';

/** A service may take so long to start or to stop; systemd's own limit is 90 s. */
const CHANGE_MS = 100_000;

export async function isActive(
  { programs }: ReadDoors,
  unit: string,
  signal: AbortSignal,
): Promise<boolean> {
  const ran = await programs.run('systemctl', ['is-active', '--quiet', unit], {
    deadlineMs: QUERY_MS,
    signal,
  });
  return ran.code === 0;
}

/** @throws NfvError KERNEL_REFUSED with what systemctl said, COMMAND_MISSING, COMMAND_TIMEOUT */
export async function setActive(
  { programs }: ReadDoors,
  unit: string,
  active: boolean,
  signal: AbortSignal,
): Promise<void> {
  const verb = active ? 'start' : 'stop';
  const ran = await programs.run('systemctl', [verb, unit], { deadlineMs: CHANGE_MS, signal });
  if (ran.code === 0) return;
  throw new NfvError('KERNEL_REFUSED', `systemctl ${verb} ${unit}: ${ran.stderr.trim()}`, {
    remedy: `see why: journalctl -u ${unit} -n 50`,
  });
}

export interface ServiceRun {
  /** systemd's ActiveState; empty: it did not say. */
  readonly state: string;
  /** How often systemd started it again by itself since somebody asked for it. */
  readonly restarts: number;
}

export async function readRun(
  { programs }: ReadDoors,
  unit: string,
  signal: AbortSignal,
): Promise<ServiceRun> {
  const args = ['show', '--property=ActiveState,NRestarts', unit];
  const { stdout } = await programs.run('systemctl', args, { deadlineMs: QUERY_MS, signal });
  const value = (name: string): string =>
    new RegExp(`^${name}=(.*)$`, 'm').exec(stdout)?.[1]?.trim() ?? '';
  return { state: value('ActiveState'), restarts: Number(value('NRestarts')) };
}
