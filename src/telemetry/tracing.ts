/** Traces by OpenTelemetry, sent over OTLP/HTTP. Loaded only where a configuration has them. */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  ROOT_CONTEXT,
  SpanStatusCode,
  trace as api,
  TraceFlags,
  type Context,
  type Span as OtelSpan,
  type SpanContext,
  type Tracer as OtelTracer,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  TracerProvider,
  type ReadableSpan,
  type SpanExporter,
} from '@opentelemetry/sdk-trace';
import { clip, NfvError } from '../errors.js';
import { errorFields, type Log } from '../model/log.js';
import type { TraceContext } from '../model/origin.js';
import type { Attributes, Span, SpanOptions, Tracer } from '../model/tracing.js';

export interface TracingOptions {
  /** Of a collector: `http://127.0.0.1:4318/v1/traces`. */
  readonly url: string;
  /** `nfvd-nva`, `nfvd-nve`, `nfvctl`. */
  readonly service: string;
  readonly version: string;
  /** More of the process: its NVE. */
  readonly attributes?: Attributes;
  readonly log: Pick<Log, 'warn' | 'info'>;
}

/** Spans that wait; of more, the newest are lost. */
const MAX_QUEUE = 4096;
const MAX_BATCH = 512;
/** Milliseconds between two sendings, for one of them, and for the last. */
const DELAY_MS = 1000;
const EXPORT_MS = 5000;
const STOP_MS = 3000;
const MAX_TEXT = 500;

export class Tracing implements Tracer {
  readonly #provider: TracerProvider;
  readonly #tracer: OtelTracer;
  readonly #active = new AsyncLocalStorage<TraceContext>();

  constructor({ url, service, version, attributes = {}, log }: TracingOptions) {
    // At the end all that waits is sent at once.
    const concurrencyLimit = MAX_QUEUE / MAX_BATCH + 1;
    const exporter = new OTLPTraceExporter({ url, timeoutMillis: EXPORT_MS, concurrencyLimit });
    const losses = new Losses(url, log);
    const processor = new TellingProcessor(losses, {
      exporter: telling(exporter, losses),
      maxQueueSize: MAX_QUEUE,
      maxExportBatchSize: MAX_BATCH,
      scheduledDelayMillis: DELAY_MS,
      exportTimeoutMillis: EXPORT_MS,
    });
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({
        'service.name': service,
        'service.version': version,
        'process.pid': process.pid,
        ...attributes,
      }),
      sampler: new AlwaysOnSampler(),
      spanLimits: { attributeValueLengthLimit: MAX_TEXT, linkCountLimit: 16 },
      spanProcessors: [processor],
    });
    this.#tracer = this.#provider.getTracer('nfvd', version);
  }

  get isActive(): boolean {
    return this.#active.getStore() !== undefined;
  }

  start(name: string, { parent, links = [], attributes = {} }: SpanOptions = {}): Span {
    const above = parent ?? this.#active.getStore();
    const options = {
      attributes,
      links: links.map((link) => ({ context: spanContext(link) })),
    };
    const span = this.#tracer.startSpan(name, options, contextOf(above));
    return new Measured(span);
  }

  within<T>(span: Span, run: () => T): T {
    return this.#active.run(span.context, run);
  }

  /** Sends what waits, for 3 s at most. */
  async stop(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_MS);
    });
    await Promise.race([this.#provider.shutdown().catch(() => undefined), late]);
    clearTimeout(timer);
  }
}

class Measured implements Span {
  readonly context: TraceContext;

  constructor(private readonly span: OtelSpan) {
    const { traceId, spanId } = span.spanContext();
    this.context = { traceId, spanId, sampled: true };
  }

  end(error?: { readonly code: string; readonly message: string }, more: Attributes = {}): void {
    this.span.setAttributes({ ...more });
    if (error !== undefined) {
      this.span.setAttribute('nfvd.code', error.code);
      this.span.setStatus({
        code: SpanStatusCode.ERROR,
        message: clip(error.message, MAX_TEXT),
      });
    }
    this.span.end();
  }
}

function contextOf(parent: TraceContext | undefined): Context {
  return parent === undefined
    ? ROOT_CONTEXT
    : api.setSpanContext(ROOT_CONTEXT, spanContext(parent));
}

function spanContext({ traceId, spanId }: TraceContext): SpanContext {
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
}

/** Counts the spans that wait to be sent, and tells once that some are lost, and once that they are not any more. */
class Losses {
  #isLosing = false;
  /** Spans that have ended and are not on their way yet. */
  #waiting = 0;
  /** Some found no room since the last ones were sent. */
  #overflowed = false;

  constructor(
    private readonly url: string,
    private readonly log: TracingOptions['log'],
  ) {}

  ended(): void {
    if (this.#waiting < MAX_QUEUE) {
      this.#waiting++;
      return;
    }
    this.#overflowed = true;
    this.#lost(new NfvError('TOO_MANY_REQUESTS', `${MAX_QUEUE} spans wait: the collector is slow`));
  }

  taken(spans: number): void {
    this.#waiting -= spans;
  }

  sent(error: Error | undefined): void {
    if (error !== undefined) this.#lost(NfvError.from(error));
    else if (this.#isLosing && !this.#overflowed) {
      this.#isLosing = false;
      this.log.info({ url: this.url }, 'traces are sent again');
    }
    this.#overflowed = false;
  }

  #lost(error: NfvError): void {
    if (this.#isLosing) return;
    this.#isLosing = true;
    this.log.warn({ url: this.url, ...errorFields(error) }, 'traces are lost');
  }
}

class TellingProcessor extends BatchSpanProcessor {
  constructor(
    private readonly losses: Losses,
    options: ConstructorParameters<typeof BatchSpanProcessor>[0],
  ) {
    super(options);
  }

  override onEnd(span: ReadableSpan): void {
    this.losses.ended();
    super.onEnd(span);
  }
}

function telling(exporter: SpanExporter, losses: Losses): SpanExporter {
  return {
    export(spans, done) {
      losses.taken(spans.length);
      exporter.export(spans, (result) => {
        losses.sent(result.error);
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}
