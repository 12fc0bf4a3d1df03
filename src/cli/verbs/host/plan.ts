import { isBlocked } from '../../../model/host/plan.js';
import { EXIT } from '../../exit-codes.js';
import { examples, type Verb } from '../../verb.js';
import { DataFormat, dataFormatOption, render } from '../../data-format.js';
import { addProfileOptions, hostOf, ProfileFlags, profileOf } from './options.js';
import { planData, planText } from './print.js';

const Options = ProfileFlags.extend({ output: DataFormat.default('table') });

/** Below `nfvctl host`. */
export const planVerb: Verb = (host, define) => {
  const command = host
    .command('plan')
    .description(
      'Shows what "apply" would do to this host now, step by step, and what goes away with it. ' +
        'Nothing is changed.',
    );
  addProfileOptions(command)
    .addOption(dataFormatOption())
    .addHelpText('after', examples('nfvctl host plan -f host.yaml', 'nfvctl host plan --offered'));
  define(command, async (session, _args, opts) => {
    const { output, ...flags } = Options.parse(opts);
    const access = await hostOf(host, session);
    const profile = await profileOf(flags, access, session);
    const shown = await access.plan(profile, session.call.signal);
    const text = render(output, planData(shown), () => planText(shown, session.paint));
    await session.out.write(text);
    return isBlocked(shown.plan) ? EXIT.conflict.code : EXIT.ok.code;
  });
};
