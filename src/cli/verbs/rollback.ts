import { z } from 'zod';
import { applyPlan, confirmWithinOf } from '../apply-plan.js';
import { EXIT } from '../exit-codes.js';
import { planText } from '../plan-text.js';
import { revisionOf } from '../revision.js';
import { examples, type Verb } from '../verb.js';
import { addWaitOption, waitOf } from '../wait-option.js';

const Options = z.object({
  dryRun: z.boolean().default(false),
  confirmWithin: z.string().optional(),
  wait: z.union([z.string(), z.boolean()]).optional(),
});

export const rollbackVerb: Verb = (program, define) => {
  const command = program
    .command('rollback')
    .description(
      'Brings back everything that you may change as it was at a revision: shows what that does, ' +
        'and does it in one step.',
    )
    .argument('<revision>', 'one of "nfvctl history", or any in between')
    .option('--dry-run', 'show it, and change nothing')
    .option('--confirm-within <duration>', 'undo it again unless "nfvctl confirm" comes in time');
  addWaitOption(command).addHelpText(
    'after',
    examples('nfvctl rollback 120 --dry-run', 'nfvctl rollback 120 --confirm-within 2m --wait'),
  );
  define(command, async (session, [text = ''], opts) => {
    const options = Options.parse(opts);
    const wait = waitOf(options.wait);
    const confirmWithinMs = confirmWithinOf(options.confirmWithin);
    const request = { rollbackTo: revisionOf('REVISION', text) };
    const plan = await session.retry(() => session.nva.changes.plan(request, session.call));
    await session.out.write(planText(plan, session.paint, false));
    if (options.dryRun || plan.changes.length === 0) return EXIT.ok.code;
    return applyPlan(session, request, { hash: plan.hash, confirmWithinMs, wait });
  });
};
