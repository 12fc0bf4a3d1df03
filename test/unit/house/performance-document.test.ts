/** docs/performance.md shows plots of the results that are committed beside them, and no others. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from '../../support/temp-dir.js';

const PLOTS = 'docs/plots';
const svgsIn = (directory: string): string[] =>
  readdirSync(directory)
    .filter((file) => file.endsWith('.svg'))
    .sort();

describe('docs/performance.md', () => {
  const drawn = tempDir();

  before(() => {
    const args = ['dist/bench/scale/plot.js', join(PLOTS, 'scale.jsonl'), drawn.path];
    execFileSync(process.execPath, args);
  });

  after(() => {
    drawn.remove();
  });

  it('has the plots of docs/plots/scale.jsonl', () => {
    assert.deepEqual(svgsIn(PLOTS), svgsIn(drawn.path));
    for (const file of svgsIn(PLOTS)) {
      const committed = readFileSync(join(PLOTS, file), 'utf8');
      assert.equal(committed, readFileSync(join(drawn.path, file), 'utf8'), file);
    }
  });

  it('shows each of them', () => {
    const page = readFileSync('docs/performance.md', 'utf8');
    const shown = [...page.matchAll(/!\[[^\]]*\]\(plots\/([^)]+)\)/g)].map(([, file]) => file);
    assert.deepEqual(shown.sort(), svgsIn(PLOTS));
  });
});
