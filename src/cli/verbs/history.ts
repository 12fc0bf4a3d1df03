import { z } from 'zod';
import { invalidField } from '../../errors.js';
import type { Change } from '../../model/changes.js';
import { DataFormat, dataFormatOption, render } from '../data-format.js';
import { EXIT } from '../exit-codes.js';
import { integerOf } from '../flags/parse.js';
import { nameOf, parseRef } from '../kinds.js';
import { patchesOf } from '../plan-text.js';
import type { Session } from '../session.js';
import type { Paint } from '../style.js';
import { Table } from '../table.js';
import { examples, type Verb } from '../verb.js';

const Options = z.object({
  filter: z.string().optional(),
  limit: z.string().default('20'),
  pending: z.boolean().default(false),
  output: DataFormat.default('table'),
});
type Options = z.infer<typeof Options>;

const MAX_LIMIT = 10_000;
const PAGE_SIZE = 500;
/** Resources that a row names. */
const MAX_NAMES = 3;

export const historyVerb: Verb = (program, define) => {
  const command = program
    .command('history')
    .description('Lists what was changed, by whom and when, the newest first.')
    .argument('[resource]', 'only of KIND/NAME')
    .option('--filter <filter>', 'AIP-160: revision, time, who, verb, resources, pending')
    .option('--limit <number>', 'so many at most; 20')
    .option('--pending', 'only what waits for its confirmation')
    .addOption(dataFormatOption())
    .addHelpText(
      'after',
      examples(
        'nfvctl history',
        'nfvctl history network/blue --limit 100',
        `nfvctl history --filter 'who = "user/alice" AND time > "2026-01-31"'`,
        'nfvctl history --pending',
      ),
    );
  define(command, async (session, [resource], opts) => {
    const options = Options.parse(opts);
    const changes = await listed(session, resource, options);
    if (changes.length === 0 && options.output === 'table') {
      await session.err.write('no changes found\n');
      return EXIT.ok.code;
    }
    const text = render(options.output, changes, (wide) => tableOf(changes, session.paint, wide));
    await session.out.write(text);
    return EXIT.ok.code;
  });
};

export const showVerb: Verb = (program, define) => {
  const command = program
    .command('show')
    .description('Shows one change: by whom, when, and each resource before and after.')
    .argument('<revision>', 'of "nfvctl history"')
    .addOption(dataFormatOption())
    .addHelpText('after', examples('nfvctl show 134', 'nfvctl show 134 -o yaml'));
  define(command, async (session, [id = ''], opts) => {
    const { output } = Options.parse(opts);
    if (!/^\d{1,16}(-\d{1,9})?$/.test(id)) {
      throw invalidField('REVISION', id, 'not a revision', 'give one of "nfvctl history"');
    }
    const change = await session.retry(() => session.nva.changes.get(id, session.call));
    const text = render(output, change, () => describe(change, session.paint));
    await session.out.write(text);
    return EXIT.ok.code;
  });
};

async function listed(
  session: Session,
  resource: string | undefined,
  { filter, limit, pending }: Options,
): Promise<Change[]> {
  const most = integerOf('--limit', limit, [1, MAX_LIMIT], 'out of range', `give 1-${MAX_LIMIT}`);
  const parts = [
    ...(filter === undefined || filter.trim() === '' ? [] : [`(${filter})`]),
    ...(resource === undefined ? [] : [`resources:"${nameOf(parseRef(resource))}"`]),
    ...(pending ? ['pending = true'] : []),
  ];
  const all: Change[] = [];
  let pageToken = '';
  do {
    const pageSize = Math.min(PAGE_SIZE, most);
    const request = { pageSize, pageToken, filter: parts.join(' AND ') };
    const page = await session.retry(() => session.nva.changes.list(request, session.call));
    all.push(...page.changes);
    pageToken = page.nextPageToken;
  } while (pageToken !== '' && all.length < most);
  return all.slice(0, most);
}

function tableOf(changes: readonly Change[], paint: Paint, wide: boolean): string {
  return new Table(['REVISION', 'TIME', 'WHO', 'VERB', 'RESOURCES'], paint).all(
    changes.map((change) => [
      { text: change.id },
      { text: change.time },
      { text: change.who },
      { text: verbText(change) },
      { text: resourcesText(change, wide) },
    ]),
  );
}

function verbText({ verb, target, confirmBefore }: Change): string {
  const of = target === 0 ? verb : `${verb} ${target}`;
  return confirmBefore === '' ? of : `${of} (unconfirmed)`;
}

function resourcesText({ changes }: Change, wide: boolean): string {
  const names = changes.map(nameOf);
  const more = wide ? 0 : names.length - MAX_NAMES;
  return more <= 0 ? names.join(', ') : `${names.slice(0, MAX_NAMES).join(', ')} and ${more} more`;
}

function describe(change: Change, paint: Paint): string {
  const { id, time, who, confirmBefore } = change;
  const lines = [
    `revision: ${id}`,
    `time: ${time}`,
    `who: ${who}`,
    `verb: ${verbText(change)}`,
    ...(confirmBefore === '' ? [] : [`undone at: ${confirmBefore}, unless it is confirmed`]),
    ...change.changes.map((each) => `${each.verb.toLowerCase()}: ${nameOf(each)}`),
  ];
  return `${lines.join('\n')}\n${patchesOf(change.changes, paint)}`;
}
