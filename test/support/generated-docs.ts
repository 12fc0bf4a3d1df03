/** The parts of docs/ that are made from the code, between two marks in each page. */
import { describeMachine } from './machine-diagram.js';
import { MACHINES } from './machines.js';

const BEGIN = '<!-- made by "make docs" -->';
const END = '<!-- the end of what is made -->';

/** A page and what makes its part. */
export interface GeneratedDoc {
  readonly path: string;
  readonly make: () => string;
}

export const GENERATED_DOCS: readonly GeneratedDoc[] = [
  { path: 'docs/statemachines.md', make: stateMachines },
];

function stateMachines(): string {
  return MACHINES.map(
    ({ machine, file }) =>
      `## ${machine.id}\n[${file}](../${file})\n\n${describeMachine(machine)}\n`,
  ).join('\n');
}

/** The page with its part made anew. @throws Error without the marks. */
export function renew(page: string, made: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`the page needs ${BEGIN} and ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n${made}${page.slice(end)}`;
}
