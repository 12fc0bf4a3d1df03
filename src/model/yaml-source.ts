/** The syntax of a YAML text: tokens and documents, within bounds, and where everything is. */
import { Composer, isScalar, Lexer, LineCounter, Parser } from 'yaml';
import type { CST, Document, ErrorCode } from 'yaml';

export type Path = readonly (string | number)[];

export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** What is wrong, and where. */
export interface YamlProblem {
  readonly at: Position;
  readonly path: Path;
  readonly value: unknown;
  readonly reason: string;
  readonly remedy: string;
}

/** Nesting of one document. */
export const MAX_DEPTH = 64;
/** More are not looked for. */
export const MAX_PROBLEMS = 50;
const MAX_DOCUMENTS = 20_000;

export class Source {
  readonly lines = new LineCounter();

  constructor(readonly text: string) {
    this.lines.addNewLine(0);
  }

  position(offset: number): Position {
    const { line, col } = this.lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  /** A problem with the text itself; its value is the beginning of that line. */
  problem(offset: number, reason: string, remedy: string): YamlProblem {
    const start = this.text.lastIndexOf('\n', offset - 1) + 1;
    const line = this.text.slice(start, start + 60).split('\n', 1)[0] ?? '';
    return { at: this.position(offset), path: [], value: line.trim(), reason, remedy };
  }
}

export interface Documents {
  /** Those with content and without faults. */
  readonly documents: readonly Document.Parsed[];
  readonly faults: readonly YamlProblem[];
}

/** The time it takes is in proportion to `maxTokens`. `exact`: whole numbers are bigints. */
export function readDocuments(source: Source, maxTokens: number, exact = false): Documents {
  const { tokens, fault } = tokenize(source, maxTokens);
  if (fault !== undefined) return { documents: [], faults: [fault] };
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    stringKeys: true,
    intAsBigInt: exact,
    // Checked in yaml-values: the library compares each key with each other.
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const documents: Document.Parsed[] = [];
  const faults: YamlProblem[] = [];
  for (const document of composer.compose(tokens, true, source.text.length)) {
    const found = faultsOf(document, source);
    faults.push(...found);
    if (faults.length >= MAX_PROBLEMS) break;
    if (found.length === 0 && !isEmpty(document)) documents.push(document);
  }
  return { documents, faults };
}

interface Tokens {
  readonly tokens: readonly CST.Token[];
  readonly fault?: YamlProblem;
}

/** The library composes recursively, so depth and length are bounded here, before it does. */
function tokenize(source: Source, maxTokens: number): Tokens {
  const parser = new Parser(source.lines.addNewLine);
  const tokens: CST.Token[] = [];
  let lexemes = 0;
  let documents = 0;
  let errors = 0;
  const stop = (reason: string, remedy: string): Tokens => ({
    tokens: [],
    fault: source.problem(parser.offset, reason, remedy),
  });
  for (const lexeme of new Lexer().lex(source.text)) {
    for (const token of parser.next(lexeme)) {
      tokens.push(token);
      if (token.type === 'document') documents++;
      if (token.type === 'error') errors++;
    }
    if (++lexemes > maxTokens) return stop('too many parts', 'split the file');
    if (documents > MAX_DOCUMENTS) return stop('too many documents', 'split the file');
    if (errors > MAX_PROBLEMS) return stop('too many faults before here', 'give a YAML file');
    if (parser.stack.length > MAX_DEPTH) {
      return stop('nested too deeply', `nest at most ${MAX_DEPTH} levels`);
    }
  }
  tokens.push(...parser.end());
  return { tokens };
}

function isEmpty({ contents }: Document.Parsed): boolean {
  return contents === null || (isScalar(contents) && contents.source === '');
}

const REMEDIES: Partial<Record<ErrorCode, string>> = {
  TAB_AS_INDENT: 'indent with spaces',
  BAD_INDENT: 'indent it as its neighbours, with spaces',
  TAG_RESOLVE_FAILED: 'leave the tag out',
  BAD_DIRECTIVE: 'leave the line out',
  NON_STRING_KEY: 'give text as the key',
  MISSING_CHAR: 'look for a missing quote, bracket or ":" here or above',
  MULTILINE_IMPLICIT_KEY: 'look for a missing ":" here or above',
};

function reasonOf(code: ErrorCode, message: string): string {
  return code === 'NON_STRING_KEY' ? 'a key that is not text' : message;
}

function faultsOf(document: Document.Parsed, source: Source): YamlProblem[] {
  const faults = [...document.errors, ...document.warnings]
    .slice(0, MAX_PROBLEMS)
    .map(({ pos, code, message }) =>
      source.problem(pos[0], reasonOf(code, message), REMEDIES[code] ?? 'correct the YAML here'),
    );
  if (faults.length === 0 && document.directives.yaml.version !== '1.2') {
    faults.push(source.problem(document.range[0], 'not YAML 1.2', 'leave the %YAML line out'));
  }
  return faults;
}
