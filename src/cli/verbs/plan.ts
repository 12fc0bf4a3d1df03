import { z } from 'zod';
import { placed, planRequestOf } from '../apply-plan.js';
import { DataFormat, dataFormatOption, render } from '../data-format.js';
import { EXIT } from '../exit-codes.js';
import { collect } from '../flags/parse.js';
import { readManifests } from '../manifest/read-manifests.js';
import { planText } from '../plan-text.js';
import { prefixesOfSubnets } from '../prefixes-of-subnets.js';
import { examples, type Verb } from '../verb.js';

const Options = z.object({
  filename: z.array(z.string()),
  output: DataFormat.default('table'),
});

export const planVerb: Verb = (program, define) => {
  const command = program
    .command('plan')
    .summary('Tells what apply would do, to each resource and on each NVE.')
    .description(
      'Tells what apply would do, to each resource and on each NVE, and names it by a hash. ' +
        'Exit status 0: nothing, 1: something, more: an error.',
    )
    .requiredOption(
      '-f, --filename <file>',
      'a file, a directory, or - for stdin; repeatable',
      collect,
    )
    .addOption(dataFormatOption())
    .addHelpText(
      'after',
      examples(
        'nfvctl plan -f examples/two-tenants.yaml',
        'nfvctl plan -f examples/two-tenants.yaml -o wide',
      ),
    );
  define(command, async (session, _args, opts) => {
    const { filename, output } = Options.parse(opts);
    const all = await readManifests(filename, session.input, (network) =>
      prefixesOfSubnets(session, network),
    );
    const plan = await placed(all, () =>
      session.retry(() => session.nva.changes.plan(planRequestOf(all), session.call)),
    );
    const text = render(output, plan, (wide) => planText(plan, session.paint, wide));
    await session.out.write(text);
    return plan.changes.length === 0 ? EXIT.ok.code : EXIT.different.code;
  });
};
