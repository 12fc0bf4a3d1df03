/**
 * VPP's startup.conf, as src/vpp/vnet/main.c and vlib/cli.c read it:
 *
 *   file       statement*
 *   statement  word+ block?          words and block on as many lines as they like,
 *   block      "{" statement* "}"    but a line's end ends a statement without a block
 *   comment    "#" to the line's end
 *
 * VPP itself has no ends of statements: each section's own code takes the words it knows. So
 * what stands on one line without braces is one statement here.
 */
import { NfvError } from '../errors.js';

export interface ConfStatement {
  readonly words: readonly string[];
  readonly block: readonly ConfStatement[] | undefined;
  /** Where it stands in the text: [from, to), its block with it. */
  readonly from: number;
  readonly to: number;
  /** Just behind its "{". */
  readonly inside: number | undefined;
  /** From 1. */
  readonly line: number;
}

/** VPP refuses more (main.c, config_max_size). */
export const MAX_CONF_BYTES = 256 * 1024;
const MAX_DEPTH = 32;

interface Token {
  readonly kind: 'word' | '{' | '}' | 'line';
  readonly text: string;
  readonly from: number;
  readonly line: number;
}

function* tokens(text: string): Generator<Token> {
  let line = 1;
  for (const match of text.matchAll(/\n|#[^\n]*|[{}]|[^\s{}#]+/g)) {
    const [token] = match;
    const at = { text: token, from: match.index, line };
    if (token === '\n') {
      yield { kind: 'line', ...at };
      line++;
    } else if (token === '{' || token === '}') yield { kind: token, ...at };
    else if (!token.startsWith('#')) yield { kind: 'word', ...at };
  }
}

/** @throws NfvError STARTUP_CONF_INVALID with the line */
export function parseStartupConf(text: string): ConfStatement[] {
  if (Buffer.byteLength(text) > MAX_CONF_BYTES) {
    throw invalid(1, `it has more than ${MAX_CONF_BYTES} bytes`, 'make it shorter');
  }
  const parser = new Parser();
  for (const token of tokens(text)) parser.take(token);
  return parser.end();
}

interface Open {
  readonly words: Token[];
  readonly statements: ConfStatement[];
  readonly brace: Token;
}

class Parser {
  #words: Token[] = [];
  #statements: ConfStatement[] = [];
  readonly #open: Open[] = [];
  /** Words were followed by a line's end; a "{" may still come. */
  #pending = false;

  take(token: Token): void {
    switch (token.kind) {
      case 'line':
        this.#pending = true;
        break;
      case 'word':
        if (this.#pending) this.#finish();
        this.#words.push(token);
        break;
      case '{':
        this.#enter(token);
        break;
      case '}':
        this.#leave(token);
        break;
    }
  }

  end(): ConfStatement[] {
    this.#finish();
    const [open] = this.#open;
    if (open === undefined) return this.#statements;
    throw invalid(open.brace.line, 'a "{" without its "}"', 'close the section');
  }

  #enter(brace: Token): void {
    if (this.#words.length === 0) {
      throw invalid(brace.line, 'a "{" without a name before it', 'name the section');
    }
    if (this.#open.length >= MAX_DEPTH) {
      throw invalid(brace.line, 'nested too deeply', `nest at most ${MAX_DEPTH} levels`);
    }
    this.#open.push({ words: this.#words, statements: this.#statements, brace });
    this.#words = [];
    this.#statements = [];
    this.#pending = false;
  }

  #leave(brace: Token): void {
    this.#finish();
    const open = this.#open.pop();
    if (open === undefined) throw invalid(brace.line, 'a "}" without its "{"', 'leave it out');
    const block = this.#statements;
    this.#statements = open.statements;
    this.#add(open.words, block, brace.from + 1, open.brace.from + 1);
    this.#pending = false;
  }

  /** Ends the statement that has no block. */
  #finish(): void {
    const last = this.#words.at(-1);
    if (last !== undefined) this.#add(this.#words, undefined, last.from + last.text.length);
    this.#words = [];
    this.#pending = false;
  }

  #add(
    words: readonly Token[],
    block: readonly ConfStatement[] | undefined,
    to: number,
    inside?: number,
  ): void {
    const [first] = words;
    if (first === undefined) return;
    const texts = words.map(({ text }) => text);
    const { from, line } = first;
    this.#statements.push({ words: texts, block, from, to, inside, line });
  }
}

function invalid(line: number, reason: string, remedy: string): NfvError {
  return new NfvError('STARTUP_CONF_INVALID', `line ${line}: ${reason}`, {
    remedy,
    metadata: { line: String(line) },
  });
}
