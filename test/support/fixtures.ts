import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** From dist/test/support to the project's test/fixtures. */
const FOLDER = new URL('../../../test/fixtures/', import.meta.url);

export function fixture(name: string): string {
  return readFileSync(fileURLToPath(new URL(name, FOLDER)), 'utf8');
}

export function jsonFixture(name: string): unknown {
  return JSON.parse(fixture(name));
}
