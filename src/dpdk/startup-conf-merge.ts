/**
 * Puts our statements into an operator's startup.conf, and takes them out again. Ours stand between
 * two comments. A statement of the operator's that says otherwise becomes a comment, and comes
 * back when ours goes. All else stays as it is, byte for byte. Pure.
 */
import { NfvError } from '../errors.js';
import { parseStartupConf, type ConfStatement } from './startup-conf-parser.js';

/** What we want a section to say. */
export interface ManagedStatement {
  readonly words: readonly string[];
  readonly block?: readonly ManagedStatement[];
  /** So many words are its name: `dev 0000:41:00.0` has 2, `uio-driver vfio-pci` has 1. */
  readonly key: number;
}

/** In the order they are written, by section. */
export type ManagedConf = ReadonlyMap<string, readonly ManagedStatement[]>;

const BEGIN = '# nfvd begin: these lines are written by nfvd';
const END = '# nfvd end';
const WAS = '#nfvd-was ';

/**
 * Also where an editor has taken the empty line at the file's begin or the end of its last line, or
 * ends lines by CRLF.
 */
const OURS = /(?:\n|^)[ \t]*# nfvd begin(?:(?!# nfvd end)[\s\S])*# nfvd end(?:;(?:\r?\n|$))?/g;

/** The operator's own text. `stripManaged(mergeManaged(text, any))` is `text`. */
export function stripManaged(text: string): string {
  return text.replace(OURS, '').replaceAll(WAS, '');
}

/**
 * The file as it was before our last change of it, with what others have written into it since.
 * @param now what is there; @param former what was; null: no file
 * @returns null: no file, for nobody else has put anything into it
 * @throws NfvError STARTUP_CONF_INVALID as `mergeManaged`
 */
export function giveBack(now: string, former: string | null): string | null {
  if (former === null && stripManaged(now).trim() === '') return null;
  const ours = managedOf(former ?? '');
  // What is not ours to read need not be readable.
  return ours.size === 0 ? stripManaged(now) : mergeManaged(now, ours);
}

/** What of this text is ours. */
function managedOf(text: string): ManagedConf {
  const places = [...text.matchAll(OURS)].map((match) => ({
    from: match.index,
    to: match.index + match[0].length,
  }));
  if (places.length === 0) return new Map();
  const found = new Map<string, readonly ManagedStatement[]>();
  for (const { words, block = [] } of parseStartupConf(text)) {
    const ours = block.filter((s) => places.some(({ from, to }) => s.from >= from && s.to <= to));
    const [name = ''] = words;
    if (ours.length > 0) found.set(name, [...(found.get(name) ?? []), ...ours.map(toManaged)]);
  }
  return found;
}

export function toManaged({ words, block }: ConfStatement): ManagedStatement {
  const key = ['dev', 'plugin', 'default'].includes(words[0] ?? '') ? 2 : 1;
  return { words, key, ...(block === undefined ? {} : { block: block.map(toManaged) }) };
}

/**
 * @param text the file there, ours in it or not; empty: none
 * @throws NfvError STARTUP_CONF_INVALID when a statement that has to give way does not stand on
 *   lines of its own, or the text's braces do not match
 */
export function mergeManaged(text: string, wanted: ManagedConf): string {
  const own = stripManaged(text);
  const sections = parseStartupConf(own);
  const edits: Edit[] = [];
  let appended = '';
  for (const [name, statements] of wanted) {
    const there = sections.filter((s) => s.words[0] === name && s.block !== undefined);
    const missing = statements.filter((s) => !there.some((section) => says(section, s)));
    if (missing.length === 0) continue;
    for (const section of there) edits.push(...conflicts(own, section, missing));
    const [first] = there;
    if (first?.inside === undefined) appended += section(name, missing);
    else edits.push({ at: first.inside, insert: insertion(own, first.inside, missing) });
  }
  return parsed(applyEdits(own, edits) + appended);
}

/** What is written has to be readable, by us and by VPP. */
function parsed(text: string): string {
  parseStartupConf(text);
  return text;
}

/** The section has this very statement already, in the operator's hand. */
function says(section: ConfStatement, wanted: ManagedStatement): boolean {
  return (section.block ?? []).some((statement) => isSame(statement, wanted));
}

function isSame(statement: ConfStatement, wanted: ManagedStatement): boolean {
  const block = wanted.block ?? [];
  const theirs = statement.block ?? [];
  return (
    statement.words.join(' ') === wanted.words.join(' ') &&
    (statement.block === undefined) === (wanted.block === undefined) &&
    theirs.length === block.length &&
    block.every((inner) => theirs.some((their) => isSame(their, inner)))
  );
}

interface Edit {
  readonly at: number;
  readonly insert: string;
}

/** Applied from the end, so that places before stay right. */
function applyEdits(text: string, edits: readonly Edit[]): string {
  return [...edits]
    .sort((a, b) => b.at - a.at)
    .reduce((result, { at, insert }) => result.slice(0, at) + insert + result.slice(at), text);
}

/** Makes comments of the section's statements that ours replace. */
function conflicts(
  text: string,
  section: ConfStatement,
  wanted: readonly ManagedStatement[],
): Edit[] {
  const names = new Set(wanted.map(({ words, key }) => words.slice(0, key).join(' ')));
  const keys = [...new Set(wanted.map(({ key }) => key))];
  const block = section.block ?? [];
  return block.flatMap((statement) => {
    const key = keys.find((n) => names.has(statement.words.slice(0, n).join(' ')));
    if (key === undefined) return [];
    return commentOut(text, statement);
  });
}

function commentOut(text: string, { from, to, line, words }: ConfStatement): Edit[] {
  const lineStart = text.lastIndexOf('\n', from - 1) + 1;
  const [rest = ''] = text.slice(to).split('\n', 1);
  const before = text.slice(lineStart, from);
  const after = rest.replace(/#.*$/, '');
  if (before.trim() !== '' || after.trim() !== '') {
    throw new NfvError(
      'STARTUP_CONF_INVALID',
      `line ${line}: "${words.join(' ')}" has to give way, and shares its line with others`,
      { remedy: 'put it on a line of its own', metadata: { line: String(line) } },
    );
  }
  const starts = [lineStart];
  for (
    let at = text.indexOf('\n', lineStart);
    at >= 0 && at < to;
    at = text.indexOf('\n', at + 1)
  ) {
    starts.push(at + 1);
  }
  return starts.map((at) => ({ at, insert: WAS }));
}

function print(statements: readonly ManagedStatement[], indent: string): string {
  return statements
    .map(({ words, block }) => {
      const line = `${indent}${words.join(' ')}`;
      if (block === undefined) return line;
      if (block.length === 0) return `${line} { }`;
      return `${line} {\n${print(block, `${indent}  `)}\n${indent}}`;
    })
    .join('\n');
}

/** Behind a "{". The line's end that follows it there ends our last comment; else we bring one. */
function insertion(text: string, at: number, statements: readonly ManagedStatement[]): string {
  const end = text[at] === '\n' ? END : `${END};\n`;
  return `\n  ${BEGIN}\n${print(statements, '  ')}\n  ${end}`;
}

function section(name: string, statements: readonly ManagedStatement[]): string {
  return `\n${BEGIN}\n${name} {\n${print(statements, '  ')}\n}\n${END};\n`;
}
