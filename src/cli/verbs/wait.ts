import { z } from 'zod';
import { invalidField, NfvError } from '../../errors.js';
import type { Resource } from '../../model/api.js';
import { hostProfileState } from '../../model/host-profile.js';
import { awaitApplied } from '../await-applied.js';
import { formatDuration, requireDuration } from '../duration.js';
import { errorText } from '../error-text.js';
import { EXIT } from '../exit-codes.js';
import { collect } from '../flags/parse.js';
import { apiOf, nameOf, parseRef, type ResourceRef } from '../kinds.js';
import { revisionOf } from '../revision.js';
import type { Session } from '../session.js';
import { STATES, stateWord } from '../states.js';
import { tellLost } from '../tell-lost.js';
import { examples, type Verb } from '../verb.js';
import { DEFAULT_WAIT } from '../wait-option.js';
import { watchChanges } from '../watching.js';

const Options = z.object({
  revision: z.string().optional(),
  for: z.array(z.string()).optional(),
});
type Options = z.infer<typeof Options>;

export const waitVerb: Verb = (program, define) => {
  const command = program
    .command('wait')
    .summary('Waits until changes are applied, or resources are in a state.')
    .description(
      'Waits until every NVE has applied all changes, or until resources are in a state; ' +
        `at most for --timeout (${DEFAULT_WAIT}).`,
    )
    .option('--revision <number>', 'all changes up to this one; the latest if absent')
    .option('--for <kind/name=state>', 'repeatable; a state, or deleted', collect)
    .addHelpText(
      'after',
      examples(
        'nfvctl wait --timeout 1m',
        'nfvctl wait --revision 1234',
        'nfvctl wait --for endpoint/web-1=active --for nve/host-a=in-sync',
        'nfvctl wait --for endpoint/web-1=deleted --timeout 10s',
      ),
    );
  define(command, (session, _args, opts) => wait(session, Options.parse(opts)));
};

async function wait(session: Session, options: Options): Promise<number> {
  const timeoutMs = requireDuration('--timeout', session.globals.timeout ?? DEFAULT_WAIT);
  const conditions = (options.for ?? []).map(parseCondition);
  const { revision } = options;
  if (conditions.length === 0) {
    const wanted = revision === undefined ? 0 : revisionOf('--revision', revision);
    return awaitApplied(session, wanted, timeoutMs);
  }
  if (revision !== undefined) {
    throw invalidField('--revision', revision, 'not used with --for', 'leave out one of the two');
  }
  return awaitConditions(session, conditions, timeoutMs);
}

interface Condition extends ResourceRef {
  /** As the model has it, or DELETED. */
  readonly state: string;
}

function parseCondition(text: string): Condition {
  const equals = text.indexOf('=');
  if (equals < 0) throw invalidField('--for', text, 'no state', 'give KIND/NAME=STATE');
  if (!text.slice(0, equals).includes('/')) {
    throw invalidField('--for', text, 'no kind', 'give KIND/NAME=STATE');
  }
  const ref = parseRef(text.slice(0, equals));
  const state = text
    .slice(equals + 1)
    .toUpperCase()
    .replaceAll('-', '_');
  const known = STATES[ref.kind];
  if (known.includes(state)) return { ...ref, state };
  const names = known.map(stateWord).join(', ');
  throw invalidField('--for', text, 'not a state that it can have', `give one of ${names}`);
}

async function awaitConditions(
  session: Session,
  conditions: readonly Condition[],
  timeoutMs: number,
): Promise<number> {
  const started = session.clock.monotonic();
  const timeUp = new AbortController();
  const cancel = session.clock.after(timeoutMs, () => {
    timeUp.abort();
  });
  const signal = AbortSignal.any([session.signal, timeUp.signal]);
  try {
    const outcomes = await Promise.all(
      conditions.map((condition) => awaitCondition(session, condition, signal)),
    );
    session.signal.throwIfAborted();
    const failed = conditions.filter((_, i) => outcomes[i] !== undefined);
    const took = formatDuration(session.clock.monotonic() - started);
    for (const [i, condition] of conditions.entries()) {
      await tell(session, condition, outcomes[i], took);
    }
    return failed.length === 0 ? EXIT.ok.code : EXIT.waitedInVain.code;
  } finally {
    cancel();
    // Where one of them failed, the others need not go on.
    timeUp.abort();
  }
}

/** undefined: it holds; otherwise what there was when the time was up. */
async function awaitCondition(
  session: Session,
  condition: Condition,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { nva, clock } = session;
  const { kind, id, state } = condition;
  const api = apiOf(nva, kind);
  const filter = `name = "${nameOf(condition)}"`;
  const { resources, revision } = await api.list(
    { pageSize: 1, pageToken: '', filter },
    session.call,
  );
  let last = stateOf(resources.find((resource) => resource.id === id));
  if (last === state) return undefined;
  const onLost = tellLost(session);
  const watch = { nva, clock, signal, kinds: [kind], filter, startRevision: revision, onLost };
  for await (const { type, resource } of watchChanges(watch)) {
    last = stateOf(type === 'DELETED' ? undefined : resource);
    if (last === state) return undefined;
  }
  return last;
}

function stateOf(resource: Resource | undefined): string {
  if (resource === undefined) return 'DELETED';
  if (!('status' in resource)) return 'EXISTING';
  return resource.kind === 'HostProfile'
    ? hostProfileState(resource.status)
    : resource.status.state;
}

async function tell(
  session: Session,
  condition: Condition,
  last: string | undefined,
  took: string,
): Promise<void> {
  const name = nameOf(condition);
  if (last === undefined) {
    await session.out.write(`${name} is ${condition.state} after ${took}\n`);
    return;
  }
  const is = last === 'DELETED' ? 'does not exist' : `is ${last}`;
  const error = new NfvError(
    'DEADLINE_EXCEEDED',
    `${name} ${is}, not ${condition.state}, after ${took}`,
    { remedy: `see "nfvctl describe ${name}"` },
  );
  await session.err.write(errorText(error, session.errPaint));
}
