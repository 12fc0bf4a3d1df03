/** In processes of their own: what is set is set for good. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const MODULE = new URL('../../../src/main/agent-v8.js', import.meta.url).href;
/** Keeps twenty thousand objects alive while it makes many more; tells the bytes of the young generation then. */
const YOUNG = `
  const kept = [];
  for (let i = 0; i < 200_000; i++) {
    kept.push({ key: 'k' + i, more: [i, { i }] });
    if (kept.length > 20_000) kept.splice(0, 10_000);
  }
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  console.log(young.space_size);`;
/** Runs twice as much bytecode of one function as V8 needs to optimize it; tells whether it has, as a number of flags. */
const HOT = `
  const sum = (n) => { let s = 0; for (let i = 0; i < n; i++) s += i; return s; };
  for (let i = 0; i < 50; i++) sum(100);
  console.log(%GetOptimizationStatus(sum));`;

async function run(code: string, ...flags: readonly string[]): Promise<number> {
  const head = `
    import { getHeapSpaceStatistics } from 'node:v8';
    import { giveRoom, keepHeapSmall, optimizeLate } from '${MODULE}';`;
  const args = [...flags, '--input-type=module', '--eval', head + code];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
  assert.equal(stderr, '', 'V8 knows its flags');
  return Number(stdout);
}

describe("an agent's V8", function () {
  this.timeout(20_000);

  it('has a small young generation, and a large one while there is much to do', async () => {
    const small = await run(`keepHeapSmall(); ${YOUNG}`);
    const roomy = await run(`keepHeapSmall(); giveRoom(true); ${YOUNG}`);
    assert.ok(roomy >= 4 * small, `${roomy} bytes, not four times ${small}`);
    const over = await run(`keepHeapSmall(); giveRoom(true); giveRoom(false); ${YOUNG}`);
    // It was seen with 1 and with 2 MB.
    assert.ok(over <= 2 * small, `${over} bytes, not the ${small} of before`);
  });

  it('optimizes later than V8 would by itself, on the kernel, where that helps', async () => {
    const flags = ['--allow-natives-syntax', '--no-concurrent-recompilation'];
    const usual = await run(HOT, ...flags);
    const late = await run(`optimizeLate(); ${HOT}`, ...flags);
    assert.equal(late === usual, Number.parseInt(process.versions.v8, 10) >= 13);
  });
});
