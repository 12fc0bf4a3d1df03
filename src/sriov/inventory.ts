/** What only devlink tells of a PF. */
import { z } from 'zod';
import { mapBounded } from '../host/bounded.js';
import { QUERY_MS, type ReadDoors } from '../host/doors.js';
import { NfvError } from '../errors.js';
import type { Bdf, EswitchMode, PciFunction } from '../model/host/inventory.js';
import { pfDriver } from './drivers.js';

const answer = z.object({
  dev: z.record(z.string(), z.object({ mode: z.string().optional() })),
});

/** What `devlink -j dev eswitch show pci/BDF` says. */
export function parseEswitchMode(text: string): EswitchMode | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = answer.safeParse(value);
  const mode = parsed.success ? Object.values(parsed.data.dev)[0]?.mode : undefined;
  if (mode === 'legacy' || mode === 'switchdev') return mode;
  return undefined;
}

/** The functions, with the eswitch mode of each PF whose driver has one. */
export async function withEswitchModes(
  doors: ReadDoors,
  functions: readonly PciFunction[],
  signal: AbortSignal,
): Promise<PciFunction[]> {
  return mapBounded(functions, 4, async (fn) => {
    if (fn.sriov === undefined || pfDriver(fn.driver).eswitch === 'none') return fn;
    const eswitch = await eswitchMode(doors, fn.bdf, signal);
    return { ...fn, sriov: { ...fn.sriov, eswitch } };
  });
}

export async function eswitchMode(
  { programs }: ReadDoors,
  bdf: Bdf,
  signal: AbortSignal,
): Promise<EswitchMode | undefined> {
  const args = ['-j', 'dev', 'eswitch', 'show', `pci/${bdf}`];
  try {
    const ran = await programs.run('devlink', args, { deadlineMs: QUERY_MS, signal });
    return ran.code === 0 ? parseEswitchMode(ran.stdout) : undefined;
  } catch (error) {
    if (error instanceof NfvError && error.code === 'COMMAND_MISSING') return undefined;
    throw error;
  }
}
