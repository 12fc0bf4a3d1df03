/** What a document says, for tests that hold it against the code. */
import { readFileSync } from 'node:fs';

export class Markdown {
  readonly #sections = new Map<string, string>();

  constructor(text: string) {
    const [, ...parts] = `\n${text}`.split(/\n#+ (?=[^\n]+\n)/);
    for (const part of parts) {
      const end = part.indexOf('\n');
      const title = part.slice(0, end);
      if (this.#sections.has(title)) throw new Error(`two sections are called "${title}"`);
      this.#sections.set(title, part.slice(end + 1));
    }
  }

  static read(path: string): Markdown {
    return new Markdown(readFileSync(path, 'utf8'));
  }

  /** Without those below it. */
  section(title: string): string {
    const text = this.#sections.get(title);
    if (text === undefined) throw new Error(`there is no section "${title}"`);
    return text;
  }

  /** The body rows of a section's `index`-th table, cell by cell. */
  table(title: string, index = 0): string[][] {
    const text = withoutFences(this.section(title));
    const tables = text.match(/^\|.*\|\n\| ?-.*\n(?:\|.*\|\n?)+/gm) ?? [];
    const [, , ...rows] = (tables[index] ?? '').trimEnd().split('\n');
    if (rows.length === 0) throw new Error(`section "${title}" has no table ${index}`);
    return rows.map((row) =>
      row
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
  }
}

/** What stands in backticks. */
export function codes(cell = ''): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

/** The texts of fenced blocks in a language, in order. */
export function fences(text: string, language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms');
  return [...text.matchAll(pattern)].map(([, block = '']) => block);
}

function withoutFences(text: string): string {
  return text.replace(/^```.*?^```$/gms, '');
}
