/** What the verbs that change something share: flags, and what they print. */
import { Option, type Command } from 'commander';
import { z } from 'zod';
import type { Resource } from '../model/api.js';
import { awaitApplied } from './await-applied.js';
import { EXIT } from './exit-codes.js';
import { nameOf } from './kinds.js';
import { Printer } from './printer.js';
import type { Session } from './session.js';
import { addWaitOption, waitOf } from './wait-option.js';

export const ChangeOptions = z.object({
  dryRun: z.boolean().default(false),
  wait: z.union([z.string(), z.boolean()]).optional(),
  output: z.enum(['json', 'yaml', 'name']).optional(),
});
export type ChangeOptions = z.infer<typeof ChangeOptions>;

export function addChangeOptions(command: Command): Command {
  addWaitOption(command);
  return command
    .option('--dry-run', 'let the NVA check it, and change nothing')
    .addOption(
      new Option('-o, --output <format>', 'print the result so').choices(['json', 'yaml', 'name']),
    );
}

/** Says what became of a resource, and waits if asked to. @returns the exit status */
export async function tellChanged(
  session: Session,
  resource: Resource,
  verb: 'created' | 'updated' | 'unchanged',
  options: ChangeOptions,
): Promise<number> {
  const wait = waitOf(options.wait);
  if (options.output === undefined) {
    await session.out.write(`${nameOf(resource)} ${verb}${options.dryRun ? ' (dry run)' : ''}\n`);
  } else {
    const settings = { output: options.output, headers: true, bare: options.dryRun };
    await new Printer(session, settings, false).print([resource], true);
  }
  if (wait === undefined || options.dryRun) return EXIT.ok.code;
  return awaitApplied(session, resource.meta.revision, wait);
}
