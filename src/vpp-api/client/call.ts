import type { NfvError } from '../../errors.js';
import type { Bound } from './binding.js';
import { Timed } from './deadlines.js';

/** What a call needs of the pipeline that it goes through. */
export interface CallOwner {
  /** The call's deadline is over. */
  timedOut(call: Call): void;
  /** Gives a call whose deadline is over another one. */
  prolong(call: Call, ms: number): void;
}

const NONE: readonly Buffer[] = [];

/** One request and what comes back. */
export abstract class Call extends Timed {
  /**
   * `waiting` for its turn; `sent`; `done`, with an answer or an error. `abandoned`: done, but VPP
   * has not said the last word of its answer, which goes nowhere.
   */
  state: 'new' | 'waiting' | 'sent' | 'abandoned' | 'done' = 'new';
  context = 0;
  /** What is to be sent, while it waits. */
  frames: readonly Buffer[] = NONE;
  signal: AbortSignal | undefined;

  constructor(
    /** The request's, for messages to people. */
    readonly name: string,
    protected readonly owner: CallOwner,
  ) {
    super();
  }

  override expired(): void {
    this.owner.timedOut(this);
  }

  /**
   * Whether a message can be the last one of the answer.
   * @throws NfvError VPP_PROTOCOL if it cannot belong to the answer at all
   */
  abstract isLast(from: Bound): boolean;

  /**
   * Takes a message of the answer; with the last one the call is settled.
   * @throws what the codec throws for a message that it cannot read
   */
  abstract receive(from: Bound, message: Buffer, last: boolean): void;

  abstract fail(error: NfvError): void;
}
