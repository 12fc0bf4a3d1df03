import { z } from 'zod';
import { invalidField } from '../../errors.js';
import { EVENT_KINDS, type EventKind, type NvaEvent } from '../../model/observation.js';
import { DataFormat, dataFormatOption, jsonLine, jsonText, yamlText } from '../data-format.js';
import { EXIT } from '../exit-codes.js';
import { collect } from '../flags/parse.js';
import { nameOf, parseRef } from '../kinds.js';
import type { Session } from '../session.js';
import type { Colour } from '../style.js';
import { Table, type Cell } from '../table.js';
import { examples, type Verb } from '../verb.js';

const Options = z.object({
  output: DataFormat.default('table'),
  follow: z.boolean().default(false),
  kind: z.array(z.string()).default([]),
  tenant: z.string().default(''),
  for: z.string().optional(),
});
type Options = z.infer<typeof Options>;

export const eventsVerb: Verb = (program, define) => {
  const command = program
    .command('events')
    .summary('Shows what happened, and who did it.')
    .description(
      'Shows the newest 10,000 events of the NVA, and of the sessions of each of its other replicas, as far as its ' +
        'caller may read what they are about: ' +
        'changes of resources, agents that came and went, items that could not be applied, drift.',
    )
    .option('-f, --follow', 'then show what happens, until it is interrupted')
    .option('--kind <kind>', `repeatable; one of ${WORDS.join(', ')}`, collect)
    .option('--tenant <name>', 'only of what belongs to it')
    .option('--for <kind/name>', 'only about this resource')
    .addOption(dataFormatOption())
    .addHelpText(
      'after',
      examples(
        'nfvctl events',
        'nfvctl events --follow --kind apply-failed --kind drift',
        'nfvctl events --for endpoint/web-1 -o json',
      ),
    );
  define(command, async (session, _args, opts) => {
    const options = Options.parse(opts);
    await show(session, options);
    return EXIT.ok.code;
  });
};

const wordOf = (kind: EventKind): string => kind.toLowerCase().replaceAll('_', '-');
const WORDS = EVENT_KINDS.map(wordOf);

function kindOf(text: string): EventKind {
  const found = EVENT_KINDS.find((kind) => wordOf(kind) === text.toLowerCase());
  if (found !== undefined) return found;
  throw invalidField('--kind', text, 'no kind of event', `give one of ${WORDS.join(', ')}`);
}

async function show(session: Session, options: Options): Promise<void> {
  const request = {
    follow: options.follow,
    kinds: options.kind.map(kindOf),
    tenant: options.tenant,
    resource: options.for === undefined ? '' : nameOf(parseRef(options.for)),
  };
  const events = session.nva.observation.events(request, session.call);
  if (options.follow) {
    const table = new Lines(session, options.output);
    for await (const event of events) await session.out.write(table.add(event));
    return;
  }
  const all: NvaEvent[] = [];
  for await (const event of events) all.push(event);
  await session.out.write(textOf(session, options.output, all));
}

function textOf({ paint }: Session, output: DataFormat, events: readonly NvaEvent[]): string {
  if (output === 'json') return jsonText({ events });
  if (output === 'yaml') return yamlText({ events });
  const wide = output === 'wide';
  const rows = events.map((event) => cellsOf(event, wide));
  return new Table(headerOf(wide), paint).all(rows);
}

/** One event after the other, as they come. */
class Lines {
  readonly #table: Table;
  #isFirst = true;

  constructor(
    { paint }: Session,
    private readonly output: DataFormat,
  ) {
    this.#table = new Table(headerOf(output === 'wide'), paint);
  }

  add(event: NvaEvent): string {
    if (this.output === 'json') return jsonLine(event);
    if (this.output === 'yaml') return `---\n${yamlText(event)}`;
    const rows = [cellsOf(event, this.output === 'wide')];
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    return isFirst ? this.#table.all(rows) : this.#table.rows(rows);
  }
}

function headerOf(wide: boolean): string[] {
  const more = wide ? ['TENANT', 'NVE', 'REVISION', 'TRACE', 'REPLICA'] : [];
  return ['TIME', 'EVENT', 'RESOURCE', 'WHO', ...more, 'MESSAGE'];
}

const COLOURS: Readonly<Record<EventKind, Colour>> = {
  CREATED: 'green',
  UPDATED: 'green',
  DELETED: 'yellow',
  NVE_CONNECTED: 'green',
  NVE_LOST: 'red',
  APPLY_FAILED: 'red',
  DUPLICATE: 'red',
  ADDRESS_MOVED: 'yellow',
  DRIFT: 'yellow',
  MISSED: 'red',
};

function cellsOf(event: NvaEvent, wide: boolean): Cell[] {
  const { time, kind, resource, who, tenant = '', nve, revision, traceId, replica } = event;
  const { code, message } = event;
  const said = [message, code === '' ? '' : `(${code})`].filter((text) => text !== '').join(' ');
  const more = wide ? [tenant, nve, revision === 0 ? '' : String(revision), traceId, replica] : [];
  return [
    { text: time },
    { text: wordOf(kind), colour: COLOURS[kind] },
    ...[resource, who, ...more, said].map((text) => ({ text: text === '' ? '-' : text })),
  ];
}
