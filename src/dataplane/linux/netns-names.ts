/** Tells when network namespaces get names or lose them. */
import { watch, type FSWatcher } from 'node:fs';

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
