/** A PF's own settings: whether its VFs get drivers by themselves, and its eswitch. */
import { NfvError } from '../errors.js';
import { WRITE_MS, type HostDoors, type Observed, type ReadDoors } from '../host/doors.js';
import { explained } from '../host/kernel-answers.js';
import { errnoOfText } from '../host/errno.js';
import { functionPath } from '../dpdk/pci.js';
import type { StepOf } from '../model/host/steps.js';
import { eswitchMode } from './inventory.js';

const AUTOPROBE = 'sriov_drivers_autoprobe';

export async function observeAutoprobe(
  { files }: ReadDoors,
  { pf, enabled }: StepOf<'autoprobe'>,
): Promise<Observed> {
  const text = await files.text(`${functionPath(pf)}/${AUTOPROBE}`);
  return { holds: text === (enabled ? '1' : '0'), found: `autoprobe ${text ?? 'not known'}` };
}

/** @throws NfvError KERNEL_REFUSED, NOT_PRIVILEGED, WRITE_HUNG */
export async function makeAutoprobe(
  { writer }: HostDoors,
  { pf, enabled }: StepOf<'autoprobe'>,
  signal: AbortSignal,
): Promise<void> {
  const path = `${functionPath(pf)}/${AUTOPROBE}`;
  await writer.write(path, enabled ? '1' : '0', { deadlineMs: WRITE_MS, signal });
}

export async function observeEswitch(
  doors: ReadDoors,
  { pf, mode }: StepOf<'eswitch'>,
  signal: AbortSignal,
): Promise<Observed> {
  const now = await eswitchMode(doors, pf, signal);
  return { holds: now === mode, found: now ?? 'no eswitch mode' };
}

/** Switching it takes drivers some seconds. @throws NfvError NIC_IN_USE, KERNEL_REFUSED, … */
export async function makeEswitch(
  { programs }: HostDoors,
  { pf, mode }: StepOf<'eswitch'>,
  signal: AbortSignal,
): Promise<void> {
  const args = ['dev', 'eswitch', 'set', `pci/${pf}`, 'mode', mode];
  const ran = await programs.run('devlink', args, { deadlineMs: WRITE_MS, signal });
  if (ran.code === 0) return;
  const text = /kernel answers: (.+)$/m.exec(ran.stderr)?.[1] ?? '';
  const error = new NfvError('KERNEL_REFUSED', `devlink ${args.join(' ')}: ${ran.stderr.trim()}`, {
    metadata: { errno: errnoOfText(text) ?? '' },
  });
  throw explained('eswitch', error, undefined);
}
