/**
 * Runs the suites one after another, prints what was skipped and why, what failed, and ends with one
 * line that adds them up: `tests: N passed, N failed, N skipped`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseReport, tellSum, type Report } from './support/sum-up.js';

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

/** `output`: a file that gets what it prints; undefined: we print it. */
async function run(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  output?: string,
): Promise<number> {
  const file = output === undefined ? undefined : openSync(output, 'w');
  const out = file ?? 'inherit';
  try {
    const child = spawn('node_modules/.bin/mocha', args, { stdio: ['ignore', out, out], env });
    const ended: unknown[] = await once(child, 'exit');
    const [code] = ended;
    // None: it was killed.
    return typeof code === 'number' ? code : 1;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

async function runPart(pattern: string, report: string, output?: string): Promise<Report> {
  const code = await run([pattern], { ...process.env, NFVD_TEST_REPORT: report }, output);
  return parseReport(pattern, code, () => readFileSync(report, 'utf8'));
}

/** The first part is seen as it runs, the others when they and all before them have ended. */
async function runSuite(name: string, dir: string): Promise<Report[]> {
  process.stdout.write(`\n== ${name}\n`);
  const parts = (SUITES[name] ?? []).map((pattern, i) => {
    const output = i === 0 ? undefined : join(dir, `${name}-${i}.txt`);
    return { output, report: runPart(pattern, join(dir, `${name}-${i}.json`), output) };
  });
  const reports: Report[] = [];
  for (const { output, report } of parts) {
    reports.push(await report);
    if (output !== undefined) process.stdout.write(readFileSync(output));
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
