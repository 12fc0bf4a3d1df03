/**
 * Whether KVM carries the guest. That /dev/kvm can be opened says little: on some virtual machines
 * a guest in it never gets to its first program. So it is tried, once for each boot of this machine.
 */
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cache } from './cache.js';
import { runGuest } from './guest.js';
import type { Accelerator } from './machine.js';

/** A guest that works is up within three. */
const TRIAL_MS = 20_000;

export async function chooseAccelerator(cache: Cache, disk: string): Promise<Accelerator> {
  const asked = process.env['NFVD_LAB_ACCELERATOR'];
  if (asked === 'kvm' || asked === 'tcg') return asked;
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch {
    return 'tcg';
  }
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const file = join(cache.path, 'accelerator');
  const known = readKnown(file, `${bootId} ${cache.kernelVersion}`);
  if (known !== undefined) return known;
  const end = await runGuest(cache, {
    accelerator: 'kvm',
    hasIommu: true,
    job: { command: ['true'], env: {} },
    disk,
    limitMs: TRIAL_MS,
    bootMs: TRIAL_MS,
    boots: 1,
    print: () => undefined,
  });
  const works = end.kind === 'ended' && end.status === 0;
  const found = works ? 'kvm' : 'tcg';
  writeFileSync(file, `${bootId} ${cache.kernelVersion} ${found}\n`);
  return found;
}

function readKnown(file: string, of: string): Accelerator | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
  if (text === `${of} kvm`) return 'kvm';
  return text === `${of} tcg` ? 'tcg' : undefined;
}
