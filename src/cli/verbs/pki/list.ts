import { z } from 'zod';
import { DataFormat, dataFormatOption, render } from '../../data-format.js';
import { EXIT } from '../../exit-codes.js';
import type { IssuedCertificate } from '../../pki-access.js';
import { Table, type Cell } from '../../table.js';
import { examples, type Verb } from '../../verb.js';
import { dateText, pkiOf } from './options.js';

const Options = z.object({ output: DataFormat.default('table') });

const HEADER = ['NAME', 'IDENTITY', 'STATE', 'UNTIL', 'SERIAL'];

/** Below `nfvctl pki`. */
export const listVerb: Verb = (pki, define) => {
  const command = pki
    .command('list')
    .summary('Shows what has been issued.')
    .description('Shows every certificate that has been issued, and whether it is still good.')
    .addOption(dataFormatOption())
    .addHelpText('after', examples('nfvctl pki list'));
  define(command, async (session, _args, opts) => {
    const { output } = Options.parse(opts);
    const all = await (await pkiOf(pki, session)).list();
    const now = session.clock.now();
    const certificates = all.map((one) => ({ ...one, state: stateOf(one, now) }));
    const text = render(output, { certificates: certificates.map(dataOf) }, () =>
      new Table(HEADER, session.paint).all(certificates.map(cellsOf)),
    );
    await session.out.write(text);
    return EXIT.ok.code;
  });
};

interface Shown extends IssuedCertificate {
  readonly state: State;
  readonly revoked: Date | undefined;
}

/** Times as RFC 3339 has them; never revoked: null. */
function dataOf({ notBefore, notAfter, revoked, ...rest }: Shown): object {
  return {
    ...rest,
    notBefore: notBefore.toISOString(),
    notAfter: notAfter.toISOString(),
    revoked: revoked?.toISOString() ?? null,
  };
}

type State = 'GOOD' | 'EXPIRED' | 'REVOKED';

function stateOf(
  { notAfter, revoked }: IssuedCertificate & { readonly revoked: Date | undefined },
  now: number,
): State {
  if (revoked !== undefined) return 'REVOKED';
  return notAfter.getTime() <= now ? 'EXPIRED' : 'GOOD';
}

const COLOURS = { GOOD: 'green', EXPIRED: 'yellow', REVOKED: 'red' } as const;

function cellsOf(one: Shown): Cell[] {
  return [
    { text: one.name },
    { text: one.identity },
    { text: one.state, colour: COLOURS[one.state] },
    { text: dateText(one.notAfter) },
    { text: one.serial },
  ];
}
