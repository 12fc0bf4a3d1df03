import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findVpp } from '../support/real-vpp.js';
import { skip } from '../support/skip.js';
import { RETVALS_FILE, retvalsSource } from '../support/vpp-retvals.js';

describe('return values', () => {
  it('are those of the installed VPP', async function () {
    const found = findVpp();
    if (typeof found === 'string') skip(this, found);
    if (found.headers === undefined) skip(this, 'its headers are not installed');
    const header = readFileSync(join(found.headers, 'vnet', 'error.h'), 'utf8');
    assert.equal(readFileSync(RETVALS_FILE, 'utf8'), await retvalsSource(header));
  });
});
