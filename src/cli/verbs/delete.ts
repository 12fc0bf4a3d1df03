import { z } from 'zod';
import { invalidField, NfvError, type ErrorCode } from '../../errors.js';
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
  const timeoutMs = options.dryRun ? undefined : wait;
  const deletion = new Deletion(session, refs, options);
  const nves = refs.filter(({ kind }) => kind === 'Nve');
  if (nves.length === 0 || nves.length === refs.length) {
    await deletion.delete(refs);
    return deletion.end(timeoutMs);
  }
  await deletion.delete(refs.filter(({ kind }) => kind !== 'Nve'));
  if (wait !== undefined) {
    const code = await deletion.end(timeoutMs);
    if (code !== EXIT.ok.code) {
      // An agent whose NVE is gone is told nothing more: what was to go would stay on its host.
      for (const nve of nves)
        await session.err.write(`${nameOf(nve)} stays until the rest is gone\n`);
      return code;
    }
  }
  await deletion.delete(nves);
  return deletion.end(undefined);
}

/** The resources of one command, some of them at a time. */
class Deletion {
  readonly #batch: Batch;
  readonly #allGo: () => Promise<boolean>;

  constructor(
    private readonly session: Session,
    private readonly refs: readonly ResourceRef[],
    private readonly options: Options,
  ) {
    this.#batch = new Batch(session.signal);
    this.#allGo = allTogether(session, refs, options);
  }

  /** What refers to others goes first. */
  async delete(refs: readonly ResourceRef[]): Promise<void> {
    for (const kind of KINDS.toReversed()) {
      await this.#deleteThese(refs.filter((ref) => ref.kind === kind));
    }
  }

  async #deleteThese(refs: readonly ResourceRef[]): Promise<void> {
    const { session, options } = this;
    const work = (ref: ResourceRef): Promise<Outcome> =>
      deleteOne(session, ref, options, this.#allGo);
    for await (const outcome of this.#batch.run(refs, work)) {
      if ('error' in outcome) await tellError(session, outcome.item, outcome.error);
      else await tell(session, outcome.item, outcome.result, options.dryRun);
    }
  }

  /**
   * The exit status of what was deleted so far.
   * @param timeoutMs undefined: it need not be applied
   */
  async end(timeoutMs: number | undefined): Promise<number> {
    const { failed, exitCode } = this.#batch;
    const of = this.refs.length;
    if (failed > 0) {
      if (of > 1) await this.session.err.write(`${failed} of ${of} could not be deleted\n`);
      return exitCode;
    }
    return timeoutMs === undefined ? EXIT.ok.code : awaitApplied(this.session, 0, timeoutMs);
  }
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
  if (args.length === 0) return readManifests(filename, session.input);
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
