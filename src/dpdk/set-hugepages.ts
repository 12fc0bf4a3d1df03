/** Sets a node's hugepages. The kernel takes any number, gives what it has, and says nothing. */
import { NfvError } from '../errors.js';
import { WRITE_MS, type HostDoors, type Observed, type ReadDoors } from '../host/doors.js';
import { explained } from '../host/kernel-answers.js';
import { pause } from '../host/poll.js';
import { describeSize, type StepOf } from '../model/host/steps.js';
import { hugepagesPath } from './hugepages.js';

/** Others needed up to a minute until memory was compacted. */
const LIMIT_MS = 60_000;
const PAUSE_MS = 1000;
/** So many tries without one page more are enough. */
const VAIN_TRIES = 3;

type Hugepages = StepOf<'hugepages'>;

/** Pages that are there to stay; those beyond (surplus) go when they are free. */
export async function persistentPages(
  { files }: ReadDoors,
  step: Hugepages,
): Promise<number | undefined> {
  const path = hugepagesPath(step.node, step.sizeKb);
  const total = await files.integer(path);
  const surplus = await files.integer(path.replace(/nr_hugepages$/, 'surplus_hugepages'));
  return total === undefined ? undefined : total - (surplus ?? 0);
}

export async function observeHugepages(doors: ReadDoors, step: Hugepages): Promise<Observed> {
  const pages = await persistentPages(doors, step);
  return { holds: pages === step.pages, found: `${pages ?? 'no'} pages` };
}

/**
 * @throws NfvError HUGEPAGES_SHORT with `metadata` node, wanted and got, and then the pages got
 *   stay until the step is undone; REBOOT_NEEDED, KERNEL_REFUSED, NOT_PRIVILEGED
 */
export async function makeHugepages(
  doors: HostDoors,
  step: Hugepages,
  signal: AbortSignal,
): Promise<void> {
  const { files, writer, timers } = doors;
  const path = hugepagesPath(step.node, step.sizeKb);
  const end = timers.monotonic() + LIMIT_MS;
  let got = (await persistentPages(doors, step)) ?? 0;
  for (let vain = 0; vain < VAIN_TRIES && timers.monotonic() < end;) {
    try {
      await writer.write(path, String(step.pages), { deadlineMs: WRITE_MS, signal });
    } catch (error) {
      throw explained('hugepages', error, undefined);
    }
    const now = (await persistentPages({ files, programs: doors.programs }, step)) ?? 0;
    if (now === step.pages) return;
    vain = now > got ? 0 : vain + 1;
    got = now;
    await pause(timers, PAUSE_MS, signal);
  }
  const size = describeSize(step.sizeKb);
  throw new NfvError(
    'HUGEPAGES_SHORT',
    `node ${step.node} gave ${got} of ${step.pages} hugepages of ${size}`,
    {
      metadata: {
        node: String(step.node),
        size,
        wanted: String(step.pages),
        got: String(got),
      },
      ...(step.sizeKb >= 1024 * 1024
        ? {
            remedy: `reserve them at boot: hugepagesz=${size} hugepages=${step.node}:${step.pages}`,
          }
        : {}),
    },
  );
}
