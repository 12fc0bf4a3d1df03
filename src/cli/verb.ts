import type { Command } from 'commander';
import type { Session } from './session.js';

/** What a verb does: the exit status. `options` are what its flags say, to be parsed by it. */
export type Handler = (
  session: Session,
  args: readonly string[],
  options: unknown,
) => Promise<number>;

export type Define = (command: Command, handler: Handler) => void;

/** Adds a verb to the program. */
export type Verb = (program: Command, define: Define) => void;

/** Help for one command, below its options. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
