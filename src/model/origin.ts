/** What a change comes from: the call that made it, and the trace that the call belongs to. */
import { randomBytes } from 'node:crypto';

/** A span of a trace, as W3C Trace Context names it (https://www.w3.org/TR/trace-context/). */
export interface TraceContext {
  /** 32 hex digits in lower case, not all 0. */
  readonly traceId: string;
  /** 16 hex digits in lower case, not all 0. */
  readonly spanId: string;
  /** Somebody keeps the spans of this trace. */
  readonly sampled: boolean;
}

/** A call of the northbound API. */
export interface Origin {
  /** `user/alice`. */
  readonly who: string;
  /** That the caller gave (AIP-155); empty: none. */
  readonly requestId: string;
  readonly trace: TraceContext;
}

const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
/** Of what is looked at; version 00 has 55 characters. */
const MAX_TRACEPARENT = 256;

/** Undefined: it is none (W3C Trace Context §3.2), and to be ignored. */
export function parseTraceparent(text: string): TraceContext | undefined {
  if (text.length > MAX_TRACEPARENT) return undefined;
  const [, traceId, spanId, flags = ''] = TRACEPARENT.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined) return undefined;
  if (text.startsWith('00') && text.length !== 55) return undefined;
  return { traceId, spanId, sampled: (parseInt(flags, 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** Of a trace that nobody keeps, so that logs can name it all the same. */
export function newTrace(): TraceContext {
  const digits = randomBytes(24).toString('hex');
  return { traceId: digits.slice(0, 32), spanId: digits.slice(32), sampled: false };
}
