import mocha, { type Context } from 'mocha';

/** Reasons by full title of a test or suite, for the reporter. */
export const skipReasons = new Map<string, string>();

/** Skips the running test, or the suite of a running hook; the reason is told at the end. */
export function skip(context: Context, reason: string): never {
  const { test } = context;
  const isOfSuite = test instanceof mocha.Hook && test.title.startsWith('"before all"');
  const about = isOfSuite ? test.parent : (context.currentTest ?? test);
  if (about !== undefined) skipReasons.set(about.fullTitle(), reason);
  context.skip();
}
