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
