import { z } from 'zod';
import { changedBetween } from '../changed-between.js';
import { invalidField } from '../../errors.js';
import { EXIT } from '../exit-codes.js';
import { collect } from '../flags/parse.js';
import { getIfThere } from '../get-if-there.js';
import type { Desired } from '../manifest/desired.js';
import { readManifests } from '../manifest/read-manifests.js';
import type { BareResource } from '../manifest/to-manifest.js';
import { NamedSubnets } from '../named-subnets.js';
import {
  planEndpoint,
  planHostProfile,
  planNetwork,
  planNve,
  planRouter,
  planSubnet,
} from '../../model/wanted.js';
import { paintPatch, patchBetween, patchOf } from '../patch.js';
import { prefixesOfSubnets } from '../prefixes-of-subnets.js';
import { revisionOf } from '../revision.js';
import type { Session } from '../session.js';
import { examples, type Verb } from '../verb.js';

const Options = z.object({ filename: z.array(z.string()).optional() });

export const diffVerb: Verb = (program, define) => {
  const command = program
    .command('diff')
    .summary('Shows what apply would change, or what was changed between two revisions.')
    .description(
      'Shows what apply would change, or what was changed between two revisions (without a second ' +
        'one: up to now). Exit status 0: nothing, 1: something, more: an error.',
    )
    .argument('[from]', 'a revision')
    .argument('[to]', 'a later one')
    .option('-f, --filename <file>', 'a file, a directory, or - for stdin; repeatable', collect)
    .addHelpText(
      'after',
      examples(
        'nfvctl diff -f examples/two-tenants.yaml',
        'nfvctl diff 120 134',
        'nfvctl diff 120',
      ),
    );
  define(command, async (session, [from, to], opts) => {
    const { filename } = Options.parse(opts);
    const patches =
      from === undefined
        ? patchesOfFiles(session, filename)
        : patchesOfRevisions(session, filename, from, to);
    let different = false;
    for await (const patch of patches) {
      if (patch === '') continue;
      different = true;
      await session.out.write(paintPatch(patch, session.paint));
    }
    return different ? EXIT.different.code : EXIT.ok.code;
  });
};

async function* patchesOfFiles(
  session: Session,
  filename: readonly string[] | undefined,
): AsyncGenerator<string> {
  if (filename === undefined) {
    throw invalidField('-f', '', 'missing', 'give manifests with -f, or one or two revisions');
  }
  const all = await readManifests(filename, session.input, (network) =>
    prefixesOfSubnets(session, network),
  );
  const subnets = new NamedSubnets(session);
  for (const desired of all) {
    const [before, after] = await sidesOf(session, desired, subnets);
    yield patchOf(desired, before, after);
  }
}

async function* patchesOfRevisions(
  session: Session,
  filename: readonly string[] | undefined,
  first: string,
  last: string | undefined,
): AsyncGenerator<string> {
  if (filename !== undefined) {
    throw invalidField(
      '-f',
      filename.join(' '),
      'not used with revisions',
      'leave out one of the two',
    );
  }
  const from = revisionOf('FROM', first);
  const to = last === undefined ? undefined : revisionOf('TO', last);
  for (const { name, before, after } of await changedBetween(session, from, to)) {
    yield patchBetween([`${from}/${name}`, `${to ?? 'now'}/${name}`], before, after);
  }
}

/** What there is, and what there would be. */
async function sidesOf(
  session: Session,
  desired: Desired,
  subnets: NamedSubnets,
): Promise<[before: BareResource | undefined, after: BareResource]> {
  const { id } = desired;
  switch (desired.kind) {
    case 'VirtualNetwork': {
      const live = await getIfThere(session, session.nva.virtualNetworks, id);
      const { spec } = planNetwork(desired.spec, live);
      return [live, { kind: desired.kind, id, spec }];
    }
    case 'Nve': {
      const live = await getIfThere(session, session.nva.nves, id);
      const { spec } = planNve(desired.spec, live);
      return [live, { kind: desired.kind, id, spec }];
    }
    case 'Subnet': {
      const live = await getIfThere(session, session.nva.subnets, id);
      const { spec } = planSubnet(desired.spec, live);
      return [live, { kind: desired.kind, id, spec }];
    }
    case 'Router': {
      const live = await getIfThere(session, session.nva.routers, id);
      const { spec } = planRouter(desired.spec, live);
      return [live, { kind: desired.kind, id, spec }];
    }
    case 'Endpoint': {
      const live = await getIfThere(session, session.nva.endpoints, id);
      const named = await subnets.of(desired.spec.subnets);
      const { spec } = planEndpoint(desired.spec, live, named);
      return [live, { kind: desired.kind, id, spec }];
    }
    case 'HostProfile': {
      const live = await getIfThere(session, session.nva.hostProfiles, id);
      const { spec } = planHostProfile(desired.spec, live);
      return [live, { kind: desired.kind, id, spec }];
    }
  }
}
