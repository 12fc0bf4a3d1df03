/**
 * libvppapiclient keeps its connection in static memory: there is one in a process, whatever the
 * number of threads, so the claim on it is the process's too.
 */
import { NfvError } from '../../errors.js';
import { orAborted } from '../or-aborted.js';

export interface Claim {
  /** The connection is over, and is being taken down: others may wait for their turn. */
  leave(): void;
  /** The place is free. */
  giveUp(): void;
}

interface Held {
  isLeaving: boolean;
  readonly gone: Promise<void>;
}

let held: Held | undefined;

/**
 * Takes the one place; waits for whoever is on the way out.
 * @throws NfvError VPP_LIBRARY_BUSY when a connection stands, or the signal's reason
 */
export async function claimLibrary(signal: AbortSignal): Promise<Claim> {
  while (held !== undefined) {
    if (!held.isLeaving) {
      throw new NfvError('VPP_LIBRARY_BUSY', 'this process has a connection through it already');
    }
    await orAborted(held.gone, signal, () => NfvError.from(signal.reason));
  }
  let free: () => void = () => undefined;
  const mine: Held = {
    isLeaving: false,
    gone: new Promise<void>((resolve) => (free = resolve)),
  };
  held = mine;
  return {
    leave: () => {
      mine.isLeaving = true;
    },
    giveUp: () => {
      if (held === mine) held = undefined;
      free();
    },
  };
}
