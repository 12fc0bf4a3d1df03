import { z } from 'zod';
import { invalidField, NfvError } from '../../errors.js';
import { awaitApplied } from '../await-applied.js';
import { errorText } from '../error-text.js';
import { EXIT, exitCodeOfAll } from '../exit-codes.js';
import { collect } from '../flags/parse.js';
import { inOrder } from '../in-order.js';
import { apiOf, KINDS, nameOf, parseRefs, type ResourceRef } from '../kinds.js';
import { readManifests } from '../manifest/read-manifests.js';
import type { Session } from '../session.js';
import { examples, type Verb } from '../verb.js';
import { addWaitOption, waitOf } from '../wait-option.js';

const WINDOW = 32;

const Options = z.object({
  filename: z.array(z.string()).optional(),
  etag: z.string().optional(),
  dryRun: z.boolean().default(false),
  wait: z.union([z.string(), z.boolean()]).optional(),
});
type Options = z.infer<typeof Options>;

export const deleteVerb: Verb = (program, define) => {
  const command = program
    .command('delete')
    .description('Deletes resources. What is not there need not be deleted: that is no error.')
    .argument('[kind]', 'network, nve or endpoint; or KIND/NAME')
    .argument('[name...]', 'which')
    .option('-f, --filename <file>', 'what these manifests name; as of apply', collect)
    .option('--etag <etag>', 'only if it is still the one with this etag')
    .option('--dry-run', 'let the NVA check it, and delete nothing')
    .option('--ignore-not-found', 'so it is always');
  addWaitOption(command).addHelpText(
    'after',
    examples(
      'nfvctl delete endpoint web-1 web-2 --wait',
      'nfvctl delete network/blue nve/host-a',
      'nfvctl delete -f examples/two-tenants.yaml',
    ),
  );
  define(command, (session, args, opts) => deleteAll(session, args, Options.parse(opts)));
};

async function deleteAll(
  session: Session,
  args: readonly string[],
  options: Options,
): Promise<number> {
  const wait = waitOf(options.wait);
  const refs = await refsOf(session, args, options);
  if (options.etag !== undefined && refs.length !== 1) {
    throw invalidField('--etag', options.etag, `given for ${refs.length} resources`, 'name one');
  }
  const errors: NfvError[] = [];
  // What refers to others goes first.
  for (const kind of KINDS.toReversed()) {
    const own = refs.filter((ref) => ref.kind === kind);
    const results = inOrder(own, WINDOW, (ref) => deleteOne(session, ref, options));
    for await (const { ref, outcome } of results) {
      session.signal.throwIfAborted();
      if (outcome instanceof NfvError) errors.push(outcome);
      await tell(session, ref, outcome, options.dryRun);
    }
  }
  const status = exitCodeOfAll(errors);
  if (status !== EXIT.ok.code || wait === undefined || options.dryRun) return status;
  return awaitApplied(session, 0, wait);
}

async function refsOf(
  session: Session,
  args: readonly string[],
  { filename }: Options,
): Promise<ResourceRef[]> {
  if (filename === undefined) {
    const refs = args.length === 0 ? [] : parseRefs(args);
    if (refs.length > 0) return refs;
    throw new NfvError('INVALID_FIELD', 'nothing is named', {
      remedy: 'give KIND NAME, KIND/NAME, or -f FILE',
    });
  }
  if (args.length === 0) return readManifests(filename, session.host.stdin);
  throw invalidField('-f', filename.join(' '), 'not used with names', 'leave out one of the two');
}

type Outcome = 'deleted' | 'absent' | NfvError;

async function deleteOne(
  session: Session,
  ref: ResourceRef,
  { etag = '', dryRun }: Options,
): Promise<{ readonly ref: ResourceRef; readonly outcome: Outcome }> {
  const api = apiOf(session.nva, ref.kind);
  const request = { id: ref.id, etag, validateOnly: dryRun };
  try {
    // The API says success also when there was nothing.
    await session.retry(() => api.get(ref.id, session.call));
    await session.retry(() => api.delete(request, session.call));
    return { ref, outcome: 'deleted' };
  } catch (thrown) {
    const error = NfvError.from(thrown);
    return { ref, outcome: error.code === 'NOT_FOUND' ? 'absent' : error };
  }
}

async function tell(
  session: Session,
  ref: ResourceRef,
  outcome: Outcome,
  dryRun: boolean,
): Promise<void> {
  const name = nameOf(ref);
  if (outcome === 'deleted') {
    await session.out.write(`${name} deleted${dryRun ? ' (dry run)' : ''}\n`);
  } else if (outcome === 'absent') {
    await session.err.write(`${name} not found, nothing to delete\n`);
  } else {
    const about = outcome.message.startsWith(name) ? '' : name;
    await session.err.write(errorText(outcome, session.errPaint, about));
  }
}
