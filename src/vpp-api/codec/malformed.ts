import { NfvError } from '../../errors.js';

/** More is announced at `offset` than the message has. Thrown by the generated code. */
export function shorten(source: Buffer, offset: number, bytes: number): never {
  throw new Malformed(
    `${bytes} bytes announced at offset ${offset}, ${Math.max(0, source.length - offset)} are there`,
  );
}

/** A message that is not as its definition says; becomes an NfvError where its name is known. */
export class Malformed extends Error {
  named(key: string): NfvError {
    return new NfvError('VPP_MESSAGE_MALFORMED', `${key}: ${this.message}`, { cause: this });
  }
}
