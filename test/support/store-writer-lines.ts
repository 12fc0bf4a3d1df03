/** Starts test/support/store-writer.ts and understands what it tells. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import type { WriterLine, WriterOrder } from './store-writer.js';

export function writerArguments(order: WriterOrder): string[] {
  const program = fileURLToPath(new URL('./store-writer.js', import.meta.url));
  return [program, JSON.stringify(order)];
}

/** Whole lines; what a kill cut off is left out. */
export function parseLines(text: string): WriterLine[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map(parseLine);
}

export function parseLine(text: string): WriterLine {
  const line: unknown = JSON.parse(text);
  assert.ok(isLine(line), text);
  return line;
}

function isLine(line: unknown): line is WriterLine {
  if (typeof line !== 'object' || line === null || !('kind' in line)) return false;
  return ['open', 'ack', 'compacted', 'seen'].some((kind) => kind === line.kind);
}
