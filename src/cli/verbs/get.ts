import { z } from 'zod';
import { invalidField, NfvError } from '../../errors.js';
import type { Resource, ResourceKind } from '../../model/api.js';
import { errorText } from '../error-text.js';
import { EXIT, exitCodeOfAll } from '../exit-codes.js';
import { apiOf, KIND_NAMES, KINDS, nameOf, parseKind, parseRefs } from '../kinds.js';
import type { ResourceRef } from '../kinds.js';
import { listAll, type Listing } from '../listing.js';
import { Format, formatOption } from '../render.js';
import { Printer } from '../printer.js';
import { addSelectorOptions, filterOf, SelectorOptions } from '../selector.js';
import type { Session } from '../session.js';
import { examples, type Verb } from '../verb.js';
import { followChanges } from '../follow.js';

const Options = SelectorOptions.extend({
  output: Format.default('table'),
  watch: z.boolean().default(false),
  headers: z.boolean().default(true),
});
type Options = z.infer<typeof Options>;

export const getVerb: Verb = (program, define) => {
  const command = program
    .command('get')
    .description('Lists resources, or shows those that are named.')
    .argument(
      '<kind>',
      'networks (net, vn), nves, subnets (sn), routers, endpoints (ep) or hostprofiles (hp); several with commas; all; or KIND/NAME',
    )
    .argument('[name...]', 'just these');
  addSelectorOptions(command)
    .addOption(formatOption())
    .option('-w, --watch', 'then show every change')
    .option('--no-headers', 'no header above the table')
    .addHelpText(
      'after',
      examples(
        'nfvctl get networks',
        'nfvctl get endpoints --network blue -o wide',
        `nfvctl get endpoints --filter 'state = FAILED' -w`,
        'nfvctl get networks,nves -l site=a -o name',
        'nfvctl get network blue -o yaml',
        'nfvctl get endpoint web-1 --watch',
        'nfvctl get all -o yaml > backup.yaml',
      ),
    );
  define(command, (session, args, opts) => get(session, args, Options.parse(opts)));
};

async function get(session: Session, args: readonly string[], options: Options): Promise<number> {
  const [first = '', ...names] = args;
  if (first.includes('/') || names.length > 0) return getNamed(session, args, options);
  return getListed(session, parseKinds(first), options);
}

function parseKinds(text: string): ResourceKind[] {
  if (text === 'all') return [...KINDS];
  return [...new Set(text.split(',').map(parseKind))];
}

async function getNamed(
  session: Session,
  args: readonly string[],
  options: Options,
): Promise<number> {
  refuseSelectors(options);
  const refs = parseRefs(args);
  if (options.watch) return watchNamed(session, refs, options);
  const found: Resource[] = [];
  const errors: NfvError[] = [];
  for (const ref of refs) {
    try {
      found.push(await apiOf(session.nva, ref.kind).get(ref.id, session.call));
    } catch (thrown) {
      const error = NfvError.from(thrown);
      if (error.code !== 'NOT_FOUND') throw error;
      errors.push(error);
    }
  }
  const kinds = new Set(refs.map(({ kind }) => kind));
  const printer = new Printer(session, options, kinds.size > 1);
  await printer.print(found, refs.length === 1);
  for (const error of errors) await session.err.write(errorText(error, session.errPaint));
  return exitCodeOfAll(errors);
}

/** What chooses among many says nothing of one that is named. */
function refuseSelectors(options: Options): void {
  for (const flag of ['filter', 'selector', 'network', 'nve', 'tenant'] as const) {
    const value = options[flag];
    if (value === undefined) continue;
    throw invalidField(`--${flag}`, value, 'not used with names', 'leave out one of the two');
  }
}

async function watchNamed(
  session: Session,
  refs: readonly ResourceRef[],
  options: Options,
): Promise<number> {
  const filterFor = (kind: ResourceKind): string =>
    refs
      .filter((ref) => ref.kind === kind)
      .map((ref) => `name = "${nameOf(ref)}"`)
      .join(' OR ');
  const listings = new Map<ResourceKind, Listing<Resource>>();
  for (const kind of new Set(refs.map((ref) => ref.kind))) {
    listings.set(kind, await listKind(session, kind, filterFor(kind)));
  }
  const found = new Set([...listings.values()].flatMap((l) => l.resources).map(nameOf));
  const missing = refs.map(nameOf).find((name) => !found.has(name));
  if (missing !== undefined) throw new NfvError('NOT_FOUND', `${missing} does not exist`);
  const printer = new Printer(session, options, listings.size > 1);
  await followChanges({ session, printer, listings, filterOf: filterFor });
  return EXIT.ok.code;
}

async function getListed(
  session: Session,
  kinds: readonly ResourceKind[],
  options: Options,
): Promise<number> {
  const listings = new Map<ResourceKind, Listing<Resource>>();
  for (const kind of kinds) listings.set(kind, await listOf(session, kind, options));
  const resources = [...listings.values()].flatMap((listing) => listing.resources);
  const printer = new Printer(session, options, kinds.length > 1);
  if (options.watch) {
    const filterFor = (kind: ResourceKind): string => filterOf(kind, options);
    await followChanges({ session, printer, listings, filterOf: filterFor });
    return EXIT.ok.code;
  }
  if (resources.length === 0 && (options.output === 'table' || options.output === 'wide')) {
    const names = kinds.map((kind) => KIND_NAMES[kind].plural).join(', ');
    await session.err.write(`no ${names} found\n`);
    return EXIT.ok.code;
  }
  await printer.print(resources, false);
  return EXIT.ok.code;
}

async function listOf(
  session: Session,
  kind: ResourceKind,
  options: Options,
): Promise<Listing<Resource>> {
  const filter = filterOf(kind, options);
  const isOfNetwork = kind === 'Endpoint' || kind === 'Subnet';
  if (!isOfNetwork || options.tenant === undefined) return listKind(session, kind, filter);
  if (options.watch) {
    const reason = `not used with --watch for ${KIND_NAMES[kind].plural}`;
    const remedy = 'leave out one of the two, or name the networks with --filter';
    throw invalidField('--tenant', options.tenant, reason, remedy);
  }
  const networks = await listOf(session, 'VirtualNetwork', {
    ...NO_SELECTORS,
    tenant: options.tenant,
  });
  const ofTenant = new Set(networks.resources.map(({ id }) => id));
  const { resources, revision } = await listKind(session, kind, filter);
  const own = resources.filter((r) => 'network' in r.spec && ofTenant.has(r.spec.network));
  return { resources: own, revision };
}

const NO_SELECTORS = Options.parse({});

function listKind(
  session: Session,
  kind: ResourceKind,
  filter: string,
): Promise<Listing<Resource>> {
  const api = apiOf(session.nva, kind);
  return listAll((request, call) => api.list(request, call), filter, session.call);
}
