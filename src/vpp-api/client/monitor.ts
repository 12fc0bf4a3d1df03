import type { Timers } from '../timers.js';

export interface MonitorOptions {
  readonly timers: Timers;
  /** Milliseconds between two looks. */
  readonly probeMs: number;
  /** Milliseconds of silence, with answers owed, from which on VPP is slow. */
  readonly slowMs: number;
}

/** What the monitor looks at and does. */
export interface Monitored {
  /** VPP owes answers, and nothing of ours keeps them from coming. */
  readonly owes: boolean;
  /** A ping would tell something: nothing else is under way, or calls were given up. */
  readonly wantsPing: boolean;
  ping(): void;
  slow(): void;
  recovered(): void;
}

/** Tells a VPP that is slow from one that has nothing to say, by asking it now and then. */
export class Monitor {
  #heard = true;
  #quietSince: number | undefined;
  #isSlow = false;
  #stopped = false;
  #cancel: (() => void) | undefined;

  constructor(
    private readonly options: MonitorOptions,
    private readonly monitored: Monitored,
  ) {}

  start(): void {
    if (this.#stopped) return;
    const { timers, probeMs } = this.options;
    this.#cancel = timers.after(probeMs, () => {
      this.#look();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  /** Something came from VPP. */
  heard(): void {
    this.#heard = true;
    if (!this.#isSlow) return;
    this.#isSlow = false;
    this.monitored.recovered();
  }

  #look(): void {
    const now = this.options.timers.monotonic();
    if (this.#heard || !this.monitored.owes) this.#quietSince = undefined;
    else {
      this.#quietSince ??= now;
      if (!this.#isSlow && now - this.#quietSince >= this.options.slowMs) {
        this.#isSlow = true;
        this.monitored.slow();
      }
    }
    this.#heard = false;
    if (this.monitored.wantsPing) this.monitored.ping();
    this.start();
  }
}
