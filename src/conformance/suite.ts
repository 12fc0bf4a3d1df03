/** All demands, one after the other, and what became of each. */
import { NfvError } from '../errors.js';
import type { Case } from './case.js';
import { EPOCHS } from './cases/epochs.js';
import { GREETING } from './cases/greeting.js';
import { ORDER } from './cases/order.js';
import { REPORTS } from './cases/reports.js';
import { RESUME } from './cases/resume.js';
import { TRAFFIC } from './cases/traffic.js';
import type { Lab } from './lab.js';

export const CASES: readonly Case[] = [
  ...GREETING,
  ...ORDER,
  ...EPOCHS,
  ...RESUME,
  ...REPORTS,
  ...TRAFFIC,
];

export type Outcome =
  | { readonly kind: 'passed' }
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'failed'; readonly error: NfvError };

export interface Result {
  readonly id: string;
  readonly about: string;
  readonly outcome: Outcome;
  readonly ms: number;
}

/**
 * Runs the cases on an NVE, and leaves it with nothing; that it cannot be is a result, too.
 * @throws NfvError when it cannot be examined at all: it does not come, or holds what another NVA has
 *   told it, or has no address for tunnels; the reason of the lab's signal
 */
export async function examine(
  lab: Lab,
  cases: readonly Case[],
  onResult: (result: Result) => void,
): Promise<readonly Result[]> {
  const { clock, signal } = lab.options;
  await lab.meet();
  if (lab.vtep === '') {
    throw new NfvError(
      'NVE_NOT_CONFORMING',
      'the NVE tells no address that tunnels could leave from',
      {
        remedy: 'give one of its addresses as --vtep',
      },
    );
  }
  const results: Result[] = [];
  for (const each of cases) {
    const { id, about } = each;
    const start = clock.monotonic();
    const outcome = await outcomeOf(each, lab);
    signal.throwIfAborted();
    const result = { id, about, outcome, ms: Math.round(clock.monotonic() - start) };
    results.push(result);
    onResult(result);
  }
  const end = await outcomeOf(NOTHING_LEFT, lab);
  signal.throwIfAborted();
  if (end.kind === 'failed') {
    const result = { ...{ id: NOTHING_LEFT.id, about: NOTHING_LEFT.about }, outcome: end, ms: 0 };
    results.push(result);
    onResult(result);
  } else {
    await lab.leave();
  }
  return results;
}

/** After all others, and told only of an NVE that does not. */
const NOTHING_LEFT: Case = {
  id: 'end/nothing-left',
  about: 'holds nothing when it is told to hold nothing',
  run: async (lab) => {
    await lab.inStep([]);
  },
};

async function outcomeOf({ exempt, run }: Case, lab: Lab): Promise<Outcome> {
  const reason = lab.hello && exempt?.(lab.hello);
  if (reason !== undefined) return { kind: 'skipped', reason };
  try {
    await run(lab);
    return { kind: 'passed' };
  } catch (thrown) {
    return { kind: 'failed', error: NfvError.from(thrown) };
  }
}
