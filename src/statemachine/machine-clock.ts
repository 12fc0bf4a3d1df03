import type { Clock } from '../model/clock.js';

/** Our clock as xstate wants one. */
export class MachineClock {
  #next = 0;
  readonly #timers = new Map<number, () => void>();

  constructor(private readonly clock: Pick<Clock, 'after'>) {}

  setTimeout(callback: () => void, ms: number): number {
    const id = this.#next++;
    const fire = (): void => {
      this.#timers.delete(id);
      callback();
    };
    this.#timers.set(id, this.clock.after(ms, fire));
    return id;
  }

  clearTimeout(id: number): void {
    this.#timers.get(id)?.();
    this.#timers.delete(id);
  }
}
