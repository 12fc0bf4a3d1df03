/** Undoing what was half done. */
import type { Timers } from '../../host/timers.js';

const UNDO_MS = 1000;

/**
 * Goes on when the operation is given up, but not for long. That it fails is not told, for what it is
 * undone for is; what it leaves is told from what is complete by its mark.
 */
export async function undoing(
  timers: Timers,
  command: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const controller = new AbortController();
  const cancel = timers.after(UNDO_MS, () => {
    controller.abort();
  });
  await command(controller.signal).catch(() => undefined);
  cancel();
}
