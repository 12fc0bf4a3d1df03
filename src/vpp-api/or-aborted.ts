import type { NfvError } from '../errors.js';

/**
 * What a wait brings that others may share, for as long as the signal lets it.
 * @throws the error, once the signal has fired
 */
export async function orAborted<T>(
  wait: Promise<T>,
  signal: AbortSignal,
  error: () => NfvError,
): Promise<T> {
  const end = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    const abort = (): void => {
      reject(error());
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true, signal: end.signal });
  });
  try {
    return await Promise.race([wait, aborted]);
  } finally {
    end.abort();
  }
}
