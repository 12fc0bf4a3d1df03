import { z } from 'zod';
import { NfvError } from '../../errors.js';
import { applyOne, type Applied, type ApplyOptions } from '../apply-one.js';
import { awaitApplied } from '../await-applied.js';
import { errorText } from '../error-text.js';
import { EXIT, exitCodeOfAll } from '../exit-codes.js';
import { collect } from '../flags/parse.js';
import { inOrder } from '../in-order.js';
import { nameOf } from '../kinds.js';
import type { Desired } from '../manifest/desired.js';
import { readManifests } from '../manifest/read-manifests.js';
import type { Session } from '../session.js';
import { examples, type Verb } from '../verb.js';
import { addWaitOption, waitOf } from '../wait-option.js';

/** Resources that are worked on at once. */
const WINDOW = 32;

const Options = z.object({
  filename: z.array(z.string()),
  dryRun: z.boolean().default(false),
  wait: z.union([z.string(), z.boolean()]).optional(),
});
type Options = z.infer<typeof Options>;

export const applyVerb: Verb = (program, define) => {
  const command = program
    .command('apply')
    .summary('Makes resources what manifests say.')
    .description(
      'Makes resources what manifests say: creates what is not there, changes what differs. ' +
        'What a manifest leaves out has its default.',
    )
    .requiredOption(
      '-f, --filename <file>',
      'a file, a directory, or - for stdin; repeatable',
      collect,
    )
    .option('--dry-run', 'let the NVA check it, and change nothing');
  addWaitOption(command).addHelpText(
    'after',
    examples(
      'nfvctl apply -f examples/two-tenants.yaml --wait=1m',
      'nfvctl apply -f networks/ -f endpoints/ --dry-run',
      'nfvctl get network blue -o yaml | sed s/1400/1450/ | nfvctl apply -f -',
    ),
  );
  define(command, (session, _args, opts) => apply(session, Options.parse(opts)));
};

interface Outcome {
  readonly desired: Desired;
  readonly result: Applied | NfvError;
}

async function apply(session: Session, options: Options): Promise<number> {
  const wait = waitOf(options.wait);
  const all = await readManifests(options.filename, session.host.stdin);
  const errors: NfvError[] = [];
  const pending = new Set<string>();
  let revision = 0;
  // What others refer to comes first.
  const phases = [
    all.filter(({ kind }) => kind !== 'Endpoint'),
    all.filter(({ kind }) => kind === 'Endpoint'),
  ];
  for (const phase of phases) {
    const settings = { dryRun: options.dryRun, pending };
    const outcomes = inOrder(phase, WINDOW, (desired) => attempt(session, desired, settings));
    for await (const { desired, result } of outcomes) {
      session.signal.throwIfAborted();
      const name = nameOf(desired);
      if (result instanceof NfvError) {
        errors.push(result);
        const about = `${desired.place}${result.message.startsWith(name) ? '' : `: ${name}`}`;
        await session.err.write(errorText(result, session.errPaint, about));
        continue;
      }
      if (options.dryRun && result.action === 'created') pending.add(name);
      revision = Math.max(revision, result.resource?.meta.revision ?? 0);
      const dry = options.dryRun ? ' (dry run)' : '';
      await session.out.write(`${name} ${result.action}${dry}\n`);
    }
  }
  if (errors.length > 0) {
    await session.err.write(`${errors.length} of ${all.length} could not be applied\n`);
    return exitCodeOfAll(errors);
  }
  if (wait === undefined || options.dryRun) return EXIT.ok.code;
  return awaitApplied(session, revision, wait);
}

async function attempt(
  session: Session,
  desired: Desired,
  options: ApplyOptions,
): Promise<Outcome> {
  try {
    return { desired, result: await applyOne(session, desired, options) };
  } catch (thrown) {
    return { desired, result: NfvError.from(thrown) };
  }
}
