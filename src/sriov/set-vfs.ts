/** Sets how many VFs a PF has, and waits until each of them is there. */
import { NfvError } from '../errors.js';
import {
  QUERY_MS,
  WRITE_MS,
  type HostDoors,
  type Observed,
  type ReadDoors,
} from '../host/doors.js';
import { describeHolder, findHolders } from '../host/holders.js';
import { poll } from '../host/poll.js';
import { withRetries } from '../host/retry.js';
import { functionPath } from '../dpdk/pci.js';
import type { Bdf } from '../model/host/inventory.js';
import type { StepOf } from '../model/host/steps.js';
import { vfNodes } from './vf-nodes.js';

/** VFs appear one after another; 64 of them took others some seconds. */
const APPEAR = { everyMs: 50, limitMs: 30_000 };
const RETRIES = { attempts: 20, everyMs: 500 };

type Vfs = StepOf<'vfs'>;

async function readCount(doors: ReadDoors, pf: Bdf, signal: AbortSignal): Promise<number> {
  const path = `${functionPath(pf)}/sriov_numvfs`;
  const options = { deadlineMs: QUERY_MS, signal };
  const { texts, hung } = await doors.files.lockedTexts([path], options);
  if (hung.length > 0) {
    throw new NfvError('WRITE_HUNG', `${pf} does not answer: another change of its VFs is stuck`);
  }
  const text = texts.get(path);
  if (text !== undefined && /^\d{1,5}$/.test(text)) return Number(text);
  throw new NfvError('KERNEL_REFUSED', `${pf} has no VFs: its driver is without SR-IOV`, {
    metadata: { errno: 'ENOENT' },
  });
}

/** Indexes that have a function with a way back to the PF. */
async function present({ files }: ReadDoors, pf: Bdf): Promise<number> {
  const names = (await files.list(functionPath(pf))).filter((name) => /^virtfn\d+$/.test(name));
  let count = 0;
  for (const name of names) {
    const vf = await files.link(`${functionPath(pf)}/${name}`);
    const back = vf === undefined ? undefined : await files.link(`${functionPath(vf)}/physfn`);
    if (back === pf) count++;
  }
  return count;
}

export async function observeVfs(
  doors: ReadDoors,
  { pf, count }: Vfs,
  signal: AbortSignal,
): Promise<Observed> {
  const now = await readCount(doors, pf, signal);
  const there = await present(doors, pf);
  const found = there === now ? `${now} VFs` : `${now} VFs, ${there} of them there`;
  return { holds: now === count && there === count, found };
}

/**
 * Any change destroys all VFs there are. The kernel goes from none to some and back only.
 * @throws NfvError NIC_IN_USE with the holder of a VF; FIRMWARE_LIMIT, NOT_APPEARED, WRITE_HUNG,
 *   KERNEL_REFUSED with `metadata.verdict`, NOT_PRIVILEGED
 */
export async function makeVfs(doors: HostDoors, step: Vfs, signal: AbortSignal): Promise<void> {
  const { pf, count } = step;
  const driver = await doors.files.link(`${functionPath(pf)}/driver`);
  const write = async (n: number): Promise<void> => {
    const suspects = await vfNodes(doors.files, pf);
    const options = { deadlineMs: WRITE_MS, signal, suspects };
    await withRetries(doors.timers, signal, 'numvfs', driver, RETRIES, () =>
      doors.writer.write(`${functionPath(pf)}/sriov_numvfs`, String(n), options),
    );
  };
  const now = await readCount(doors, pf, signal);
  if (now !== count && now !== 0) {
    await refuseHeldVfs(doors, pf);
    await write(0);
    await awaitCount(doors, pf, 0, signal);
  }
  if (now !== count && count !== 0) await write(count);
  const got = await readCount(doors, pf, signal);
  // The kernel warns in its log, and says that all went well.
  if (got !== count) {
    throw new NfvError('FIRMWARE_LIMIT', `${pf} made ${got} VFs of ${count}`, {
      metadata: { wanted: String(count), got: String(got) },
      remedy: 'see dmesg for the reason; ask for fewer VFs, or change the firmware',
    });
  }
  await awaitCount(doors, pf, count, signal);
}

/** With a VF held open through VFIO the kernel would wait, uninterruptibly. */
async function refuseHeldVfs({ files }: ReadDoors, pf: Bdf): Promise<void> {
  const holders = await findHolders(files, new Set(await vfNodes(files, pf)));
  if (holders.length === 0) return;
  const who = holders.map(describeHolder).join(', ');
  throw new NfvError('NIC_IN_USE', `a VF of ${pf} is in use: ${who}`, {
    remedy: 'stop that process, then try again',
  });
}

async function awaitCount(
  doors: HostDoors,
  pf: Bdf,
  count: number,
  signal: AbortSignal,
): Promise<void> {
  let last = 0;
  const there = await poll(doors.timers, signal, APPEAR, async () => {
    last = await present(doors, pf);
    return last === count ? true : undefined;
  });
  if (there !== undefined) return;
  const what = count === 0 ? `${last} VFs stay` : `${last} of ${count} VFs are there`;
  throw new NfvError('NOT_APPEARED', `${pf}: ${what} after ${APPEAR.limitMs / 1000} s`);
}
