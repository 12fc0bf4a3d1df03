import type { NfvError } from '../../errors.js';
import type { Bound } from './binding.js';
import { Call, type CallOwner } from './call.js';
import { unfitting, type Reply } from './reply-call.js';

/** Who gets what a stream brings. */
export interface StreamSink {
  details(fields: Reply): void;
  /** All details have come; with the reply of a `_get`. */
  end(reply: Reply): void;
  fail(error: NfvError): void;
  /**
   * The stream's time is over.
   * @returns milliseconds that it may go on for all the same; undefined: it is over
   */
  moreTime(): number | undefined;
}

/** A request with any number of details and something that ends them. */
export class StreamCall extends Call {
  constructor(
    name: string,
    owner: CallOwner,
    private readonly detailsId: number,
    private readonly endId: number,
    private readonly sink: StreamSink,
  ) {
    super(name, owner);
  }

  override expired(): void {
    const ms = this.sink.moreTime();
    if (ms === undefined) super.expired();
    else this.owner.prolong(this, ms);
  }

  override isLast(from: Bound): boolean {
    if (from.id === this.endId) return true;
    if (from.id === this.detailsId) return false;
    throw unfitting(this.name, from);
  }

  override receive(from: Bound, message: Buffer, last: boolean): void {
    const fields = from.codec.decode(message);
    if (last) this.sink.end(fields);
    else this.sink.details(fields);
  }

  override fail(error: NfvError): void {
    this.sink.fail(error);
  }
}
