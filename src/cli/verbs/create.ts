import { randomUUID } from 'node:crypto';
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
import { KIND_NAMES, requireId } from '../kinds.js';
import type { Session } from '../session.js';
import { waitOf } from '../wait-option.js';
import { examples, type Define, type Verb } from '../verb.js';

const Options = ChangeOptions.extend({ requestId: z.string().optional() });

export const createVerb: Verb = (program, define) => {
  const create = program
    .command('create')
    .helpCommand(false)
    .description('Creates a resource.')
    .addHelpText(
      'after',
      examples('nfvctl create network blue --prefix 10.0.0.0/24', 'nfvctl help create endpoint'),
    );
  addKind(create, define, NETWORKS).addHelpText(
    'after',
    examples(
      'nfvctl create network blue --prefix 10.0.0.0/24 --wait',
      'nfvctl create network red --vni 200 --bum-mode multicast --bum-group 239.1.1.1',
      'nfvctl create network lab --provider-uplink physnet1 --provider-vlan 100',
    ),
  );
  addKind(create, define, NVES).addHelpText(
    'after',
    examples('nfvctl create nve host-a --vtep 192.0.2.1 --label rack=r1'),
  );
  addKind(create, define, SUBNETS).addHelpText(
    'after',
    examples(
      'nfvctl create subnet blue-v4 --network blue --prefix 10.0.0.0/24',
      'nfvctl create subnet lab --network blue --prefix 10.9.0.0/24 --gateway none --pool 10.9.0.10-10.9.0.99',
    ),
  );
  addKind(create, define, ROUTERS).addHelpText(
    'after',
    examples(
      'nfvctl create router r1 --subnet blue-v4 --subnet red-v4',
      "nfvctl create router r2 --subnet lab --route '0.0.0.0/0 via 10.9.0.2@3,10.9.0.3'",
      "nfvctl create router r3 --subnet lab --exit up=host-1:192.0.2.11,host-2:192.0.2.12 --route '0.0.0.0/0 via 192.0.2.1'",
    ),
  );
  addKind(create, define, ENDPOINTS).addHelpText(
    'after',
    examples(
      'nfvctl create endpoint web-1 --network blue --nve host-a --veth-netns web-1 --ip 10.0.0.11',
      'nfvctl create endpoint web-2 --network blue --nve host-a --veth-netns web-2 --subnet blue-v4',
      'nfvctl create endpoint vm-1 --network blue --nve host-b --tap --tap-owner-uid 107 --wait=1m',
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
    .description(`Creates ${one}.`)
    .argument('<new-name>', 'a name for it');
  editable.flags.add(command, true);
  addChangeOptions(command).option(
    '--request-id <uuid>',
    'creates once, however often it is asked for with the same id',
  );
  define(command, (session, args, opts) => create(session, editable, args[0] ?? '', opts));
  return command;
}

async function create<Spec extends object, R extends Resource & { readonly spec: Spec }>(
  session: Session,
  { kind, api, flags, fresh }: Editable<Spec, R>,
  name: string,
  opts: unknown,
): Promise<number> {
  const options = Options.parse(opts);
  const id = requireId(kind, name);
  const changes = flags.read(opts).changes(fresh);
  if (kind === 'Endpoint' && !('port' in changes)) {
    const remedy = 'give --veth-netns NAME, or --tap';
    throw new NfvError('INVALID_FIELD', 'no port: how is it plugged in?', { remedy });
  }
  // Told before anything is done.
  waitOf(options.wait);
  const requestId = options.requestId ?? randomUUID();
  const request = { id, spec: { ...fresh, ...changes }, requestId, validateOnly: options.dryRun };
  // The same request id each time: an answer that was lost is not another resource.
  const resource = await session.retry(() => api(session.nva).create(request, session.call));
  return tellChanged(session, resource, 'created', options);
}
