import type { NfvError } from '../errors.js';
import { escapeText } from './escape.js';
import type { Paint } from './style.js';

/**
 * An error for people: what is wrong, and what would be right. Every bad field has its own two
 * lines. `about` says what it happened to, where several things are done at once.
 */
export function errorText(error: NfvError, paint: Paint, about = ''): string {
  const prefix = `${paint('red', 'error:')} ${about === '' ? '' : `${escapeText(about)}: `}`;
  const remedy = (text: string): string =>
    text === '' ? '' : `${paint('cyan', 'remedy:')} ${escapeText(text)}\n`;
  if (error.violations.length === 0) {
    return `${prefix}${escapeText(error.message)} (${error.code})\n${remedy(error.remedy)}`;
  }
  return error.violations
    .map((v) => {
      const value = v.value === '' ? '(empty)' : v.value;
      const what = escapeText(`${v.field}: ${value}: ${v.reason}`);
      return `${prefix}${what} (${error.code})\n${remedy(v.remedy)}`;
    })
    .join('');
}

const MAX_CAUSES = 10;

/** The errors behind an error, with their stacks: for --debug only. */
export function causeText(error: NfvError): string {
  const lines: string[] = [];
  let thrown: unknown = error;
  for (let i = 0; i < MAX_CAUSES && thrown instanceof Error; i++) {
    const text = thrown.stack ?? thrown.message;
    lines.push(...text.split('\n').map((line) => `debug: ${escapeText(line)}\n`));
    thrown = thrown.cause;
  }
  return lines.join('');
}
