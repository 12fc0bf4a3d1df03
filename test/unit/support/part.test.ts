import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runPart } from '../../support/part.js';
import { tempDir } from '../../support/temp-dir.js';

const LINGERS = `
  it('passes', () => {});
  after(() => { require('node:net').createServer().listen(0, '127.0.0.1'); });`;
const SPINS = `
  it('passes', () => {});
  it('never ends', function spinning() { for (;;); });`;

describe('a part of the suite', () => {
  let dir: ReturnType<typeof tempDir>;
  let printed = '';
  const part = (source: string, quietMs: number): ReturnType<typeof runPart> => {
    const file = join(dir.path, 'a.test.cjs');
    writeFileSync(file, source);
    const print = (text: string | Buffer): void => {
      printed += text.toString();
    };
    return runPart(file, { dir: join(dir.path, 'part'), quietMs, print });
  };
  beforeEach(() => {
    dir = tempDir();
    printed = '';
  });
  afterEach(() => {
    dir.remove();
  });

  it('brings what it reported', async () => {
    const { passed, failed } = await part(
      `it('passes', () => {}); it('fails', () => { throw new Error('why'); });`,
      10_000,
    );
    assert.deepEqual([passed, failed.map(({ error }) => error)], [1, ['why']]);
    assert.match(printed, /1 passing[^]*1 failing/);
  });

  for (const [what, source, where, count] of [
    [
      'is in an endless loop',
      SPINS,
      /said nothing for 3 s after ".*passes.*":\s+it is in an endless loop/,
      0,
    ],
    [
      'has ended, but for what it left open',
      LINGERS,
      /said nothing for 3 s after ".*1 passing.*":[^]*"tcp"/,
      1,
    ],
  ] as const) {
    it(`is ended, and says after what, when it ${what}`, async function () {
      this.timeout(30_000);
      const { passed, failed } = await part(source, 3_000);
      assert.equal(passed, count);
      assert.match(failed.map(({ error }) => error).join('\n'), where);
      assert.match(printed, where);
    });
  }
});
