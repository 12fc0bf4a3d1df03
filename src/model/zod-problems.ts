/** What zod found wrong with a value, in our words. */
import { z } from 'zod';
import { nearest } from './nearest.js';
import { MAX_PROBLEMS } from './yaml-source.js';

export interface ValueProblem {
  readonly path: readonly (string | number)[];
  /** What is wrong is the key, not the value under it. */
  readonly what: 'key' | 'value';
  readonly value: unknown;
  readonly reason: string;
  readonly remedy: string;
}

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly ValueProblem[] };

/**
 * A schema's own `error` text is taken as "reason; remedy": `z.int({ error: 'not a port; give
 * 1-65535' })`. All other texts are ours. Objects that shall know their keys are strictObjects.
 */
export function checkValue<T>(schema: z.ZodType<T>, value: unknown): Checked<T> {
  const knownKeys = new WeakMap<readonly string[], readonly string[]>();
  const result = schema.safeParse(value, {
    error: (issue) => {
      if (issue.code === 'unrecognized_keys' && issue.inst instanceof z.core.$ZodObject) {
        knownKeys.set(issue.keys, Object.keys(issue.inst._zod.def.shape));
      }
      // Tells the texts of schemas from the library's.
      return '';
    },
  });
  if (result.success) return { ok: true, value: result.data };
  const words = new Words(value, knownKeys);
  const problems: ValueProblem[] = [];
  for (const issue of result.error.issues) {
    problems.push(...words.problems(issue, []));
    if (problems.length > MAX_PROBLEMS) break;
  }
  return { ok: false, problems };
}

type Steps = readonly (string | number)[];

class Words {
  constructor(
    private readonly root: unknown,
    private readonly knownKeys: WeakMap<readonly string[], readonly string[]>,
  ) {}

  problems(issue: z.core.$ZodIssue, base: Steps): ValueProblem[] {
    const path = [...base, ...issue.path.map(toStep)];
    if (issue.code === 'unrecognized_keys') {
      const known = this.knownKeys.get(issue.keys) ?? [];
      // One more than are told, so that it can be seen that there are more.
      const told = issue.keys.slice(0, MAX_PROBLEMS + 1);
      return told.map((key) => unknownKey([...path, key], key, known));
    }
    if (issue.code === 'invalid_key') {
      const [first] = issue.issues.flatMap((inner) => this.problems(inner, path));
      const key = path.at(-1);
      const { reason, remedy } = first ?? { reason: 'not a key for this', remedy: 'change it' };
      return [{ path, what: 'key', value: key, reason, remedy }];
    }
    const value = valueAt(this.root, path);
    const [reason, remedy] = issue.message === '' ? say(issue, value) : split(issue.message);
    return [{ path, what: 'value', value, reason, remedy }];
  }
}

function toStep(step: PropertyKey): string | number {
  return typeof step === 'symbol' ? String(step) : step;
}

function split(message: string): [string, string] {
  const end = message.indexOf('; ');
  if (end < 0) return [message, 'correct it'];
  return [message.slice(0, end), message.slice(end + 2)];
}

function unknownKey(path: Steps, key: string, known: readonly string[]): ValueProblem {
  const meant = nearest(key, known);
  const list = known.length === 0 ? 'none is allowed here' : `known: ${known.join(', ')}`;
  const remedy = meant === undefined ? list : `did you mean "${meant}"? ${list}`;
  return { path, what: 'key', value: key, reason: 'unknown key', remedy };
}

function valueAt(root: unknown, path: Steps): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step))
      return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of keys to values',
  record: 'a mapping of keys to values',
};

function say(issue: z.core.$ZodIssue, value: unknown): [string, string] {
  if (value === undefined) return ['missing', `add it: ${whatWouldDo(issue)}`];
  switch (issue.code) {
    case 'invalid_type':
      return sayType(issue.expected, value);
    case 'invalid_value':
    case 'invalid_union':
      return ['not one of those allowed', `give ${whatWouldDo(issue)}`];
    case 'too_big':
      return sayBound(issue.origin, 'at most', issue.maximum);
    case 'too_small':
      return sayBound(issue.origin, 'at least', issue.minimum);
    case 'invalid_format':
      return ['of the wrong form', `give one that matches ${issue.pattern ?? issue.format}`];
    default:
      return ['not allowed', 'correct it'];
  }
}

function whatWouldDo(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return EXPECTED[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return oneOf(issue.values);
    case 'invalid_union': {
      if ('options' in issue) return oneOf(issue.options);
      const forms = issue.errors.flatMap(([first]) => (first === undefined ? [] : [first]));
      return [...new Set(forms.map(whatWouldDo))].join(', or ');
    }
    default:
      return 'a value';
  }
}

function oneOf(values: readonly unknown[]): string {
  const texts = values.map(String);
  return texts.length === 1 ? `"${texts.join('')}"` : `one of ${texts.join(', ')}`;
}

function sayType(expected: string, value: unknown): [string, string] {
  const wanted = EXPECTED[expected] ?? expected;
  const isScalar = typeof value === 'number' || typeof value === 'boolean';
  const remedy =
    expected === 'string' && isScalar ? `put it in quotes: "${String(value)}"` : `give ${wanted}`;
  return [`${kindOf(value)}, not ${wanted}`, remedy];
}

function kindOf(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'text';
    case 'number':
      return Number.isInteger(value) ? 'a number' : 'a number with a fraction';
    case 'bigint':
      return 'a number';
    case 'boolean':
      return 'true or false';
    default:
      return 'a mapping';
  }
}

function sayBound(origin: string, bound: string, limit: number | bigint): [string, string] {
  const tooMuch = bound === 'at most';
  switch (origin) {
    case 'string':
      return [tooMuch ? 'too long' : 'too short', `give ${bound} ${limit.toString()} characters`];
    case 'array':
    case 'set':
      return [tooMuch ? 'too many' : 'too few', `give ${bound} ${limit.toString()}`];
    default:
      return ['out of range', `give ${bound} ${limit.toString()}`];
  }
}
