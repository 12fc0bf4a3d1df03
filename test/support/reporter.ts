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

/** The whole of it stands in the report of its suite. */
function firstLineOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0]?.slice(0, 300) ?? '';
}

export default class NfvdReporter extends mocha.reporters.Spec {
  constructor(runner: Runner, options?: MochaOptions) {
    super(runner, options);
    let passed = 0;
    const failed: { title: string; error: string }[] = [];
    const skipped: { title: string; reason: string }[] = [];
    runner.on('pass', () => passed++);
    runner.on('fail', (test, error: unknown) =>
      failed.push({ title: test.fullTitle(), error: firstLineOf(error) }),
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
