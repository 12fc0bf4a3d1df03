/**
 * What a campaign does, made from its seed alone: rounds of writes, a fault, and more writes while it
 * lasts. What becomes of a write has no say in what is next: all are repeated until they are done.
 */
import type { Specified } from '../../../src/model/changes.js';
import { seeded, upTo } from '../seeded.js';
import { FAULT_KINDS, type FaultKind } from './fault-kinds.js';
import { firstModel } from './first-model.js';
import type { GuestNames, Holders, PlannedModel } from './planned-model.js';
import type { Write } from './write.js';
import { draw } from './write-kinds.js';

export interface Step {
  readonly number: number;
  /** Index of the one it is asked of. */
  readonly replica: number;
  readonly text: string;
  readonly write: Write;
}

export interface Round {
  readonly number: number;
  readonly before: readonly Step[];
  readonly fault: FaultKind;
  /** Which of its kind, where it is not found out at the time. */
  readonly victim: number;
  /** How long it lasts at least, in milliseconds. */
  readonly holdMs: number;
  readonly during: readonly Step[];
  /** As it is to be after the round. */
  readonly model: ReadonlyMap<string, Specified>;
  readonly holders: Holders;
}

export interface ScheduleOptions {
  readonly seed: number;
  readonly guests: GuestNames;
  /** The hosts' kernels have 8021q. */
  readonly vlans: boolean;
  /** Of these, each before any comes again; default all. */
  readonly faults?: readonly FaultKind[];
  /** Of those that last long; default 20 s. */
  readonly maxHoldMs?: number;
}

export class Schedule {
  readonly model: PlannedModel;
  readonly #random: () => number;
  #steps = 0;
  #rounds = 0;
  #deck: FaultKind[] = [];

  constructor(private readonly options: ScheduleOptions) {
    this.#random = seeded(options.seed);
    this.model = firstModel(options.guests, options.vlans);
  }

  round(): Round {
    const touched = new Set<string>();
    const before = this.#draw(2 + upTo(this.#random, 4), undefined);
    const fault = this.#fault();
    const victim = upTo(this.#random, 3);
    const isLong = upTo(this.#random, 5) === 0;
    const { maxHoldMs = 20_000 } = this.options;
    const holdMs = Math.min(maxHoldMs, 500 + upTo(this.#random, isLong ? 20_000 : 3000));
    const during = this.#draw(2 + upTo(this.#random, 3), touched);
    const model = new Map(this.model.resources);
    const holders = new Map(this.model.holders);
    return { number: ++this.#rounds, before, fault, victim, holdMs, during, model, holders };
  }

  #fault(): FaultKind {
    if (this.#deck.length === 0) {
      this.#deck = [...(this.options.faults ?? FAULT_KINDS)];
      for (let i = this.#deck.length - 1; i > 0; i--) {
        const j = upTo(this.#random, i + 1);
        const [a, b] = [this.#deck[i], this.#deck[j]];
        if (a !== undefined && b !== undefined) [this.#deck[i], this.#deck[j]] = [b, a];
      }
    }
    const next = this.#deck.pop();
    if (next === undefined) throw new Error('no faults');
    return next;
  }

  /** @param touched resources that no further step may have to do with: their fate is not known yet */
  #draw(count: number, touched: Set<string> | undefined): Step[] {
    const steps: Step[] = [];
    for (let tries = 0; steps.length < count && tries < 50; tries++) {
      const made = draw(this.model, this.#random, touched !== undefined);
      if (made === undefined || made.about.some((key) => touched?.has(key))) continue;
      for (const key of made.about) touched?.add(key);
      const { write, text } = made;
      this.model.take(write.effects);
      if (write.kind === 'take') this.model.hand(write.network, write.ip, write.id);
      steps.push({ number: ++this.#steps, replica: upTo(this.#random, 3), text, write });
    }
    return steps;
  }
}
