import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, Lab } from '../../../src/conformance/lab.js';
import { CASES, examine, type Result } from '../../../src/conformance/suite.js';
import { systemClock } from '../../../src/model/clock.js';
import { ConformanceServer } from '../../../src/rpc/conformance-server.js';
import { TamperedNve, type Tampering } from '../../support/tampered-nve.js';
import { tempDir } from '../../support/temp-dir.js';
import { FAULTS } from '../../support/nve-faults.js';

const NVE = 'host-a';

/** @param only the cases whose ids begin so */
async function resultsOf(
  tampering: Tampering,
  only = '',
  patienceMs = 10_000,
): Promise<readonly Result[]> {
  const dir = tempDir();
  const path = join(dir.path, 'nva.sock');
  const over = new AbortController();
  const lab = new Lab({
    target: NVE,
    vni: 100,
    patienceMs,
    clock: systemClock,
    signal: over.signal,
    vtep: '10.0.0.1',
  });
  const server = new ConformanceServer((stream) => {
    lab.came(stream);
  });
  await server.start({ address: { kind: 'unix', path } });
  const nve = await TamperedNve.start(NVE, path, tampering);
  const results: Result[] = [];
  try {
    await examine(
      lab,
      CASES.filter(({ id }) => id.startsWith(only)),
      (result) => results.push(result),
    );
  } finally {
    over.abort(new Error('the test is over'));
    server.stop();
    await nve.stop();
    dir.remove();
  }
  return results;
}

describe('conformance of NVEs', () => {
  it('is what our agent has, in all cases', async () => {
    const results = await resultsOf({});
    const rest = results.filter(({ outcome }) => outcome.kind !== 'passed');
    assert.deepEqual(
      rest.map(({ id, outcome }) => [id, outcome.kind]),
      [['traffic/host-offer', 'skipped']],
      JSON.stringify(rest),
    );
    assert.equal(results.length, CASES.length);
  }).timeout(60_000);

  for (const { about, cases, tampering } of FAULTS) {
    it(`is not what an NVE has that ${about}`, async () => {
      for (const [only, says] of cases) {
        const [result] = await resultsOf(tampering(), only, 2000);
        assert.equal(result?.outcome.kind, 'failed', `${only} is passed`);
        assert.equal(result.outcome.error.code, 'NVE_NOT_CONFORMING');
        assert.match(result.outcome.error.message, says);
      }
    }).timeout(30_000);
  }

  it('has a result for what is left of an NVE that does not come back', async () => {
    const results = await resultsOf({ streams: 5 }, 'resume/many-times', 500);
    assert.deepEqual(
      results.map(({ id, outcome }) => [id, outcome.kind]),
      [
        ['resume/many-times', 'failed'],
        ['end/nothing-left', 'failed'],
      ],
    );
  });

  it('has for each demand an NVE that does not meet it', () => {
    const found = new Set(FAULTS.flatMap(({ cases }) => [...cases.keys()]));
    const without = CASES.map(({ id }) => id).filter((id) => !found.has(id));
    assert.deepEqual(without, []);
  });

  it('is told whole in docs/nve-protocol.md', async () => {
    const page = await readFile('docs/nve-protocol.md', 'utf8');
    const told = [...page.matchAll(/^\| `(\w+\/[^`]+)` \| (.*) \|$/gm)].map((row) => [
      row[1],
      row[2],
    ]);
    assert.deepEqual(
      told,
      CASES.map(({ id, about }) => [id, about]),
    );
  });

  it('has the digest that the page shows', async () => {
    const page = await readFile('docs/nve-protocol.md', 'utf8');
    const shown = /sha256sum[^\n]*\n([0-9a-f]{16})\n/.exec(page)?.[1];
    assert.equal(digestOf([{ key: 'vtep/10.0.0.1', version: '1' }]), shown);
  });
});
