import { z } from 'zod';
import { NfvError } from '../../errors.js';
import { MAX_WANTED } from '../../model/changes.js';
import type { EndpointSpec } from '../../model/endpoint.js';
import { applyOne, provides, type Applied } from '../apply-one.js';
import {
  applyPlan,
  confirmWithinOf,
  placed,
  planRequestOf,
  type ApplyPlanOptions,
} from '../apply-plan.js';
import { awaitApplied } from '../await-applied.js';
import { Batch } from '../batch.js';
import { errorText } from '../error-text.js';
import { EXIT } from '../exit-codes.js';
import { collect } from '../flags/parse.js';
import { nameOf } from '../kinds.js';
import type { Desired } from '../manifest/desired.js';
import { readManifests } from '../manifest/read-manifests.js';
import { NamedSubnets } from '../named-subnets.js';
import { planText } from '../plan-text.js';
import { prefixesOfSubnets } from '../prefixes-of-subnets.js';
import type { Session } from '../session.js';
import { examples, type Verb } from '../verb.js';
import { addWaitOption, waitOf } from '../wait-option.js';

const Options = z.object({
  filename: z.array(z.string()),
  dryRun: z.boolean().default(false),
  atomic: z.boolean().default(false),
  plan: z.string().optional(),
  confirmWithin: z.string().optional(),
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
    .option('--dry-run', 'let the NVA check it, and change nothing')
    .option('--atomic', 'all of it in one step, or nothing')
    .option('--plan <hash>', 'the same, and just what "nfvctl plan" told')
    .option(
      '--confirm-within <duration>',
      'the same, and undo it again unless "nfvctl confirm" comes in time',
    );
  addWaitOption(command).addHelpText(
    'after',
    examples(
      'nfvctl apply -f examples/two-tenants.yaml --wait=1m',
      'nfvctl apply -f networks/ -f endpoints/ --dry-run',
      'nfvctl apply -f examples/two-tenants.yaml --confirm-within 2m --wait',
      'nfvctl get network blue -o yaml | sed s/1400/1450/ | nfvctl apply -f -',
    ),
  );
  define(command, (session, _args, opts) => apply(session, Options.parse(opts)));
};

/** Those of one phase do not refer to each other. Addresses that are named are taken before any are given. */
const PHASES = ['networks and NVEs', 'subnets', 'routers', 'named', 'given'] as const;

/** Every kind has one: what has none would be left out without a word. */
function phaseOf(desired: Desired): (typeof PHASES)[number] {
  switch (desired.kind) {
    case 'VirtualNetwork':
    case 'Nve':
    case 'HostProfile':
      return 'networks and NVEs';
    case 'Subnet':
      return 'subnets';
    case 'Router':
      return 'routers';
    case 'Endpoint':
      return isGivenAll(desired.spec) ? 'given' : 'named';
  }
}

function isGivenAll({ subnets, ips }: EndpointSpec): boolean {
  return subnets.length > 0 && ips.length === 0;
}

async function apply(session: Session, options: Options): Promise<number> {
  const wait = waitOf(options.wait);
  const all = await readManifests(options.filename, session.input, (network) =>
    prefixesOfSubnets(session, network),
  );
  const confirmWithinMs = confirmWithinOf(options.confirmWithin);
  if (options.atomic || options.plan !== undefined || confirmWithinMs > 0) {
    return applyAtOnce(session, all, { ...options, confirmWithinMs, wait });
  }
  const batch = new Batch(session.signal);
  const progress = new Progress(options.dryRun);
  // What others refer to comes first.
  for (const next of PHASES) {
    const phase = all.filter((desired) => phaseOf(desired) === next);
    const { pending } = progress;
    const settings = { dryRun: options.dryRun, pending, subnets: new NamedSubnets(session) };
    for await (const outcome of batch.run(phase, (desired) =>
      applyOne(session, desired, settings),
    )) {
      const name = nameOf(outcome.item);
      if ('error' in outcome) {
        await tellError(session, outcome.item, outcome.error);
        continue;
      }
      progress.note(outcome.item, outcome.result);
      const { action } = outcome.result;
      await session.out.write(`${name} ${action}${options.dryRun ? ' (dry run)' : ''}\n`);
    }
  }
  if (batch.failed > 0) {
    await session.err.write(`${batch.failed} of ${all.length} could not be applied\n`);
    return batch.exitCode;
  }
  if (progress.isUnchecked) await checkTogether(session, progress.changed);
  if (wait === undefined || options.dryRun) return EXIT.ok.code;
  return awaitApplied(session, progress.revision, wait);
}

class Progress {
  /** In a dry run: what would be there. */
  readonly pending = new Set<string>();
  readonly changed: Desired[] = [];
  /** Of what was changed last. */
  revision = 0;
  isUnchecked = false;

  constructor(private readonly dryRun: boolean) {}

  note(desired: Desired, { action, resource }: Applied): void {
    if (action !== 'unchanged') this.changed.push(desired);
    this.revision = Math.max(this.revision, resource?.meta.revision ?? 0);
    if (!this.dryRun) return;
    this.isUnchecked ||= resource === undefined;
    if (action === 'created') for (const name of provides(desired)) this.pending.add(name);
  }
}

/** What refers to what is not there yet can be checked as a whole only. @throws NfvError what is wrong */
async function checkTogether(session: Session, changed: readonly Desired[]): Promise<void> {
  if (changed.length > MAX_WANTED) return tellUnchecked(session);
  const request = planRequestOf(changed);
  try {
    await placed(changed, () =>
      session.retry(() => session.nva.changes.plan(request, session.call)),
    );
  } catch (thrown) {
    const { code } = NfvError.from(thrown);
    if (code === 'MESSAGE_TOO_LARGE') return tellUnchecked(session);
    // An NVA from before there were plans.
    if (code !== 'PROTOCOL_VERSION') throw thrown;
  }
}

async function tellUnchecked({ err }: Session): Promise<void> {
  await err.write('too much to be checked at once: what needs something new was not checked\n');
}

async function applyAtOnce(
  session: Session,
  all: readonly Desired[],
  options: Pick<ApplyPlanOptions, 'confirmWithinMs' | 'wait'> & Pick<Options, 'dryRun' | 'plan'>,
): Promise<number> {
  const request = planRequestOf(all);
  return placed(all, async () => {
    if (options.plan !== undefined && !options.dryRun) {
      return applyPlan(session, request, { ...options, hash: options.plan });
    }
    const plan = await session.retry(() => session.nva.changes.plan(request, session.call));
    if (!options.dryRun) return applyPlan(session, request, { ...options, hash: plan.hash });
    await session.out.write(planText(plan, session.paint, false));
    return EXIT.ok.code;
  });
}

async function tellError(session: Session, desired: Desired, error: NfvError): Promise<void> {
  const name = nameOf(desired);
  const about = `${desired.place}${error.message.startsWith(name) ? '' : `: ${name}`}`;
  await session.err.write(errorText(error, session.errPaint, about));
}
