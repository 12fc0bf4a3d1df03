/**
 * What carries messages to one VPP and back. The client knows no more than this of the socket
 * (`socket.ts`) or of the shared memory behind libvppapiclient, whose calls block and so run in a
 * thread of their own: nothing here needs an answer at once, and bytes are handed over in batches.
 */
import type { NfvError } from '../../errors.js';
import type { Registration } from '../wire/handshake.js';

export interface LinkEvents {
  /**
   * One message from VPP, without a frame. The view is good until this returns. What it throws
   * ends the link with that error.
   */
  message(message: Buffer): void;
  /** `congested` is false again. */
  drain(): void;
  /** Answers that VPP owes. With many, a link may gather what comes before it tells of it. */
  readonly owed: number;
  /** Once, last, and never from within a call of the link: the link is gone, by `close()` or else. */
  closed(reason: NfvError): void;
}

/** A connection that VPP has accepted. */
export interface Link extends Registration {
  /**
   * Names the start of VPP that this link leads to: as long as two links have the same text, VPP was
   * not restarted in between. It may differ without a restart.
   */
  readonly instance: string;
  /**
   * Hands over frames, header and message each, to be sent in the order of the calls. `release` is
   * called, once, when the bytes are no longer needed; until then they must not change. On a link
   * that is gone nothing is sent.
   */
  send(frames: Buffer, release: () => void): void;
  /** Bytes handed over that the link could not pass on yet. */
  readonly backlog: number;
  /** The backlog is over its bound: to send more is to be put off until `drain`. */
  readonly congested: boolean;
  /**
   * Stops the messages, or lets them come again. Some that are on their way may still come. VPP
   * keeps what it cannot send, so a link must not stay paused for long.
   */
  pause(): void;
  resume(): void;
  /** Ends the link; `closed` follows. What was not sent yet is dropped. */
  close(reason: NfvError): void;
}

export interface Transport {
  /** For messages to people: the socket's path, the library's. */
  readonly name: string;
  /**
   * @param signal ends the attempt
   * @throws NfvError VPP_UNREACHABLE, NOT_PRIVILEGED, VPP_PROTOCOL, VPP_REFUSED, DEADLINE_EXCEEDED,
   *   CANCELLED
   */
  connect(events: LinkEvents, signal: AbortSignal): Promise<Link>;
}
