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

/**
 * @param mayWait whether it has come to that when this returns; else systemd does it in its turn
 * @throws NfvError KERNEL_REFUSED with what systemctl said, COMMAND_MISSING, COMMAND_TIMEOUT
 */
export async function setActive(
  { programs }: ReadDoors,
  unit: string,
  active: boolean,
  signal: AbortSignal,
  mayWait = true,
): Promise<void> {
  const verb = active ? 'start' : 'stop';
  const words = mayWait ? [verb, unit] : ['--no-block', verb, unit];
  const ran = await programs.run('systemctl', words, { deadlineMs: CHANGE_MS, signal });
  if (ran.code === 0) return;
  throw new NfvError('KERNEL_REFUSED', `systemctl ${verb} ${unit}: ${ran.stderr.trim()}`, {
    remedy: `see why: journalctl -u ${unit} -n 50`,
  });
}

/** It does not run, and systemd has it in its queue: it is started when what is ordered before it is. */
export async function isQueued(
  doors: ReadDoors,
  unit: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { ActiveState: state, Job: job = '' } = await readProperties(doors, unit, signal);
  return state === 'inactive' && !['', '0'].includes(job);
}

/**
 * This process is what a unit does while it starts (nfvd-host.service at a boot), and the unit asked
 * for is ordered behind that: who waited for its start would wait for ever.
 */
export async function waitsForUs(
  doors: ReadDoors,
  unit: string,
  signal: AbortSignal,
): Promise<boolean> {
  const cgroups = (await doors.files.text('proc/self/cgroup')) ?? '';
  const own = /\/([^/\n]+\.service)$/m.exec(cgroups)?.[1];
  if (own === undefined) return false;
  const { ActiveState: state, Before: before = '' } = await readProperties(doors, own, signal);
  return (
    state === 'activating' &&
    before.split(' ').includes(`${unit.replace(/\.service$/, '')}.service`)
  );
}

export interface ServiceRun {
  /** systemd's ActiveState; empty: it did not say. */
  readonly state: string;
  /** How often systemd started it again by itself since somebody asked for it. */
  readonly restarts: number;
}

export async function readRun(
  doors: ReadDoors,
  unit: string,
  signal: AbortSignal,
): Promise<ServiceRun> {
  const { ActiveState: state = '', NRestarts: restarts } = await readProperties(
    doors,
    unit,
    signal,
  );
  return { state, restarts: Number(restarts ?? 0) };
}

/** By name; what systemd does not know is left out. */
async function readProperties(
  { programs }: ReadDoors,
  unit: string,
  signal: AbortSignal,
): Promise<Partial<Record<string, string>>> {
  const args = ['show', '--property=ActiveState,Before,Job,NRestarts', unit];
  const { stdout } = await programs.run('systemctl', args, { deadlineMs: QUERY_MS, signal });
  const lines = stdout.split('\n').flatMap((line) => {
    const [, name, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value.trim()] as const];
  });
  return Object.fromEntries(lines);
}
