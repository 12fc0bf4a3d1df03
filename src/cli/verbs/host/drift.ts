import { z } from 'zod';
import { EXIT } from '../../exit-codes.js';
import { examples, type Verb } from '../../verb.js';
import { DataFormat, dataFormatOption, render } from '../../data-format.js';
import { hostOf, progressTo } from './options.js';

const Options = z.object({ output: DataFormat.default('table') });

/** Below `nfvctl host`. */
export const driftVerb: Verb = (host, define) => {
  const command = host
    .command('drift')
    .description(
      'Looks whether this host is still as its profile wants it, and repairs it where the ' +
        "profile's policy says so (policy.drift: repair).",
    )
    .addOption(dataFormatOption())
    .addHelpText('after', examples('nfvctl host drift -o json'));
  define(command, async (session, _args, opts) => {
    const { output } = Options.parse(opts);
    const report = await (await hostOf(host, session)).drift(progressTo(session), session.signal);
    const { steps, repaired } = report;
    const text =
      steps.length === 0
        ? 'as the profile wants it\n'
        : `${repaired ? 'repaired' : 'differs'}:\n${steps.map((step) => `  ${step}\n`).join('')}`;
    await session.out.write(render(output, report, () => text));
    return steps.length === 0 || repaired ? EXIT.ok.code : EXIT.different.code;
  });
};
