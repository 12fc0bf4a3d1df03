import type { PreflightCheck } from '../../../model/host/status.js';
import { EXIT } from '../../exit-codes.js';
import type { Colour, Paint } from '../../style.js';
import { examples, type Verb } from '../../verb.js';
import { DataFormat, dataFormatOption, render } from '../../data-format.js';
import { addProfileOptions, hostOf, ProfileFlags, profileIfGiven } from './options.js';

const Options = ProfileFlags.extend({ output: DataFormat.default('table') });

/** Below `nfvctl host`. */
export const preflightVerb: Verb = (host, define) => {
  const command = host
    .command('preflight')
    .description(
      'Looks for all that stands in the way: what was found, why it matters, how to mend it. ' +
        'With a profile also what its plan meets. Nothing is changed.',
    );
  addProfileOptions(command)
    .addOption(dataFormatOption())
    .addHelpText('after', examples('nfvctl host preflight', 'nfvctl host preflight -f host.yaml'));
  define(command, async (session, _args, opts) => {
    const { output, ...flags } = Options.parse(opts);
    const access = await hostOf(host, session);
    const profile = await profileIfGiven(flags, access, session);
    const checks = await access.preflight(profile, session.call.signal);
    await session.out.write(render(output, checks, () => text(checks, session.paint)));
    const fails = checks.some(({ result }) => result === 'fails');
    return fails ? EXIT.conflict.code : EXIT.ok.code;
  });
};

const COLOURS: Readonly<Record<PreflightCheck['result'], Colour>> = {
  ok: 'green',
  warns: 'yellow',
  fails: 'red',
};

function text(checks: readonly PreflightCheck[], paint: Paint): string {
  const lines = checks.flatMap(({ name, result, found, why, remedy }) => [
    `${paint(COLOURS[result], result.padEnd(5))}  ${name}: ${found}`,
    ...(result === 'ok' ? [] : [`         why: ${why}`, `         mend: ${remedy}`]),
  ]);
  const count = (of: PreflightCheck['result']): number =>
    checks.filter(({ result }) => result === of).length;
  const sum = `${count('ok')} ok, ${count('warns')} to be looked at, ${count('fails')} in the way`;
  return [...lines, sum, ''].join('\n');
}
