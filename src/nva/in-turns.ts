/** Work that may take long, written as a generator that yields wherever it may be interrupted. */
import { setImmediate as turn } from 'node:timers/promises';

/** Between two turns: a few milliseconds of what compiles, or looks for an address. */
const STEPS = 250;

/** In one piece: nothing else happens meanwhile. */
export function atOnce<T>(work: Generator<void, T>): T {
  for (;;) {
    const next = work.next();
    if (next.done === true) return next.value;
  }
}

/** Others get their turn after every `STEPS` steps. */
export async function inTurns<T>(work: Generator<void, T>): Promise<T> {
  for (;;) {
    const next = some(work);
    if (next.done === true) return next.value;
    await turn();
  }
}

/** The same, given up when something is not as it was before the turn. @returns undefined if it was given up */
export async function inTurnsWhile<T extends object>(
  isSame: () => boolean,
  work: Generator<void, T>,
): Promise<T | undefined> {
  for (;;) {
    const next = some(work);
    if (next.done === true) return next.value;
    await turn();
    if (!isSame()) return undefined;
  }
}

function some<T>(work: Generator<void, T>): IteratorResult<void, T> {
  let next = work.next();
  for (let step = 1; step < STEPS && next.done !== true; step++) next = work.next();
  return next;
}
