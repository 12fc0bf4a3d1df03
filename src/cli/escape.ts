/**
 * Text of others, made harmless for a terminal: control characters, which could move the cursor or
 * set the window's title, and those that turn the direction of writing become visible escapes.
 */
export function escapeText(text: string): string {
  return text.replace(DANGEROUS, escaped);
}

/** The same for JSON and for double-quoted YAML, which may have line breaks between values. */
export function escapeOutput(text: string): string {
  return text.replace(DANGEROUS_BUT_LINES, escaped);
}

const DANGEROUS = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const DANGEROUS_BUT_LINES =
  /(?!\n)[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
