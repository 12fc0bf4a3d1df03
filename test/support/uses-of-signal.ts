/** What a signal keeps of those who wait on it. */
import { getEventListeners } from 'node:events';

/** Listeners, and what Node keeps of `AbortSignal.any` with it, where it tells. */
export function usesOf(signal: AbortSignal): number {
  let uses = getEventListeners(signal, 'abort').length;
  for (const symbol of Object.getOwnPropertySymbols(signal)) {
    if (symbol.description === 'kDependantSignals') uses += sizeOf(Reflect.get(signal, symbol));
  }
  return uses;
}

/** It is a set, but not of those that programs have. */
function sizeOf(value: unknown): number {
  if (typeof value !== 'object' || value === null || !('size' in value)) return 0;
  return typeof value.size === 'number' ? value.size : 0;
}
