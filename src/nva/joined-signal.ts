/** Signals joined for as long as something goes on, of which nothing is left on those that outlive it. */
import { setMaxListeners } from 'node:events';

export interface JoinedSignal {
  /** Aborts with the first of them, for its reason. */
  readonly signal: AbortSignal;
  /** To be called once nothing waits on it any more: from then on it does not abort. */
  readonly end: () => void;
}

/**
 * In place of `AbortSignal.any`, of which Node 20 keeps a weak reference on each of `signals` for as long as that one
 * lives. Any number of them may be joined at once.
 */
export function joined(...signals: readonly AbortSignal[]): JoinedSignal {
  const either = new AbortController();
  const { signal } = either;
  setMaxListeners(0, signal, ...signals);
  const listeners = signals.map((each) => ({
    each,
    abort: (): void => {
      end();
      either.abort(each.reason);
    },
  }));
  const end = (): void => {
    for (const { each, abort } of listeners) each.removeEventListener('abort', abort);
  };
  const first = signals.find(({ aborted }) => aborted);
  if (first !== undefined) either.abort(first.reason);
  else for (const { each, abort } of listeners) each.addEventListener('abort', abort);
  return { signal, end };
}

/** Joins them for one piece of work. */
export async function withJoined<T>(
  signals: readonly AbortSignal[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, end } = joined(...signals);
  try {
    return await work(signal);
  } finally {
    end();
  }
}
