/** What a change that the journal has asks for now. Pure. */
import { NfvError } from '../../errors.js';
import type { Transaction } from './transaction.js';

export type Left =
  | { readonly kind: 'nothing' | 'to-finish' | 'to-undo' }
  /** Undone in so many milliseconds. */
  | { readonly kind: 'to-confirm'; readonly confirmMs: number };

/** At the start of a process, of the newest change. @param now milliseconds since the epoch */
export function whatIsLeft(last: Transaction, bootId: string, now: number): Left {
  const sameBoot = last.bootId === bootId;
  switch (last.phase) {
    case 'confirmed':
    case 'undone':
      return { kind: 'nothing' };
    case 'undoing':
      return { kind: 'to-undo' };
    case 'applying':
      return { kind: sameBoot && last.confirmMs === null ? 'to-finish' : 'to-undo' };
    case 'applied': {
      const left = (last.confirmBy ?? 0) - now;
      if (!sameBoot || left <= 0) return { kind: 'to-undo' };
      // A clock that was set back must not give more time than there was.
      return { kind: 'to-confirm', confirmMs: Math.min(left, last.confirmMs ?? left) };
    }
  }
}

/** Whether another change may begin. @throws NfvError HOST_BUSY */
export function checkMayChange(last: Transaction | undefined): void {
  if (last?.phase === 'applied') {
    throw new NfvError('HOST_BUSY', 'the last change waits to be confirmed', {
      remedy: 'run "nfvctl host confirm" or "nfvctl host undo" first',
    });
  }
  if (last?.phase === 'undoing' || last?.phase === 'applying') {
    throw new NfvError('HOST_BUSY', 'the last change is not undone yet', {
      remedy: 'see "nfvctl host status", then run "nfvctl host undo"',
    });
  }
}

/** The newest change that was asked for, and what was done for it since; the newest first. */
export function sinceLastApply(all: readonly Transaction[]): Transaction[] {
  const at = all.findLastIndex(({ reason }) => reason === 'apply');
  return all.slice(Math.max(0, at)).reverse();
}
