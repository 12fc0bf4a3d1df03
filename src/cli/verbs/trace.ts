import { z } from 'zod';
import type { Hop, HopState, TraceResult } from '../../model/trace.js';
import { EXIT } from '../exit-codes.js';
import { requireId } from '../kinds.js';
import type { Session } from '../session.js';
import type { Colour } from '../style.js';
import { Table, type Cell } from '../table.js';
import { examples, type Verb } from '../verb.js';
import { dataFormatOption, DataFormat, render } from '../data-format.js';

const Options = z.object({
  output: DataFormat.default('table'),
  reported: z.boolean().default(false),
});

export const traceVerb: Verb = (program, define) => {
  const command = program
    .command('trace')
    .summary('Follows the way between two endpoints, and says where it breaks.')
    .description(
      'Follows a frame from one endpoint to another, hop by hop: what the NVA wants on each NVE, what ' +
        'became of it, and what is on the host now. Exit status 1: a hop is broken, 5: nobody can tell.',
    )
    .argument('<endpoint>', 'that sends')
    .argument('<endpoint2>', 'that is to receive')
    .option('--reported', 'only what the NVEs last reported; none is asked to look')
    .addOption(dataFormatOption())
    .addHelpText(
      'after',
      examples('nfvctl trace blue-1 blue-2', "nfvctl trace blue-1 blue-2 -o json | jq '.hops[]'"),
    );
  define(command, async (session, [from = '', to = ''], opts) => {
    const { output, reported: reportedOnly } = Options.parse(opts);
    const request = { from: idOf(from), to: idOf(to), reportedOnly };
    const result = await session.nva.trace(request, session.call);
    await session.out.write(render(output, result, (wide) => textOf(session, result, wide)));
    return EXITS[result.state].code;
  });
};

const idOf = (text: string): string => requireId('Endpoint', text.replace(/^endpoints?\//, ''));

const EXITS = { OK: EXIT.ok, BROKEN: EXIT.different, UNKNOWN: EXIT.unreachable } as const;

const COLOURS = { OK: 'green', BROKEN: 'red', UNKNOWN: 'yellow' } as const satisfies Record<
  HopState,
  Colour
>;

function textOf({ paint }: Session, { hops, state }: TraceResult, wide: boolean): string {
  const header = ['HOP', 'NVE', 'WHAT', 'STATE', ...(wide ? ['ITEM'] : []), 'REASON'];
  const rows = hops.map((hop, i) => cellsOf(hop, i + 1, wide));
  const broken = hops.find((hop) => hop.state === state);
  const end =
    state === 'OK' || broken === undefined
      ? 'the way is whole'
      : `${state === 'BROKEN' ? 'it breaks at' : 'it cannot be told from'} hop ${hops.indexOf(broken) + 1}`;
  return `${new Table(header, paint).all(rows)}\n${end}\n`;
}

function cellsOf({ nve, what, key, state, code, reason }: Hop, n: number, wide: boolean): Cell[] {
  const why = [reason, code === '' ? '' : `(${code})`].filter((text) => text !== '').join(' ');
  return [
    { text: String(n) },
    { text: nve === '' ? '-' : nve },
    { text: what },
    { text: state, colour: COLOURS[state] },
    ...(wide ? [{ text: key === '' ? '-' : key }] : []),
    { text: why === '' ? '-' : why },
  ];
}
