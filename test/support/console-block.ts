/** Fenced `console` blocks of a document: what was typed after `$ `, and what came of it. */
import { Child, type ChildOptions } from './child.js';
import { fences } from './markdown.js';

export interface Step {
  readonly command: string;
  /** Lines; `…` stands for any number of them, or for the rest of one. */
  readonly output: string;
}

/** The blocks of a document, in order. */
export function consoleBlocks(text: string): Step[][] {
  return fences(text, 'console').map((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((step) => {
        const end = step.indexOf('\n');
        return { command: step.slice(0, end), output: step.slice(end + 1) };
      }),
  );
}

const MARK = '\u001e';

/** Runs the commands of a block in one bash. @returns stdout and stderr of each, as they came */
export async function runBlock(steps: readonly Step[], options: ChildOptions): Promise<string[]> {
  const script = steps.map(
    ({ command }) => `${command}\n__status=$?; printf '${MARK}'; (exit $__status)\n`,
  );
  const text = `exec 2>&1\n${script.join('')}`;
  const { out } = await new Child('bash', ['--norc', '-c', text], options).ended;
  return out.split(MARK).slice(0, -1);
}

/** Whether an output is as shown, but for what differs from run to run. */
export function isAsShown(shown: string, output: string): boolean {
  const pattern = normal(shown)
    .split('\n')
    .map((line) =>
      line === '…' ? '(?:.*\n)*' : `${line.split('…').map(escapeRegExp).join('.*')}\n`,
    )
    .join('')
    .replace(/\n$/, '');
  return new RegExp(`^${pattern}$`).test(normal(output));
}

const TIME = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;
const DURATION = /\b(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+\b/g;
/** Those of the examples begin with 02:00:00. */
const MADE_UP_MAC = /\b(?!02:00:00)(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/g;

function normal(text: string): string {
  return text
    .replace(TIME, 'TIME')
    .replace(MADE_UP_MAC, 'MAC')
    .replace(DURATION, 'DURATION')
    .replace(/\brevision:? \d+/g, 'revision N')
    .replace(/"[0-9a-z]+-[0-9a-z]{8}"/g, '"ETAG"')
    .replace(/^(\S+ +[A-Z_]+ +)\d+ /gm, '$1N ')
    .replace(/ +/g, ' ');
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
