import { createTwoFilesPatch } from 'diff';
import { z } from 'zod';
import { escapeOutput } from '../escape.js';
import { EXIT } from '../exit-codes.js';
import { collect } from '../flags/parse.js';
import { getIfThere } from '../get-if-there.js';
import { nameOf } from '../kinds.js';
import type { Desired } from '../manifest/desired.js';
import { readManifests } from '../manifest/read-manifests.js';
import { toBareManifest, type BareResource } from '../manifest/to-manifest.js';
import { NamedSubnets } from '../named-subnets.js';
import {
  planEndpoint,
  planHostProfile,
  planNetwork,
  planNve,
  planRouter,
  planSubnet,
} from '../../model/wanted.js';
import { prefixesOfSubnets } from '../prefixes-of-subnets.js';
import { toYaml } from '../render.js';
import type { Session } from '../session.js';
import type { Colour, Paint } from '../style.js';
import { examples, type Verb } from '../verb.js';

const Options = z.object({ filename: z.array(z.string()) });

export const diffVerb: Verb = (program, define) => {
  const command = program
    .command('diff')
    .summary('Shows what apply would change.')
    .description(
      'Shows what apply would change. Exit status 0: nothing, 1: something, more: an error.',
    )
    .requiredOption(
      '-f, --filename <file>',
      'a file, a directory, or - for stdin; repeatable',
      collect,
    )
    .addHelpText('after', examples('nfvctl diff -f examples/two-tenants.yaml'));
  define(command, async (session, _args, opts) => {
    const { filename } = Options.parse(opts);
    const all = await readManifests(filename, session.host.stdin, (network) =>
      prefixesOfSubnets(session, network),
    );
    const subnets = new NamedSubnets(session);
    let different = false;
    for (const desired of all) {
      const [before, after] = await sidesOf(session, desired, subnets);
      const patch = patchOf(desired, before, after);
      if (patch === '') continue;
      different = true;
      await session.out.write(paintPatch(patch, session.paint));
    }
    return different ? EXIT.different.code : EXIT.ok.code;
  });
};

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

/** A unified diff; empty: the same. */
export function patchOf(
  { kind, id, place }: { kind: Desired['kind']; id: string; place: string },
  before: BareResource | undefined,
  after: BareResource,
): string {
  const old = before === undefined ? '' : toYaml(toBareManifest(before));
  const wanted = toYaml(toBareManifest(after));
  if (old === wanted) return '';
  const live = before === undefined ? '/dev/null' : `live/${nameOf({ kind, id })}`;
  const names = [live, place] as const;
  const patch = createTwoFilesPatch(...names, old, wanted, undefined, undefined, { context: 3 });
  // Without the line of equals signs above it.
  return escapeOutput(patch.slice(patch.indexOf('\n') + 1));
}

const COLOURS: readonly (readonly [start: string, colour: Colour])[] = [
  ['---', 'bold'],
  ['+++', 'bold'],
  ['@@', 'cyan'],
  ['-', 'red'],
  ['+', 'green'],
];

function paintPatch(patch: string, paint: Paint): string {
  return patch.replace(/^.+$/gm, (line) => {
    const found = COLOURS.find(([start]) => line.startsWith(start));
    return found === undefined ? line : paint(found[1], line);
  });
}
