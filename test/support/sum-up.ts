/** What the suites of a run reported, added up. */
import { z } from 'zod';

const reportShape = z.object({
  passed: z.number(),
  failed: z.array(z.object({ title: z.string(), error: z.string() })),
  skipped: z.array(z.object({ title: z.string(), reason: z.string() })),
});
export type Report = z.infer<typeof reportShape>;

/**
 * What reporter.ts wrote. A part that ended without a report, or badly with none failed, counts as
 * one failure.
 * @param code mocha's exit status
 */
export function parseReport(part: string, code: number, read: () => string): Report {
  const badEnd = { title: part, error: `mocha ended with ${code}` };
  let result: Report;
  try {
    result = reportShape.parse(JSON.parse(read()));
  } catch {
    return { passed: 0, failed: [badEnd], skipped: [] };
  }
  return code !== 0 && result.failed.length === 0 ? { ...result, failed: [badEnd] } : result;
}

/** Prints what was skipped and why, what failed, and the sum as the last line. @returns none failed */
export function tellSum(reports: readonly Report[]): boolean {
  const skipped = reports.flatMap((r) => r.skipped);
  const failed = reports.flatMap((r) => r.failed);
  const passed = reports.reduce((n, r) => n + r.passed, 0);
  if (skipped.length > 0) process.stdout.write('\nskipped:\n');
  for (const { title, reason } of skipped) process.stdout.write(`  ${title}: ${reason}\n`);
  // Last, where the end of a log has it.
  if (failed.length > 0) process.stdout.write('\nfailed:\n');
  for (const { title, error } of failed) process.stdout.write(`  ${title}: ${error}\n`);
  process.stdout.write(
    `\ntests: ${passed} passed, ${failed.length} failed, ${skipped.length} skipped\n`,
  );
  return failed.length === 0;
}
