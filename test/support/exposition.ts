/**
 * Prometheus' text format, read as strictly as its page has it
 * (https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4): what promtool would
 * complain about is an error here, too.
 */
import assert from 'node:assert/strict';

export interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped'];
const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"/;

export function parseExposition(text: string): Map<string, Family> {
  assert.ok(text.endsWith('\n'), 'the last line is not ended');
  const families = new Map<string, { type: string; help: string; samples: Sample[] }>();
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const [, what, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (what === 'HELP') {
      assert.ok(!families.has(name), `${name} is there twice`);
      assert.ok(rest !== '', `${name} has no help`);
      families.set(name, { help: rest, type: '', samples: [] });
      current = name;
    } else if (what === 'TYPE') {
      const family = families.get(name);
      assert.ok(family !== undefined && name === current, `TYPE without HELP: ${line}`);
      assert.ok(TYPES.includes(rest) && family.samples.length === 0, line);
      family.type = rest;
    } else {
      const sample = parseSample(line);
      const family = families.get(current);
      assert.ok(family !== undefined && isOf(sample.name, current, family.type), line);
      family.samples.push(sample);
    }
  }
  const result = new Map([...families].map(([name, family]) => [name, { name, ...family }]));
  for (const family of result.values()) checkFamily(family);
  return result;
}

function parseSample(line: string): Sample {
  const [name = ''] = NAME.exec(line) ?? [];
  assert.ok(name !== '', `no sample: ${line}`);
  const { labels, rest } = parseLabels(line, line.slice(name.length));
  const [, text = ''] = /^ (\S+)$/.exec(rest) ?? [];
  const value = text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
  // Go's ParseFloat takes it in any case; of an event loop that was not looked at yet.
  assert.ok(/^nan$/i.test(text) || (text !== '' && !Number.isNaN(value)), `no value: ${line}`);
  return { name, labels, value };
}

function parseLabels(line: string, text: string): { labels: Map<string, string>; rest: string } {
  const labels = new Map<string, string>();
  if (!text.startsWith('{')) return { labels, rest: text };
  let rest = text.slice(1);
  while (!rest.startsWith('}')) {
    const [all = '', label = '', value = ''] = LABEL.exec(rest) ?? [];
    assert.ok(all !== '' && !labels.has(label), `bad labels: ${line}`);
    labels.set(
      label,
      value.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c)),
    );
    rest = rest.slice(all.length);
    if (rest.startsWith(',')) rest = rest.slice(1);
    else assert.ok(rest.startsWith('}'), `bad labels: ${line}`);
  }
  return { labels, rest: rest.slice(1) };
}

function isOf(sample: string, family: string, type: string): boolean {
  const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
  if (type === 'summary') suffixes.push('_sum', '_count');
  return suffixes.some((suffix) => sample === family + suffix);
}

const textOf = (labels: ReadonlyMap<string, string>, without = ''): string =>
  JSON.stringify([...labels].filter(([label]) => label !== without).sort());

function checkFamily({ name, type, samples }: Family): void {
  assert.ok(type !== '', `${name} has no type`);
  const seen = new Set<string>();
  for (const sample of samples) {
    const id = `${sample.name}${textOf(sample.labels)}`;
    assert.ok(!seen.has(id), `${id} is there twice`);
    seen.add(id);
    if (type === 'counter') assert.ok(sample.value >= 0, id);
  }
  if (type === 'histogram') checkHistogram(name, samples);
}

/** Buckets only grow, and the last, +Inf, is the count. */
function checkHistogram(name: string, samples: readonly Sample[]): void {
  const series = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = textOf(sample.labels, 'le');
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  for (const [key, own] of series) {
    const buckets = own.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => {
      const le = labels.get('le') ?? 'absent';
      return le === '+Inf' ? Infinity : Number(le);
    });
    assert.deepEqual(
      bounds,
      [...bounds].sort((a, b) => a - b),
      `${name}${key}`,
    );
    assert.equal(bounds.at(-1), Infinity, `${name}${key} has no +Inf`);
    const counts = buckets.map(({ value }) => value);
    assert.deepEqual(
      counts,
      [...counts].sort((a, b) => a - b),
      `${name}${key}`,
    );
    const count = own.find((sample) => sample.name === `${name}_count`)?.value;
    assert.equal(counts.at(-1), count, `${name}${key}`);
    assert.ok(own.some((sample) => sample.name === `${name}_sum`));
  }
}

/** The value of one sample; labels that are not given do not matter. Undefined: there is none. */
export function valueOf(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
  const found = family?.samples.filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels.get(label) === value),
  );
  assert.ok(found === undefined || found.length <= 1, `several samples of ${name}`);
  return found?.[0]?.value;
}
