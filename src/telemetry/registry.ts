/** The metrics of one process, in Prometheus' text form. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Page } from './page-server.js';

/** What a metric is: a line of docs/observability.md. */
export interface Definition<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly Label[];
}

export interface Described extends Definition<string> {
  readonly type: 'counter' | 'gauge' | 'histogram';
}

/** Seconds, from a commit on a fast disk to an NVE that was away for a while. */
const BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
];

export class Metrics implements Page {
  readonly #registry = new Registry();
  /** Of all metrics but those of the process. */
  readonly described: Described[] = [];
  /** Takes what is only read when somebody asks. */
  readonly #samples: (() => Promise<void> | void)[] = [];

  /** Those of the process itself are there from the start: memory, CPU, the event loop. */
  constructor(program: string, version: string) {
    collectDefaultMetrics({ register: this.#registry });
    const info = this.gauge({
      name: 'nfvd_build_info',
      help: 'Always 1; which program it is, and its version',
      labels: ['program', 'version'],
    });
    info.set({ program, version }, 1);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async render(): Promise<string> {
    for (const sample of this.#samples) await sample();
    return await this.#registry.metrics();
  }

  /** To be called before the metrics are shown. */
  onRender(sample: () => Promise<void> | void): void {
    this.#samples.push(sample);
  }

  counter<L extends string>(definition: Definition<L>): Counter<L> {
    return new Counter(this.#configuration('counter', definition));
  }

  gauge<L extends string>(definition: Definition<L>): Gauge<L> {
    return new Gauge(this.#configuration('gauge', definition));
  }

  /** Of seconds. */
  histogram<L extends string>(definition: Definition<L>): Histogram<L> {
    return new Histogram({ ...this.#configuration('histogram', definition), buckets: BUCKETS });
  }

  #configuration<L extends string>(
    type: Described['type'],
    { name, help, labels }: Definition<L>,
  ): {
    name: string;
    help: string;
    labelNames: L[];
    registers: Registry[];
  } {
    this.described.push({ type, name, help, labels });
    return { name, help, labelNames: [...labels], registers: [this.#registry] };
  }
}

/** Shows a count that is kept elsewhere. */
export function setCounter<L extends string>(
  counter: Counter<L>,
  values: Iterable<readonly [Partial<Record<L, string>>, number]>,
): void {
  counter.reset();
  for (const [labels, value] of values) counter.inc(labels, value);
}

/** Shows these values, and no others that were there before. */
export function setGauge<L extends string>(
  gauge: Gauge<L>,
  values: Iterable<readonly [Partial<Record<L, string>>, number]>,
): void {
  gauge.reset();
  for (const [labels, value] of values) gauge.set(labels, value);
}
