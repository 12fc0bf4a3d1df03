/** The documents that list what the code has are checked against it in both directions. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ERROR_TABLE } from '../../../src/errors.js';
import { GENERATED_DOCS, renew } from '../../support/generated-docs.js';

const read = (path: string): string => readFileSync(path, 'utf8');

describe('documents', () => {
  it('docs/errors.md has every code of the table, and no other, with its row', () => {
    const rows = [...read('docs/errors.md').matchAll(/^\| `([A-Z_]+)` \|(.*)\|$/gm)].map(
      ([, code = '', rest = '']) => {
        const [status, retriable, , remedy] = rest.split(' | ').map((cell) => cell.trim());
        return [code, { status, retriable: retriable === 'yes', remedy }] as const;
      },
    );
    assert.deepEqual(Object.fromEntries(rows), ERROR_TABLE);
    assert.equal(new Set(rows.map(([code]) => code)).size, rows.length, 'a code is there twice');
  });

  it('docs/dependencies.md has every dependency of package.json, and no other', () => {
    const names = z.record(z.string(), z.string());
    const { dependencies, devDependencies } = z
      .object({ dependencies: names, devDependencies: names })
      .parse(JSON.parse(read('package.json')));
    const listed = [...read('docs/dependencies.md').matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(
      ([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
    );
    assert.deepEqual(
      listed.sort(),
      [...Object.keys(dependencies), ...Object.keys(devDependencies)].sort(),
    );
  });

  for (const { path, make } of GENERATED_DOCS) {
    it(`${path} is what "make docs" writes`, () => {
      const page = read(path);
      assert.equal(page, renew(page, make()));
    });
  }

  it('every dependency is pinned to one version', () => {
    const text = read('package.json');
    assert.doesNotMatch(text, /"[~^]\d/);
  });
});
