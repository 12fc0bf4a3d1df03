import { z } from 'zod';
import { profileHash } from '../../../model/host/offer.js';
import type { HostAccess, ProfileText } from '../../host-access.js';
import type { Session } from '../../session.js';
import { requireDuration } from '../../duration.js';
import { EXIT } from '../../exit-codes.js';
import { examples, type Verb } from '../../verb.js';
import { addProfileOptions, hostOf, ProfileFlags, profileOf, progressTo } from './options.js';
import { stepCount } from './print.js';

const Options = ProfileFlags.extend({
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
    );
  addProfileOptions(command)
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
    const { plan: planHash, iKnow, confirm, ...flags } = Options.parse(opts);
    const access = await hostOf(host, session);
    const profile = await profileOf(flags, access, session);
    const confirmMs = confirm === undefined ? undefined : requireDuration('--confirm', confirm);
    const request = {
      profile,
      iKnow,
      ...(planHash === undefined ? {} : { planHash }),
      ...(confirmMs === undefined ? {} : { confirmMs }),
    };
    await tellConflict(access, profile, session);
    const plan = await access.apply(request, progressTo(session), session.signal);
    const done = plan.steps.length === 0 ? 'unchanged' : `prepared, ${stepCount(plan)}`;
    const rest =
      confirm === undefined ? '' : `; it is undone in ${confirm} without "nfvctl host confirm"`;
    await session.out.write(`host ${done}${rest}\n`);
    return EXIT.ok.code;
  });
};

/** Two profiles are wanted of this host, and the agent's configuration says which is right. */
async function tellConflict(
  access: HostAccess,
  { text }: ProfileText,
  session: Session,
): Promise<void> {
  const { offered } = await access.status(false, session.call.signal);
  if (offered?.takes !== 'nva' || offered.hash === profileHash(text)) return;
  const note = `note: the NVA offers another profile, ${offered.profile}, and the agent's configuration takes the NVA's\n`;
  await session.err.write(note);
}
