/** What a systemd unit says; a key may come more than once (systemd.syntax(7)). */
import { readFileSync } from 'node:fs';

export class UnitFile {
  readonly #entries: readonly (readonly [key: string, value: string])[];

  constructor(text: string) {
    this.#entries = text.split('\n').flatMap((line) => {
      const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
      return key === undefined || value === undefined ? [] : [[key, value] as const];
    });
  }

  static read(path: string): UnitFile {
    return new UnitFile(readFileSync(path, 'utf8'));
  }

  all(key: string): string[] {
    return this.#entries.filter(([name]) => name === key).map(([, value]) => value);
  }

  /** The last one counts. */
  get(key: string): string | undefined {
    return this.all(key).at(-1);
  }
}
