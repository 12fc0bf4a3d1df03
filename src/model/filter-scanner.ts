/** The words of a filter's text; the grammar stands in filter.ts. */
import type { NfvError } from '../errors.js';

export type Comparator = '=' | '!=' | '<' | '<=' | '>' | '>=' | ':';

/** `at`: of its first character, from 0. */
export type Token =
  | { readonly kind: 'end' | '(' | ')' | 'minus' | 'dot'; readonly at: number }
  | { readonly kind: 'keyword'; readonly text: 'AND' | 'OR' | 'NOT'; readonly at: number }
  | { readonly kind: 'comparator'; readonly comparator: Comparator; readonly at: number }
  | { readonly kind: 'word' | 'quoted'; readonly text: string; readonly at: number }
  | {
      readonly kind: 'value';
      readonly text: string;
      /** It ended in `*`. */
      readonly open: boolean;
      readonly at: number;
    };

const COMPARATORS = ['<=', '>=', '!=', '=', '<', '>', ':'] as const;
const MARKS = new Map([
  ['(', '('],
  [')', ')'],
  ['-', 'minus'],
  ['.', 'dot'],
] as const);
const SPACE = /[ \t\r\n]*/y;
const WORD = /[A-Za-z_][A-Za-z0-9_-]*/y;
const BARE_VALUE = /[^\s()"'\\,=<>!]+/y;

export class FilterScanner {
  #at = 0;

  constructor(
    private readonly text: string,
    private readonly error: (at: number, reason: string, remedy: string) => NfvError,
  ) {}

  /** The next token where none is a value. */
  next(): Token {
    this.#match(SPACE);
    const at = this.#at;
    const first = this.text.charAt(at);
    if (first === '') return { kind: 'end', at };
    const comparator = COMPARATORS.find((c) => this.text.startsWith(c, at));
    if (comparator !== undefined) {
      this.#at += comparator.length;
      return { kind: 'comparator', comparator, at };
    }
    for (const [mark, kind] of MARKS) {
      if (first !== mark) continue;
      this.#at++;
      return { kind, at };
    }
    if (first === '"' || first === "'") return { kind: 'quoted', text: this.#quoted().text, at };
    const text = this.#match(WORD);
    if (text === 'AND' || text === 'OR' || text === 'NOT') return { kind: 'keyword', text, at };
    if (text !== '') return { kind: 'word', text, at };
    throw this.error(at, 'unexpected', 'give the name of a field here');
  }

  /** The value after a comparator. */
  nextValue(): Token {
    this.#match(SPACE);
    const at = this.#at;
    const first = this.text.charAt(at);
    if (first === '') return { kind: 'end', at };
    if (first === '"' || first === "'") return { kind: 'value', ...this.#quoted(), at };
    const bare = this.#match(BARE_VALUE);
    if (bare === '') throw this.error(at, 'unexpected', 'give a value here, in quotes if need be');
    const open = bare.endsWith('*');
    const text = open ? bare.slice(0, -1) : bare;
    const star = text.indexOf('*');
    if (star >= 0) throw this.#strayStar(at + star);
    return { kind: 'value', text, open, at };
  }

  /** Text in quotes; a backslash takes `"`, `'`, `*` and itself as they are. */
  #quoted(): { readonly text: string; readonly open: boolean } {
    const start = this.#at;
    const quote = this.text.charAt(start);
    let text = '';
    let star: number | undefined;
    for (this.#at = start + 1; this.#at < this.text.length; this.#at++) {
      const c = this.text.charAt(this.#at);
      if (star !== undefined && c !== quote) throw this.#strayStar(star);
      if (c === quote) {
        this.#at++;
        return { text, open: star !== undefined };
      }
      if (c === '*') star = this.#at;
      else text += c === '\\' ? this.#escaped() : c;
    }
    throw this.error(start, 'a quote that is not closed', `close it with ${quote}`);
  }

  #escaped(): string {
    const c = this.text.charAt(this.#at + 1);
    if (c === '' || !'"\'*\\'.includes(c)) {
      throw this.error(this.#at, 'not an escape', 'a backslash takes ", \', * or \\ after it');
    }
    this.#at++;
    return c;
  }

  #strayStar(at: number): NfvError {
    return this.error(at, 'a * that is not last', 'put it last, or write \\* in quotes');
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found = ''] = pattern.exec(this.text) ?? [];
    this.#at += found.length;
    return found;
  }
}
