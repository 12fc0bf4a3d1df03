/** The machines of a host and of its NICs, as they follow what happens to it. */
import { createActor, type ActorRefFrom } from 'xstate';
import type { Clock } from '../../model/clock.js';
import type { Inventory } from '../../model/host/inventory.js';
import type { NicStatus } from '../../model/host/status.js';
import { hostMachine, type HostEvent } from '../../statemachine/host.js';
import { MachineClock } from '../../statemachine/machine-clock.js';
import type { StepEvent } from './engine.js';
import { NicWatch } from './nic-watch.js';
import type { Transaction } from './transaction.js';

export class Lifecycle {
  readonly #actor: ActorRefFrom<typeof hostMachine>;
  readonly #nics = new NicWatch();

  /** @param onState is told each state, by its name */
  constructor(clock: Clock, onState: (state: string) => void) {
    this.#actor = createActor(hostMachine, { clock: new MachineClock(clock) });
    this.#actor.subscribe((snapshot) => {
      onState(nameOf(snapshot.value));
    });
  }

  start(): void {
    this.#actor.start();
  }

  stop(): void {
    this.#actor.stop();
  }

  send(event: HostEvent): void {
    this.#actor.send(event);
  }

  /** `ready`, `applying.making`. */
  get state(): string {
    return nameOf(this.#actor.getSnapshot().value);
  }

  get isReady(): boolean {
    return this.#actor.getSnapshot().matches('ready');
  }

  get isUndoing(): boolean {
    return this.#actor.getSnapshot().matches('undoing');
  }

  /** What went wrong last; empty: nothing. */
  get trouble(): string {
    return this.#actor.getSnapshot().context.trouble;
  }

  get nics(): NicStatus[] {
    return this.#nics.statuses;
  }

  /** The host was looked at. */
  see(inventory: Inventory, transactions: readonly Transaction[]): void {
    this.#nics.see(inventory, transactions);
  }

  step(event: StepEvent): void {
    this.#nics.step(event);
    if (event.direction !== 'do') return;
    if (event.what === 'begun') this.send({ type: 'STEP_BEGUN' });
    if (event.what === 'made') this.send({ type: 'STEP_MADE' });
    if (event.what === 'done') this.send({ type: 'STEP_DONE' });
  }

  /** Nothing hangs any more. */
  freed(): void {
    this.#nics.freed();
  }
}

function nameOf(value: string | Readonly<Record<string, string>>): string {
  if (typeof value === 'string') return value;
  return Object.entries(value)
    .map(([outer, inner]) => `${outer}.${inner}`)
    .join();
}
