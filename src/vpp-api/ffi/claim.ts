/**
 * libvppapiclient keeps its connection in static memory: one in a process, whatever the number of
 * threads and of copies of this module, so the claim on it is the process's too.
 */
import { NfvError } from '../../errors.js';

interface Holder {
  readonly holder: unknown;
  /** Resolves when it is given up. */
  readonly gone: Promise<void>;
}

let held: Holder | undefined;

/**
 * Takes the one place; whoever had it before and is on its way out is waited for.
 * @param holder who asks; another one's claim is refused
 * @returns gives the place up
 * @throws NfvError VPP_LIBRARY_BUSY, or the signal's reason
 */
export async function claimLibrary(holder: unknown, signal: AbortSignal): Promise<() => void> {
  while (held !== undefined) {
    if (held.holder !== holder) {
      throw new NfvError('VPP_LIBRARY_BUSY', 'this process has a connection through it already');
    }
    await orAborted(held.gone, signal);
  }
  let giveUp: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => (giveUp = resolve));
  held = { holder, gone };
  return () => {
    held = undefined;
    giveUp();
  };
}

async function orAborted(wait: Promise<void>, signal: AbortSignal): Promise<void> {
  const end = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    const abort = (): void => {
      reject(NfvError.from(signal.reason));
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true, signal: end.signal });
  });
  try {
    await Promise.race([wait, aborted]);
  } finally {
    end.abort();
  }
}
