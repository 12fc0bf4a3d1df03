/**
 * Runs the suites one after another, prints what was skipped and why, what failed, and ends with one
 * line that adds them up: `tests: N passed, N failed, N skipped`. A part that hangs is ended and told of.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runPart } from './support/part.js';
import { tellSum, type Report } from './support/sum-up.js';

/** The parts of a suite run beside each other, since they mostly wait. */
const SUITES: Readonly<Record<string, readonly string[]>> = {
  unit: ['dist/test/unit/**/*.test.js'],
  integration: [
    'dist/test/integration/{cli,host,main,vpp-api}/**/*.test.js',
    'dist/test/integration/!(cli|host|main|vpp-api)/**/*.test.js',
  ],
  vpp: ['dist/test/vpp/**/*.test.js'],
};
/** Those that need nothing but this machine. */
const DEFAULT = ['unit', 'integration'];

/** More than any test may take. */
const QUIET_MS = (process.env['NFVD_TEST_LONG'] === undefined ? 11 : 25) * 60_000;

/** The first part is seen as it runs, the others when they and all before them have ended. */
async function runSuite(name: string, dir: string): Promise<Report[]> {
  process.stdout.write(`\n== ${name}\n`);
  const parts = (SUITES[name] ?? []).map((pattern, i) => {
    const kept: (string | Buffer)[] = [];
    const report = runPart(pattern, {
      dir: join(dir, `${name}-${i}`),
      quietMs: QUIET_MS,
      print: (text) => (i === 0 ? process.stdout.write(text) : kept.push(text)),
    });
    return { kept, report };
  });
  const reports: Report[] = [];
  for (const { kept, report } of parts) {
    reports.push(await report);
    for (const text of kept) process.stdout.write(text);
  }
  return reports;
}

async function main(names: readonly string[]): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'nfvt-report-'));
  const reports: Report[] = [];
  try {
    for (const name of names) reports.push(...(await runSuite(name, dir)));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  return tellSum(reports) ? 0 : 1;
}

const wanted = process.argv.slice(2);
process.exitCode = await main(wanted.length > 0 ? wanted : DEFAULT);
