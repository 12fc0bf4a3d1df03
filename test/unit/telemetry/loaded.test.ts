/** What is off is not loaded: neither OpenTelemetry nor prom-client, in any of the programs. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { exec } from '../../support/netns.js';

/** Of those that are loaded, which are ours to leave out. CommonJS: they are in require's cache. */
async function loadedWith(...modules: readonly string[]): Promise<string[]> {
  const urls = modules.map((path) =>
    JSON.stringify(new URL(`../../../src/${path}`, import.meta.url)),
  );
  const program = `
    import { createRequire } from 'node:module';
    ${urls.map((url) => `await import(${url});`).join('\n')}
    const { cache } = createRequire(${JSON.stringify(fileURLToPath(import.meta.url))});
    const names = Object.keys(cache).flatMap((path) => /node_modules\\/(prom-client|@opentelemetry)\\//.exec(path)?.[1] ?? []);
    console.log(JSON.stringify([...new Set(names)].sort()));`;
  const ran = await exec(process.execPath, ['--input-type=module', '-e', program]);
  assert.equal(ran.code, 0, ran.stderr);
  return z.array(z.string()).parse(JSON.parse(ran.stdout));
}

describe('metrics and traces that are off', function () {
  this.timeout(30_000);

  it('are not loaded by any program', async () => {
    const programs = ['main/nva-daemon.js', 'main/nve-daemon.js', 'cli/run-cli.js'];
    assert.deepEqual(await loadedWith(...programs), []);
  });

  it('would be seen if they were', async () => {
    const both = ['telemetry/tracing.js', 'telemetry/registry.js'];
    assert.deepEqual(await loadedWith(...both), ['@opentelemetry', 'prom-client']);
  });
});
