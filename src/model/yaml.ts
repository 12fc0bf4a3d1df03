/**
 * YAML texts, checked by a schema: what is typed is right, and what is wrong is told all at once,
 * each fault with its line and column. Pure; whoever reads the file says what it is called.
 */
import type { z } from 'zod';
import { invalidFields, NfvError, show, type ErrorCode, type FieldViolation } from '../errors.js';
import { MAX_PROBLEMS, type Path, type Position, type YamlProblem } from './yaml-source.js';
import { readYaml, type YamlTree } from './yaml-tree.js';
import { checkValue } from './zod-problems.js';

export interface YamlOptions {
  /** What the text is called in errors: a path, or "stdin". */
  readonly file: string;
  readonly code: Extract<
    ErrorCode,
    'CONFIG_INVALID' | 'MANIFEST_INVALID' | 'PROFILE_INVALID' | 'INVALID_FIELD'
  >;
  /** UTF-8 bytes. */
  readonly maxBytes: number;
  /** Whole numbers that a double would round are bigints; default: they are rounded. */
  readonly exact?: boolean;
}

export interface YamlDocument<T> {
  readonly value: T;
  /** The line its content begins in, from 1. */
  readonly line: number;
  /** `FILE:LINE:COLUMN: PATH` of a part of it, as in this room's own errors. */
  where(path: Path): string;
  /** The line of a part of it. */
  lineOf(path: Path): number;
}

/**
 * Every document of the text; empty ones are left out.
 * @throws NfvError of the given code, with every fault as a violation whose field is
 * `FILE:LINE:COLUMN: PATH`; MESSAGE_TOO_LARGE.
 */
export function parseYamlDocuments<T>(
  text: string,
  schema: z.ZodType<T>,
  options: YamlOptions,
): YamlDocument<T>[] {
  checkSize(text, options);
  // YAML that is not made to be hard has four bytes a token and more.
  const { trees, problems } = readYaml(text, options.maxBytes / 2, options.exact);
  const faults: YamlProblem[] = [...problems];
  const documents: YamlDocument<T>[] = [];
  for (const tree of trees) {
    const checked = checkValue(schema, tree.value);
    if (checked.ok) documents.push(new Document(checked.value, tree, options.file));
    else faults.push(...checked.problems.map((p) => ({ ...p, at: tree.locate(p.path, p.what) })));
    if (faults.length > MAX_PROBLEMS) break;
  }
  throwIfAny(faults, options);
  return documents;
}

/**
 * The one document of the text; a text without any counts as `{}`.
 * @throws NfvError as parseYamlDocuments, and when there are several documents.
 */
export function parseYaml<T>(text: string, schema: z.ZodType<T>, options: YamlOptions): T {
  const [first, second] = parseYamlDocuments(text, schema, options);
  if (second !== undefined) {
    const field = `${options.file}:${second.line}:1`;
    const violation = { field, value: '---', reason: 'a second document', remedy: 'give one' };
    throw invalidFields([violation], options.code);
  }
  if (first !== undefined) return first.value;
  const [nothing] = parseYamlDocuments('{}', schema, options);
  if (nothing !== undefined) return nothing.value;
  throw new NfvError('INTERNAL', 'a YAML mapping without a document');
}

class Document<T> implements YamlDocument<T> {
  constructor(
    readonly value: T,
    private readonly tree: YamlTree,
    private readonly file: string,
  ) {}

  get line(): number {
    return this.tree.line;
  }

  where(path: Path): string {
    return place(this.file, this.tree.locate(path, 'value'), path);
  }

  lineOf(path: Path): number {
    return this.tree.locate(path, 'value').line;
  }
}

function checkSize(text: string, { file, maxBytes }: YamlOptions): void {
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxBytes) return;
  throw tooLarge(file, `${bytes} bytes`, maxBytes);
}

/** For readers, which need not read on when there is too much. */
export function tooLarge(file: string, size: string, maxBytes: number): NfvError {
  const remedy = `give at most ${maxBytes} bytes; split it into several files`;
  return invalidFields(
    [{ field: file, value: size, reason: 'too large', remedy }],
    'MESSAGE_TOO_LARGE',
  );
}

function place(file: string, { line, column }: Position, path: Path): string {
  const place = `${file}:${line}:${column}`;
  return path.length === 0 ? place : `${place}: ${formatPath(path)}`;
}

/** `spec.prefixes[0]`, `metadata.labels["a b"]`. */
function formatPath(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (!/^[\w-]{1,64}$/.test(step)) text += `[${JSON.stringify(step.slice(0, 64))}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

function throwIfAny(faults: readonly YamlProblem[], { file, code }: YamlOptions): void {
  if (faults.length === 0) return;
  const shown: FieldViolation[] = [...faults]
    .sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column)
    .slice(0, MAX_PROBLEMS)
    .map(({ at, path, value, reason, remedy }) => ({
      field: place(file, at, path),
      value: show(value),
      reason,
      remedy,
    }));
  if (faults.length > shown.length) {
    const reason = `only the first ${MAX_PROBLEMS} faults are told`;
    shown.push({ field: file, value: 'more faults', reason, remedy: 'correct those first' });
  }
  throw invalidFields(shown, code);
}
