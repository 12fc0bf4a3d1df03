import { z } from 'zod';
import { invalidField, NfvError, type ErrorCode } from '../../errors.js';
import type { ResourceKind } from '../../model/api.js';
import { awaitApplied } from '../await-applied.js';
import { Batch } from '../batch.js';
import { errorText } from '../error-text.js';
import { EXIT } from '../exit-codes.js';
import { collect } from '../flags/parse.js';
import { apiOf, KINDS, nameOf, parseRefs, type ResourceRef } from '../kinds.js';
import { readManifests } from '../manifest/read-manifests.js';
import type { Session } from '../session.js';
import { examples, type Verb } from '../verb.js';
import { addWaitOption, waitOf } from '../wait-option.js';

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
    .summary('Deletes resources.')
    .description('Deletes resources. What is not there need not be deleted: that is no error.')
    .argument('[kind]', 'network, nve, subnet, router, endpoint or hostprofile; or KIND/NAME')
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
  const batch = new Batch(session.signal);
  const allGo = allTogether(session, refs, options);
  const deleteKind = async (kind: ResourceKind): Promise<void> => {
    const own = refs.filter((ref) => ref.kind === kind);
    for await (const outcome of batch.run(own, (ref) => deleteOne(session, ref, options, allGo))) {
      if ('error' in outcome) await tellError(session, outcome.item, outcome.error);
      else await tell(session, outcome.item, outcome.result, options.dryRun);
    }
  };
  // What refers to others goes first.
  for (const kind of KINDS.toReversed()) if (kind !== 'Nve') await deleteKind(kind);
  const nves = refs.filter(({ kind }) => kind === 'Nve').length;
  const timeoutMs = options.dryRun || batch.failed > 0 ? undefined : wait;
  if (timeoutMs !== undefined && nves < refs.length) {
    const code = await awaitApplied(session, 0, timeoutMs);
    if (nves === 0) return code;
    if (code !== EXIT.ok.code) {
      await session.err.write('the NVEs stay until it is\n');
      return code;
    }
  }
  // An agent whose NVE is gone is told nothing more: what was to go would stay on its host.
  await deleteKind('Nve');
  if (batch.failed > 0) return tellFailed(session, batch, refs.length);
  if (timeoutMs === undefined || nves < refs.length) return EXIT.ok.code;
  return awaitApplied(session, 0, timeoutMs);
}

async function tellFailed(session: Session, batch: Batch, of: number): Promise<number> {
  if (of > 1) await session.err.write(`${batch.failed} of ${of} could not be deleted\n`);
  return batch.exitCode;
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

/** Not all could go, or no plan can tell (too many, an older NVA): what is in whose way, the refusal of each says. */
const NOT_TOGETHER: readonly ErrorCode[] = [
  'RESOURCE_IN_USE',
  'INVALID_FIELD',
  'CONFIRMATION_PENDING',
  'ACCESS_DENIED',
  'MESSAGE_TOO_LARGE',
  'PROTOCOL_VERSION',
];

/**
 * Whether the resources could go if all of them did: in a dry run none has gone when what it refers to is looked
 * at. Asked once, and only where it matters.
 */
function allTogether(
  session: Session,
  refs: readonly ResourceRef[],
  { dryRun }: Options,
): () => Promise<boolean> {
  let answer: Promise<boolean> | undefined;
  const ask = async (): Promise<boolean> => {
    const wanted = refs.map(({ kind, id }) => ({ delete: { kind, id }, etag: '' }));
    try {
      await session.retry(() => session.nva.changes.plan({ wanted }, session.call));
      return true;
    } catch (thrown) {
      if (NOT_TOGETHER.includes(NfvError.from(thrown).code)) return false;
      throw thrown;
    }
  };
  return () => {
    if (!dryRun || refs.length < 2) return Promise.resolve(false);
    answer ??= ask();
    return answer;
  };
}

type Outcome = 'deleted' | 'absent';

async function deleteOne(
  session: Session,
  ref: ResourceRef,
  { etag = '', dryRun }: Options,
  allGo: () => Promise<boolean>,
): Promise<Outcome> {
  const api = apiOf(session.nva, ref.kind);
  const request = { id: ref.id, etag, validateOnly: dryRun };
  try {
    // The API says success also when there was nothing.
    await session.retry(() => api.get(ref.id, session.call));
    await session.retry(() => api.delete(request, session.call));
    return 'deleted';
  } catch (thrown) {
    const error = NfvError.from(thrown);
    if (error.code === 'NOT_FOUND') return 'absent';
    if (error.code === 'RESOURCE_IN_USE' && (await allGo())) return 'deleted';
    throw error;
  }
}

async function tell(
  session: Session,
  ref: ResourceRef,
  outcome: Outcome,
  dryRun: boolean,
): Promise<void> {
  const name = nameOf(ref);
  if (outcome === 'absent') await session.err.write(`${name} not found, nothing to delete\n`);
  else await session.out.write(`${name} deleted${dryRun ? ' (dry run)' : ''}\n`);
}

async function tellError(session: Session, ref: ResourceRef, error: NfvError): Promise<void> {
  const name = nameOf(ref);
  const about = error.message.startsWith(name) ? '' : name;
  await session.err.write(errorText(error, session.errPaint, about));
}
