/**
 * node dist/test/support/write-vpp-generated.js: writes src/vpp-api/generated from the fixture of
 * API definitions. A test makes the same and compares.
 */
import { writeFileSync } from 'node:fs';
import { generatedFiles } from './vpp-generated.js';

for (const [path, text] of generatedFiles()) writeFileSync(path, text);
