/**
 * Filters of List and Watch: the subset of AIP-160 that docs/api.md#filters describes.
 *
 *     filter      = [ expression ]
 *     expression  = factor { "AND" factor }
 *     factor      = term { "OR" term }          OR binds closer than AND, as in AIP-160
 *     term        = [ "NOT" | "-" ] simple
 *     simple      = "(" expression ")" | restriction
 *     restriction = field comparator value
 *     field       = name { "." ( name | quoted ) }
 *     comparator  = "=" | "!=" | "<" | "<=" | ">" | ">=" | ":"
 *     value       = word | quoted
 */
import { invalidFields, show, type NfvError } from '../errors.js';
import { FilterScanner, type Comparator, type Token } from './filter-scanner.js';

export interface Restriction {
  readonly kind: 'restriction';
  /** `labels.site` in its steps. */
  readonly path: readonly string[];
  readonly comparator: Comparator;
  readonly value: string;
  /** The value ended in `*`, which is not part of it: anything may follow. */
  readonly open: boolean;
  /** Of its field in the text, from 1. */
  readonly position: number;
}

export type Filter =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Filter[] }
  | { readonly kind: 'not'; readonly part: Filter }
  | Restriction;

/** As JSON: what a resource shows of itself, under its wire names. */
export type FieldValue =
  string | number | boolean | readonly FieldValue[] | { readonly [name: string]: FieldValue };
export type FieldRecord = Readonly<Record<string, FieldValue>>;

const MAX_LENGTH = 4096;
const MAX_DEPTH = 20;

/** The filter of an empty text: everything matches. */
export const MATCH_ALL: Filter = { kind: 'and', parts: [] };

/** @throws NfvError INVALID_FILTER that says at which character, from 1. */
export function parseFilter(text: string): Filter {
  if (text.length > MAX_LENGTH) {
    const remedy = `give at most ${MAX_LENGTH} characters`;
    throw invalidFilter(text, `${text.length} characters long`, remedy);
  }
  if (text.trim() === '') return MATCH_ALL;
  return new Parser(text).parse();
}

export function invalidFilter(value: string, reason: string, remedy: string): NfvError {
  return invalidFields([{ field: 'filter', value: show(value), reason, remedy }], 'INVALID_FILTER');
}

class Parser {
  readonly #scanner: FilterScanner;
  #next: Token;
  #depth = 0;

  constructor(private readonly text: string) {
    this.#scanner = new FilterScanner(text, (at, reason, remedy) =>
      this.#error(at, reason, remedy),
    );
    this.#next = this.#scanner.next();
  }

  parse(): Filter {
    const filter = this.#expression();
    if (this.#peek().kind !== 'end') throw this.#unexpected('AND or OR');
    return filter;
  }

  #expression(): Filter {
    return this.#chain('and', 'AND', () => this.#chain('or', 'OR', () => this.#term()));
  }

  #chain(kind: 'and' | 'or', keyword: 'AND' | 'OR', part: () => Filter): Filter {
    const parts = [part()];
    for (let next = this.#next; isKeyword(next, keyword); next = this.#next) {
      this.#take();
      parts.push(part());
    }
    const [first] = parts;
    return parts.length === 1 && first !== undefined ? first : { kind, parts };
  }

  #term(): Filter {
    const next = this.#next;
    if (next.kind !== 'minus' && !isKeyword(next, 'NOT')) return this.#simple();
    this.#take();
    return { kind: 'not', part: this.#simple() };
  }

  #simple(): Filter {
    if (this.#peek().kind !== '(') return this.#restriction();
    if (++this.#depth > MAX_DEPTH) {
      const remedy = `nest at most ${MAX_DEPTH} parentheses`;
      throw this.#error(this.#peek().at, 'nested too deeply', remedy);
    }
    this.#take();
    const inner = this.#expression();
    if (this.#peek().kind !== ')') throw this.#unexpected('")"');
    this.#take();
    this.#depth--;
    return inner;
  }

  #restriction(): Restriction {
    const field = this.#peek();
    if (field.kind !== 'word') throw this.#unexpected('the name of a field');
    this.#take();
    const path = [field.text, ...this.#members()];
    const comparator = this.#peek();
    if (comparator.kind !== 'comparator') throw this.#unexpected('= or another comparator');
    this.#next = this.#scanner.nextValue();
    const value = this.#peek();
    if (value.kind !== 'value') throw this.#unexpected('a value');
    this.#take();
    return {
      kind: 'restriction',
      path,
      comparator: comparator.comparator,
      value: value.text,
      open: value.open,
      position: field.at + 1,
    };
  }

  #members(): string[] {
    const members: string[] = [];
    while (this.#peek().kind === 'dot') {
      this.#take();
      const member = this.#peek();
      if (member.kind !== 'word' && member.kind !== 'quoted') throw this.#unexpected('a name');
      members.push(member.text);
      this.#take();
    }
    return members;
  }

  #peek(): Token {
    return this.#next;
  }

  #take(): void {
    this.#next = this.#scanner.next();
  }

  #unexpected(wanted: string): NfvError {
    const { kind, at } = this.#next;
    return this.#error(at, kind === 'end' ? 'ends too soon' : 'unexpected', `give ${wanted} here`);
  }

  #error(at: number, reason: string, remedy: string): NfvError {
    return invalidFilter(this.text.slice(at), `at character ${at + 1}: ${reason}`, remedy);
  }
}

function isKeyword(token: Token, keyword: 'AND' | 'OR' | 'NOT'): boolean {
  return token.kind === 'keyword' && token.text === keyword;
}

/** Whether a record is one that the filter is about. */
export function matches(filter: Filter, record: FieldRecord): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.parts.every((part) => matches(part, record));
    case 'or':
      return filter.parts.some((part) => matches(part, record));
    case 'not':
      return !matches(filter.part, record);
    case 'restriction':
      return filter.comparator === '!='
        ? !holds({ ...filter, comparator: '=' }, record, filter.path)
        : holds(filter, record, filter.path);
  }
}

/** Of a list, one element is enough. */
function holds(r: Restriction, value: FieldValue, path: readonly string[]): boolean {
  if (isList(value)) return value.some((element) => holds(r, element, path));
  const [step, ...rest] = path;
  if (step !== undefined) {
    const next = typeof value === 'object' && Object.hasOwn(value, step) ? value[step] : undefined;
    return next !== undefined && holds(r, next, rest);
  }
  return typeof value === 'object' ? holdsOfMap(r, value) : holdsOfScalar(r, value);
}

function holdsOfScalar(r: Restriction, value: string | number | boolean): boolean {
  if (r.open) {
    if (r.comparator === ':' && r.value === '') return isSet(value);
    return isEquality(r) && typeof value === 'string' && value.startsWith(r.value);
  }
  return typeof value === 'number'
    ? compare(r.comparator, value, Number(r.value))
    : compare(r.comparator, String(value), r.value);
}

function isList(value: FieldValue): value is readonly FieldValue[] {
  return Array.isArray(value);
}

/** `labels:site`: it has such a key; `labels:*`: it has any. */
function holdsOfMap(r: Restriction, map: FieldRecord): boolean {
  if (r.comparator !== ':') return false;
  const keys = Object.keys(map);
  return r.open ? keys.some((key) => key.startsWith(r.value)) : keys.includes(r.value);
}

function isSet(value: string | number | boolean): boolean {
  return value !== '' && value !== 0 && value !== false;
}

function isEquality({ comparator }: Restriction): boolean {
  return comparator === '=' || comparator === ':';
}

function compare<T extends string | number>(comparator: Comparator, a: T, b: T): boolean {
  switch (comparator) {
    case '=':
    case ':':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
  }
}
