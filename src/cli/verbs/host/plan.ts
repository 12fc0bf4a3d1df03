import { z } from 'zod';
import { isBlocked } from '../../../model/host/plan.js';
import { EXIT } from '../../exit-codes.js';
import { examples, type Verb } from '../../verb.js';
import { DataFormat, dataFormatOption, render } from '../../data-format.js';
import { hostOf, readProfile } from './options.js';
import { planData, planText } from './print.js';

const Options = z.object({ filename: z.string(), output: DataFormat.default('table') });

/** Below `nfvctl host`. */
export const planVerb: Verb = (host, define) => {
  const command = host
    .command('plan')
    .description(
      'Shows what "apply" would do to this host now, step by step, and what goes away with it. ' +
        'Nothing is changed.',
    )
    .requiredOption('-f, --filename <file>', 'the host profile, or - for stdin')
    .addOption(dataFormatOption())
    .addHelpText('after', examples('nfvctl host plan -f host.yaml'));
  define(command, async (session, _args, opts) => {
    const { filename, output } = Options.parse(opts);
    const profile = await readProfile(filename, session);
    const shown = await (await hostOf(host, session)).plan(profile, session.call.signal);
    const text = render(output, planData(shown), () => planText(shown, session.paint));
    await session.out.write(text);
    return isBlocked(shown.plan) ? EXIT.conflict.code : EXIT.ok.code;
  });
};
