import { z } from 'zod';
import { invalidField } from '../../errors.js';
import type { ResourceKind } from '../../model/api.js';
import { EXIT } from '../exit-codes.js';
import { apiOf, KINDS, parseKind } from '../kinds.js';
import { Printer } from '../printer.js';
import { Format, formatOption } from '../render.js';
import { revisionOf } from '../revision.js';
import type { Session } from '../session.js';
import { tellLost } from '../tell-lost.js';
import { examples, type Verb } from '../verb.js';
import { watchChanges } from '../watching.js';

const Options = z.object({
  filter: z.string().default(''),
  fromRevision: z.string().optional(),
  output: Format.default('table'),
  headers: z.boolean().default(true),
});
type Options = z.infer<typeof Options>;

export const watchVerb: Verb = (program, define) => {
  const command = program
    .command('watch')
    .description('Shows every change from now on, until it is interrupted.')
    .argument(
      '[kind]',
      'networks, nves, subnets, routers, endpoints or hostprofiles; several with commas; all if absent',
    )
    .option('--filter <filter>', 'only of those that match (AIP-160, see docs/api.md#filters)')
    .option('--from-revision <number>', 'changes after this one; 0: first all that exists')
    .addOption(formatOption())
    .option('--no-headers', 'no header above the table')
    .addHelpText(
      'after',
      examples(
        'nfvctl watch',
        'nfvctl watch endpoints -o json | jq .resource.status.state',
        'nfvctl watch nves --from-revision 1200',
      ),
    );
  define(command, (session, args, opts) => watch(session, args, Options.parse(opts)));
};

async function watch(session: Session, args: readonly string[], options: Options): Promise<number> {
  const [text = 'all', ...more] = args;
  if (more.length > 0) throw invalidField('KIND', more.join(' '), 'too many', 'give one');
  const kinds = text === 'all' ? [...KINDS] : [...new Set(text.split(',').map(parseKind))];
  const printer = new Printer(session, options, kinds.length > 1);
  const { nva, clock, signal } = session;
  const changes = watchChanges({
    nva,
    clock,
    signal,
    kinds,
    filter: options.filter,
    startRevision: await startOf(session, kinds, options.fromRevision),
    onLost: tellLost(session),
  });
  for await (const change of changes) await printer.printChanges([change]);
  return EXIT.ok.code;
}

/** Also finds out whether there is an NVA to watch. */
async function startOf(
  session: Session,
  [kind = 'Nve']: readonly ResourceKind[],
  text: string | undefined,
): Promise<number> {
  const given = text === undefined ? undefined : revisionOf('--from-revision', text);
  const request = { pageSize: 1, pageToken: '', filter: '' };
  const { revision } = await apiOf(session.nva, kind).list(request, session.call);
  return given ?? revision;
}
