/** Names of network namespaces, and what has them. */
import { watch, type FSWatcher } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';

/** What statfs(2) calls a namespace's file. */
export const NSFS_MAGIC = 0x6e736673;

/** Undefined: it is no namespace, or not yet; or it cannot be looked at. */
export async function inodeOfNetns(path: string): Promise<number | undefined> {
  try {
    const [{ type }, { ino }] = await Promise.all([statfs(path), stat(path)]);
    return type === NSFS_MAGIC ? ino : undefined;
  } catch {
    return undefined;
  }
}

/** Tells when network namespaces get names or lose them. */

export class NetnsNames {
  #watcher: FSWatcher | undefined;

  constructor(
    private readonly folder: string,
    private readonly changed: (name: string) => void,
  ) {}

  /** Idempotent. Without inotify, or the folder, nothing is told: everything is checked anyway. */
  watch(): void {
    if (this.#watcher !== undefined) return;
    try {
      const watcher = watch(this.folder, { persistent: false }, (_event, name) => {
        if (name !== null) this.changed(name);
      });
      watcher.on('error', () => {
        this.close();
      });
      this.#watcher = watcher;
    } catch {
      // The next observation tries again.
    }
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}
