import { setImmediate as nextTurn } from 'node:timers/promises';

/** For work of milliseconds that comes in hundreds at once: one in each turn of the event loop. */
export class EventLoopTurns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves in a turn that is nobody else's; then the work is to be done without waiting. */
  take(): Promise<void> {
    this.#last = this.#last.then(() => nextTurn());
    return this.#last;
  }
}
