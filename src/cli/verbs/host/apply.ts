import { z } from 'zod';
import { requireDuration } from '../../duration.js';
import { EXIT } from '../../exit-codes.js';
import { examples, type Verb } from '../../verb.js';
import { hostOf, progressTo, readProfile } from './options.js';
import { stepCount } from './print.js';

const Options = z.object({
  filename: z.string(),
  plan: z.string().optional(),
  iKnow: z.boolean().default(false),
  confirm: z.string().optional(),
});

/** Below `nfvctl host`. */
export const hostApplyVerb: Verb = (host, define) => {
  const command = host
    .command('apply')
    .description(
      'Makes this host as the profile says. A step that fails takes back all that were done. ' +
        'What is done is written down first, so that a crash leaves nothing half done.',
    )
    .requiredOption('-f, --filename <file>', 'the host profile, or - for stdin')
    .option('--plan <hash>', 'only the plan with this hash, as "plan" shows it')
    .option('--i-know', 'also what may cut this host off; with --confirm only')
    .option('--confirm <duration>', 'undo it unless "nfvctl host confirm" comes within this time')
    .addHelpText(
      'after',
      examples(
        'nfvctl host apply -f host.yaml',
        'nfvctl host apply -f host.yaml --confirm 2m --i-know',
      ),
    );
  define(command, async (session, _args, opts) => {
    const { filename, plan: planHash, iKnow, confirm } = Options.parse(opts);
    const profile = await readProfile(filename, session);
    const confirmMs = confirm === undefined ? undefined : requireDuration('--confirm', confirm);
    const request = {
      profile,
      iKnow,
      ...(planHash === undefined ? {} : { planHash }),
      ...(confirmMs === undefined ? {} : { confirmMs }),
    };
    const access = await hostOf(host, session);
    const plan = await access.apply(request, progressTo(session), session.signal);
    const done = plan.steps.length === 0 ? 'unchanged' : `prepared, ${stepCount(plan)}`;
    const rest =
      confirm === undefined ? '' : `; it is undone in ${confirm} without "nfvctl host confirm"`;
    await session.out.write(`host ${done}${rest}\n`);
    return EXIT.ok.code;
  });
};
