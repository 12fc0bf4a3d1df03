import type { Command } from 'commander';
import { z } from 'zod';
import { NfvError } from '../../errors.js';
import type { Resource } from '../../model/api.js';
import { addChangeOptions, ChangeOptions, tellChanged } from '../changed.js';
import {
  ENDPOINTS,
  NETWORKS,
  NVES,
  ROUTERS,
  SUBNETS,
  type Editable,
} from '../flags/collections.js';
import type { Edit } from '../flags/flag-set.js';
import { KIND_NAMES, nameOf, requireId } from '../kinds.js';
import type { Session } from '../session.js';
import { examples, type Define, type Verb } from '../verb.js';
import { waitOf } from '../wait-option.js';

const Options = ChangeOptions.extend({ etag: z.string().optional() });
type Options = z.infer<typeof Options>;

/** How often a change that builds on what there is starts anew, when that changes meanwhile. */
const ATTEMPTS = 3;

export const updateVerb: Verb = (program, define) => {
  const update = program
    .command('update')
    .helpCommand(false)
    .description('Changes a resource: just what is given.')
    .addHelpText(
      'after',
      examples('nfvctl update network blue --mtu 1400', 'nfvctl help update endpoint'),
    );
  addKind(update, define, NETWORKS).addHelpText(
    'after',
    examples(
      'nfvctl update network blue --mtu 1400',
      `nfvctl update network blue --prefix ''`,
      'nfvctl update network blue --label tier=gold --label old-',
    ),
  );
  addKind(update, define, NVES).addHelpText(
    'after',
    examples('nfvctl update nve host-a --reset-identity'),
  );
  addKind(update, define, SUBNETS).addHelpText(
    'after',
    examples(
      'nfvctl update subnet blue-v4 --pool 10.0.0.100-10.0.0.199',
      'nfvctl update subnet blue-v4 --gateway none',
    ),
  );
  addKind(update, define, ROUTERS).addHelpText(
    'after',
    examples(
      'nfvctl update router r1 --subnet blue-v4 --subnet red-v4 --subnet lab',
      `nfvctl update router r1 --route '192.0.2.0/24 drop'`,
    ),
  );
  addKind(update, define, ENDPOINTS).addHelpText(
    'after',
    examples(
      'nfvctl update endpoint web-1 --nve host-b --wait',
      `nfvctl update endpoint web-1 --ip 10.0.0.12 --ip 10.0.0.13 --etag '"6"'`,
    ),
  );
};

function addKind<Spec extends object, R extends Resource & { readonly spec: Spec }>(
  parent: Command,
  define: Define,
  editable: Editable<Spec, R>,
): Command {
  const { singular, plural, one, aliases } = KIND_NAMES[editable.kind];
  const command = parent
    .command(singular)
    .aliases([...new Set([plural, ...aliases])].filter((name) => name !== singular))
    .description(`Changes ${one}.`)
    .argument('<name>', 'its name');
  editable.flags.add(command, false);
  addChangeOptions(command).option('--etag <etag>', 'only if it is still the one with this etag');
  define(command, async (session, args, opts) => {
    const options = Options.parse(opts);
    waitOf(options.wait);
    const id = requireId(editable.kind, args[0] ?? '');
    const edit = editable.flags.read(opts);
    const { resource, verb } = await update(session, editable, id, edit, options);
    return tellChanged(session, resource, verb, options);
  });
  return command;
}

interface Updated<R> {
  readonly resource: R;
  readonly verb: 'updated' | 'unchanged';
}

async function update<Spec extends object, R extends Resource & { readonly spec: Spec }>(
  session: Session,
  { kind, api, fresh }: Editable<Spec, R>,
  id: string,
  edit: Edit<Spec>,
  options: Options,
): Promise<Updated<R>> {
  const resources = api(session.nva);
  if (!edit.needsLive && Object.keys(edit.changes(fresh)).length === 0) {
    throw nothingToDo(nameOf({ kind, id }));
  }
  for (let attempt = 1; ; attempt++) {
    const live = await session.retry(() => resources.get(id, session.call));
    const etag = options.etag ?? (edit.needsLive ? live.meta.etag : '');
    const request = { id, changes: edit.changes(live.spec), etag, validateOnly: options.dryRun };
    const send = (): Promise<R> => resources.update(request, session.call);
    try {
      // With an etag of the user's, a change whose answer was lost would look like somebody else's.
      const resource = await (options.etag === undefined ? session.retry(send) : send());
      const isSame = resource.meta.etag === live.meta.etag;
      return { resource, verb: isSame ? 'unchanged' : 'updated' };
    } catch (thrown) {
      const error = NfvError.from(thrown);
      const mayRepeat = options.etag === undefined && attempt < ATTEMPTS;
      if (error.code !== 'ETAG_MISMATCH' || !mayRepeat) throw error;
    }
  }
}

function nothingToDo(name: string): NfvError {
  const remedy = 'say what to change, e.g. --label key=value; see --help';
  return new NfvError('INVALID_FIELD', `${name}: nothing to change`, { remedy });
}
