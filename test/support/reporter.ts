/**
 * mocha's spec reporter, which also writes what the runner adds up: counts, failures, and each
 * skipped test with its reason, as JSON into the file that NFVD_TEST_REPORT names.
 */
import { writeFileSync } from 'node:fs';
import mocha, { type MochaOptions, type Runner, type Suite, type Test } from 'mocha';
import { skipReasons } from './skip.js';

export interface Report {
  readonly passed: number;
  readonly failed: readonly { readonly title: string; readonly error: string }[];
  readonly skipped: readonly { readonly title: string; readonly reason: string }[];
}

function reasonOf(test: Test): string {
  const own = skipReasons.get(test.fullTitle());
  if (own !== undefined) return own;
  for (let suite: Suite | undefined = test.parent; suite !== undefined; suite = suite.parent) {
    const reason = skipReasons.get(suite.fullTitle());
    if (reason !== undefined) return reason;
  }
  return 'NO REASON GIVEN';
}

/** All that one needs to go on where only the end of a log is kept: fast-check's seed and example too. */
function briefly(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(0, 12).join('\n    ').slice(0, 1500);
}

export default class NfvdReporter extends mocha.reporters.Spec {
  constructor(runner: Runner, options?: MochaOptions) {
    super(runner, options);
    let passed = 0;
    const failed: { title: string; error: string }[] = [];
    const skipped: { title: string; reason: string }[] = [];
    runner.on('pass', () => passed++);
    runner.on('fail', (test, error: unknown) =>
      failed.push({ title: test.fullTitle(), error: briefly(error) }),
    );
    runner.on('pending', (test) =>
      skipped.push({ title: test.fullTitle(), reason: reasonOf(test) }),
    );
    runner.once('end', () => {
      const file = process.env['NFVD_TEST_REPORT'];
      const report: Report = { passed, failed, skipped };
      if (file !== undefined) writeFileSync(file, JSON.stringify(report));
    });
  }
}
