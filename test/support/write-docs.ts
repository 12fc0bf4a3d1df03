/** `make docs`: writes the parts of docs/ that are made from the code. */
import { readFileSync, writeFileSync } from 'node:fs';
import { GENERATED_DOCS, renew } from './generated-docs.js';

for (const { path, make } of GENERATED_DOCS) {
  const before = readFileSync(path, 'utf8');
  const after = renew(before, make());
  if (after !== before) writeFileSync(path, after);
  process.stdout.write(`${path}: ${after === before ? 'as it was' : 'written'}\n`);
}
