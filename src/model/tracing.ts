/** Traces as a parameter: what a room needs to tell how long its part of a call took. */
import { NfvError } from '../errors.js';
import type { TraceContext } from './origin.js';

export type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  /** Absent: the one that is active, or none. */
  readonly parent?: TraceContext | undefined;
  /** What it also comes from. */
  readonly links?: readonly TraceContext[];
  readonly attributes?: Attributes;
}

/** A part of a trace that is under way. */
export interface Span {
  readonly context: TraceContext;
  /** @param error why it failed; absent: it went well */
  end(error?: { readonly code: string; readonly message: string }, more?: Attributes): void;
}

/** Absent wherever traces are off: then nothing is done for them. */
export interface Tracer {
  start(name: string, options?: SpanOptions): Span;
  /** Runs with the span active, also what it waits for. */
  within<T>(span: Span, run: () => T): T;
  /** Whether a span is active here. */
  readonly isActive: boolean;
}

/** Calls whose changes one delta or one pass tells of; of more, the newest. */
export const MAX_TRACES = 8;

/** As many as are told, each once. */
export function newest(traces: readonly TraceContext[]): readonly TraceContext[] {
  const bySpan = new Map(traces.map((trace) => [trace.spanId, trace]));
  return [...bySpan.values()].slice(-MAX_TRACES);
}

/** A span whose parent is the newest, with links to the others. */
export function spanOf(
  tracer: Tracer,
  name: string,
  traces: readonly TraceContext[],
  attributes: Attributes,
): Span {
  return tracer.start(name, { parent: traces.at(-1), links: traces.slice(0, -1), attributes });
}

/** Does something that comes from these calls; only if there are any, and traces are on, as a span. */
export async function spanned<T>(
  tracer: Tracer | undefined,
  name: string,
  traces: readonly TraceContext[],
  run: () => Promise<T>,
): Promise<T> {
  if (tracer === undefined || traces.length === 0) return await run();
  return await measured(tracer, spanOf(tracer, name, traces, {}), run);
}

/** Ends the span with what `run` comes to. */
export async function measured<T>(tracer: Tracer, span: Span, run: () => Promise<T>): Promise<T> {
  try {
    const result = await tracer.within(span, run);
    span.end();
    return result;
  } catch (thrown) {
    span.end(NfvError.from(thrown));
    throw thrown;
  }
}

/** For a log line: the ids of the calls, if there are any. */
export function traceFields(traces: readonly TraceContext[]): { readonly traceIds?: string[] } {
  return traces.length === 0
    ? {}
    : { traceIds: [...new Set(traces.map(({ traceId }) => traceId))] };
}
