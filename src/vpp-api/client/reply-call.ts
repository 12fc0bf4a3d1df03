import { NfvError } from '../../errors.js';
import type { Bound } from './binding.js';
import { Call, type CallOwner } from './call.js';
import { refusedError } from './refused.js';

export type Reply = Record<string, unknown>;

/** A request with one reply. */
export class ReplyCall extends Call {
  constructor(
    name: string,
    owner: CallOwner,
    private readonly reply: Bound,
    private readonly resolve: (reply: Reply) => void,
    private readonly reject: (error: NfvError) => void,
  ) {
    super(name, owner);
  }

  override isLast(from: Bound): boolean {
    if (from.id === this.reply.id) return true;
    throw unfitting(this.name, from);
  }

  override receive(from: Bound, message: Buffer): void {
    const reply = from.codec.decode(message);
    const { retval } = reply;
    const isRefusal = typeof retval === 'number' && retval !== 0;
    if (isRefusal) this.reject(refusedError(this.name, retval, reply));
    else this.resolve(reply);
  }

  override fail(error: NfvError): void {
    this.reject(error);
  }
}

export function unfitting(request: string, from: Bound): NfvError {
  return new NfvError('VPP_PROTOCOL', `${from.codec.name} came as an answer to ${request}`);
}
