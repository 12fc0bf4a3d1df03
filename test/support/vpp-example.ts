import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { consoleBlocks } from './console-block.js';

const EXAMPLE = 'examples/vpp-client.mjs';
const DOCUMENT = 'docs/vpp-api.md';

/** The example does on the VPP at `path` what the document shows, whatever that VPP's version. */
export async function assertExample(path: string): Promise<void> {
  const steps = consoleBlocks(readFileSync(DOCUMENT, 'utf8')).flat();
  const shown = steps.find(({ command }) => command.startsWith(`node ${EXAMPLE}`));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [EXAMPLE, path]);
  assert.equal(stderr, '');
  const isVersion = /^VPP \d\d\.\d\d\S*$/m;
  assert.match(stdout, isVersion);
  assert.equal(stdout.replace(isVersion, 'VPP'), shown?.output.replace(isVersion, 'VPP'));
}
