/**
 * Runs the suites one after another, prints what was skipped and why, and ends with one line that
 * adds them up: `tests: N passed, N failed, N skipped`.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const SUITES: Readonly<Record<string, readonly string[]>> = {
  unit: ['dist/test/unit/**/*.test.js'],
  integration: ['dist/test/integration/**/*.test.js'],
  vpp: ['dist/test/vpp/**/*.test.js'],
};
/** Those that need nothing but this machine. */
const DEFAULT = ['unit', 'integration'];

const report = z.object({
  passed: z.number(),
  failed: z.number(),
  skipped: z.array(z.object({ title: z.string(), reason: z.string() })),
});
type Report = z.infer<typeof report>;

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', env });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      resolve(signal === null ? (code ?? 1) : 1);
    });
  });
}

/** A suite that ended without a report, or badly with none failed, counts as one failure. */
async function runSuite(name: string, dir: string): Promise<Report> {
  process.stdout.write(`\n== ${name}\n`);
  const file = join(dir, `${name}.json`);
  const code = await run('node_modules/.bin/mocha', SUITES[name] ?? [], {
    ...process.env,
    NFVD_TEST_REPORT: file,
  });
  let result: Report;
  try {
    result = report.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return { passed: 0, failed: 1, skipped: [] };
  }
  return code !== 0 && result.failed === 0 ? { ...result, failed: 1 } : result;
}

async function main(names: readonly string[]): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'nfvt-report-'));
  const reports: Report[] = [];
  try {
    for (const name of names) reports.push(await runSuite(name, dir));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  const skipped = reports.flatMap((r) => r.skipped);
  const sum = (count: (r: Report) => number): number => reports.reduce((n, r) => n + count(r), 0);
  const failed = sum((r) => r.failed);
  if (skipped.length > 0) process.stdout.write('\nskipped:\n');
  for (const { title, reason } of skipped) process.stdout.write(`  ${title}: ${reason}\n`);
  process.stdout.write(
    `\ntests: ${sum((r) => r.passed)} passed, ${failed} failed, ${skipped.length} skipped\n`,
  );
  return failed === 0 ? 0 : 1;
}

const wanted = process.argv.slice(2);
process.exitCode = await main(wanted.length > 0 ? wanted : DEFAULT);
