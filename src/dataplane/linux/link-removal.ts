import { hasErrno } from '../../host/iproute2/answers.js';
import type { Doors } from './doors.js';

/** Removes a link that was found to be ours; that it is gone is success. */
export async function removeLink(name: string, doors: Doors): Promise<void> {
  try {
    await doors.ip.run('link', 'del', 'dev', name);
  } catch (error) {
    if (!hasErrno(error, 'ENODEV')) throw error;
  } finally {
    doors.removedLink(name);
  }
}

/** Removes a link that we have just made, after what was to follow has failed. */
export async function undoLink(name: string, doors: Doors): Promise<void> {
  await doors.undo('link', 'del', 'dev', name);
  doors.removedLink(name);
}
