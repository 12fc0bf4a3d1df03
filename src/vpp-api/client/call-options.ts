import type { Boot } from './boot.js';

export interface CallOptions {
  readonly signal?: AbortSignal;
  /**
   * Milliseconds to the answer. Of a stream: between two things that come from VPP, or two that its
   * reader takes.
   */
  readonly deadlineMs?: number;
  /** The call is only for this start of VPP, for it has indices from it. */
  readonly boot?: Boot;
}
