import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { z } from 'zod';
import type { Endpoint } from '../../model/endpoint.js';
import type { MigrationPhase } from '../../model/migration-phase.js';
import { awaitMigration } from '../await-migration.js';
import { addChangeOptions, ChangeOptions } from '../changed.js';
import { requireDuration } from '../duration.js';
import { EXIT } from '../exit-codes.js';
import { addPortFlags, PortOptions, portOf } from '../flags/port-flags.js';
import { requireId } from '../kinds.js';
import { Printer } from '../printer.js';
import type { Session } from '../session.js';
import { examples, type Define, type Verb } from '../verb.js';
import { waitOf } from '../wait-option.js';

const Options = ChangeOptions.extend({ etag: z.string().optional() });
type Options = z.infer<typeof Options>;

const StartOptions = Options.extend({
  ...PortOptions.shape,
  nve: z.string(),
  hold: z.boolean().default(false),
  phaseTimeout: z.string().optional(),
});

const FinishOptions = Options.extend({ force: z.boolean().default(false) });

export const migrateVerb: Verb = (program, define) => {
  const migrate = program
    .command('migrate')
    .summary('Moves an endpoint to another NVE, make before break.')
    .description(
      'Moves an endpoint to another NVE: it is made ready there, then all NVEs are switched to it, and ' +
        'only then its old port goes. A target that is not ready in time costs nothing.',
    );
  migrate.helpCommand(false);
  migrate.addHelpText(
    'after',
    examples('nfvctl migrate start web-1 --nve host-b --wait', 'nfvctl migrate cancel web-1'),
  );
  addStart(migrate, define);
  addFinish(migrate, define);
  addCancel(migrate, define);
};

function addStart(parent: Command, define: Define): void {
  const command = parent
    .command('start')
    .description(
      'Begins to move an endpoint. Its port there is as it is here, but for what is given.',
    )
    .argument('<endpoint>', 'its name')
    .requiredOption('--nve <name>', 'the NVE to move it to')
    .option('--hold', 'stay associated until "migrate finish"')
    .option('--phase-timeout <duration>', 'for each phase, 1s to 1h; 1m if absent');
  addPortFlags(command);
  addOptions(command).addHelpText(
    'after',
    examples(
      'nfvctl migrate start web-1 --nve host-b --veth-netns web-1 --wait',
      'nfvctl migrate start vm-7 --nve host-b --hold --wait',
    ),
  );
  define(command, async (session, args, opts) => {
    const options = StartOptions.parse(opts);
    const { hold, phaseTimeout, etag = '', dryRun } = options;
    const wait = waitOf(options.wait);
    const id = idOf(args);
    const nve = requireId('Nve', options.nve);
    const timeoutMs =
      phaseTimeout === undefined ? 0 : requireDuration('--phase-timeout', phaseTimeout);
    const live = await session.retry(() => session.nva.endpoints.get(id, session.call));
    const port = portOf(options, live.spec.port) ?? live.spec.port;
    const common = { id, nve, port, hold, timeoutMs, etag, validateOnly: dryRun };
    const request = { ...common, requestId: randomUUID() };
    const endpoint = await session.retry(() =>
      session.nva.migrations.migrate(request, session.call),
    );
    const wanted: MigrationPhase[] = hold ? ['ASSOCIATED', 'FINISHED'] : ['FINISHED'];
    return tell(session, endpoint, options, { wait, wanted });
  });
}

function addFinish(parent: Command, define: Define): void {
  const command = parent
    .command('finish')
    .description('Lets a migration that holds go on.')
    .argument('<endpoint>', 'its name')
    .option('--force', 'do not wait for NVEs that are not connected, or have no VPP');
  addOptions(command).addHelpText('after', examples('nfvctl migrate finish vm-7 --wait'));
  define(command, async (session, args, opts) => {
    const options = FinishOptions.parse(opts);
    const wait = waitOf(options.wait);
    const { etag = '', dryRun, force } = options;
    const request = { id: idOf(args), etag, validateOnly: dryRun, force };
    const endpoint = await send(session, options, () =>
      session.nva.migrations.finish(request, session.call),
    );
    return tell(session, endpoint, options, { wait, wanted: ['FINISHED'] });
  });
}

function addCancel(parent: Command, define: Define): void {
  const command = parent
    .command('cancel')
    .description('Takes a migration back that is not over.')
    .argument('<endpoint>', 'its name');
  addOptions(command).addHelpText('after', examples('nfvctl migrate cancel vm-7 --wait'));
  define(command, async (session, args, opts) => {
    const options = Options.parse(opts);
    const wait = waitOf(options.wait);
    const { etag = '', dryRun } = options;
    const request = { id: idOf(args), etag, validateOnly: dryRun };
    const endpoint = await send(session, options, () =>
      session.nva.migrations.cancel(request, session.call),
    );
    return tell(session, endpoint, options, { wait, wanted: ['CANCELLED', 'FAILED'] });
  });
}

const addOptions = (command: Command): Command =>
  addChangeOptions(command).option('--etag <etag>', 'only if it is still the one with this etag');

const idOf = ([name = '']: readonly string[]): string =>
  requireId('Endpoint', name.replace(/^endpoints?\//, ''));

/** With an etag of the user's, a change whose answer was lost would look like somebody else's. */
function send(
  session: Session,
  { etag }: Options,
  request: () => Promise<Endpoint>,
): Promise<Endpoint> {
  return etag === undefined ? session.retry(request) : request();
}

interface Waiting {
  /** Milliseconds; undefined: not at all. */
  readonly wait: number | undefined;
  readonly wanted: readonly MigrationPhase[];
}

async function tell(
  session: Session,
  endpoint: Endpoint,
  { dryRun, output }: Options,
  { wait, wanted }: Waiting,
): Promise<number> {
  const { migration } = endpoint.status;
  if (output === undefined) {
    const way = migration === undefined ? '' : ` from ${migration.source} to ${migration.target}`;
    const dry = dryRun ? ' (dry run)' : '';
    await session.out.write(`endpoints/${endpoint.id} ${migration?.phase ?? ''}${way}${dry}\n`);
  } else {
    const settings = { output, headers: true, bare: dryRun };
    await new Printer(session, settings, false).print([endpoint], true);
  }
  if (wait === undefined || dryRun) return EXIT.ok.code;
  return awaitMigration(session, endpoint, wanted, wait);
}
