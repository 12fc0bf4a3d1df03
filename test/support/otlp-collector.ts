/** A collector of OpenTelemetry as OTLP/HTTP has it, with JSON (https://opentelemetry.io/docs/specs/otlp/). */
import assert from 'node:assert/strict';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { eventually } from './eventually.js';
import type { Netns } from './netns.js';

const value = z.object({
  stringValue: z.string().optional(),
  intValue: z.union([z.string(), z.number()]).optional(),
  boolValue: z.boolean().optional(),
});
const attributes = z.array(z.object({ key: z.string(), value })).default([]);
const request = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              traceId: z.string().regex(/^[0-9a-f]{32}$/),
              spanId: z.string().regex(/^[0-9a-f]{16}$/),
              parentSpanId: z.string().optional(),
              name: z.string(),
              startTimeUnixNano: z.string(),
              endTimeUnixNano: z.string(),
              attributes,
              links: z.array(z.object({ traceId: z.string(), spanId: z.string() })).default([]),
              status: z.object({ code: z.number().optional() }).optional(),
            }),
          ),
        }),
      ),
    }),
  ),
});

export interface CollectedSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: the first of its trace. */
  readonly parentSpanId: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly links: readonly string[];
  readonly failed: boolean;
}

type Pairs = z.infer<typeof attributes>;

const mapOf = (pairs: Pairs): Map<string, string> =>
  new Map(
    pairs.map(({ key, value: v }) => [key, String(v.stringValue ?? v.intValue ?? v.boolValue)]),
  );

const RECEIVER = fileURLToPath(new URL('otlp-receiver.js', import.meta.url));

const received = z.union([
  z.object({ address: z.object({ port: z.number() }) }),
  z.object({ status: z.number() }),
  z.object({ method: z.string(), url: z.string(), type: z.string(), body: z.string() }),
]);

export class OtlpCollector {
  readonly spans: CollectedSpan[] = [];
  /** Where spans are to be sent. */
  url = '';
  readonly #faults: unknown[] = [];
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  #status = 200;

  private constructor(within: Netns | undefined) {
    const [program, ...args] = [
      ...(within === undefined ? [] : ['ip', 'netns', 'exec', within.name]),
      ...[process.execPath, RECEIVER],
    ];
    this.#child = spawn(program ?? '', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface(this.#child.stdout).on('line', (line) => {
      try {
        this.#received(line);
      } catch (fault) {
        this.#faults.push(fault);
      }
    });
  }

  /** On loopback, of a namespace if one is given. */
  static async start(within?: Netns): Promise<OtlpCollector> {
    const collector = new OtlpCollector(within);
    await eventually(() => collector.url !== '');
    return collector;
  }

  /** @param status what it answers with from now on */
  async answer(status: number): Promise<void> {
    this.#child.stdin.write(`${status}\n`);
    await eventually(() => this.#status === status);
  }

  /** @throws what was wrong with what it was sent */
  async stop(): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.stdin.end();
    await closed;
    for (const fault of this.#faults) throw fault;
  }

  #received(line: string): void {
    const message = received.parse(JSON.parse(line));
    if ('address' in message) this.url = `http://127.0.0.1:${message.address.port}/v1/traces`;
    else if ('status' in message) this.#status = message.status;
    else {
      const { method, url, type, body } = message;
      assert.deepEqual([method, url, type], ['POST', '/v1/traces', 'application/json']);
      this.#take(body);
    }
  }

  #take(text: string): void {
    for (const { resource, scopeSpans } of request.parse(JSON.parse(text)).resourceSpans) {
      const service = mapOf(resource.attributes).get('service.name') ?? '';
      for (const { spans } of scopeSpans) {
        for (const span of spans) {
          this.spans.push({
            ...{ service, name: span.name, traceId: span.traceId, spanId: span.spanId },
            parentSpanId: span.parentSpanId ?? '',
            attributes: mapOf(span.attributes),
            links: span.links.map(({ traceId }) => traceId),
            failed: span.status?.code === 2,
          });
        }
      }
    }
  }

  /** The names from a span up to the first of its trace, each with its service. */
  pathOf(span: CollectedSpan): string[] {
    const path: string[] = [];
    for (let at: CollectedSpan | undefined = span; at !== undefined;) {
      path.push(`${at.service}: ${at.name}`);
      const { parentSpanId, traceId }: CollectedSpan = at;
      at = this.spans.find((each) => each.spanId === parentSpanId && each.traceId === traceId);
    }
    return path;
  }
}
