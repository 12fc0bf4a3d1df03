import type { Clock } from '../../model/clock.js';

export type Listener = (keys: ReadonlySet<string> | 'unknown') => void;

/** Events come in bursts; they are gathered for so long before they are told. */
const GATHER_MS = 10;
/** No key is told more often than this: a guest may set its end up and down all day long. */
const PAUSE_MS = 1000;

/** Tells keys that may have changed: soon, together, none too often, and none never. */
export class Teller {
  readonly #changed = new Set<string>();
  /** When a key was told, if that is not long ago. */
  readonly #told = new Map<string, number>();
  #unknown = false;
  #gathering: (() => void) | undefined;
  #pausing: (() => void) | undefined;

  /** `more`: called before something is told, for keys that are only worked out then. */
  constructor(
    private readonly clock: Clock,
    private readonly listener: Listener,
    private readonly more: () => Iterable<string>,
  ) {}

  add(key: string): void {
    this.#changed.add(key);
    this.soon();
  }

  unknown(): void {
    this.#unknown = true;
    this.soon();
  }

  soon(): void {
    this.#gathering ??= this.clock.after(GATHER_MS, () => {
      this.#gathering = undefined;
      this.#tell();
    });
  }

  close(): void {
    this.#gathering?.();
    this.#pausing?.();
  }

  #tell(): void {
    for (const key of this.more()) this.#changed.add(key);
    if (this.#unknown) {
      this.#unknown = false;
      this.#changed.clear();
      this.listener('unknown');
      return;
    }
    const now = this.clock.monotonic();
    for (const [key, at] of this.#told) if (now - at >= PAUSE_MS) this.#told.delete(key);
    const ripe = new Set([...this.#changed].filter((key) => !this.#told.has(key)));
    for (const key of ripe) {
      this.#changed.delete(key);
      this.#told.set(key, now);
    }
    if (ripe.size > 0) this.listener(ripe);
    if (this.#changed.size === 0) return;
    this.#pausing ??= this.clock.after(PAUSE_MS, () => {
      this.#pausing = undefined;
      this.#tell();
    });
  }
}
