import { z } from 'zod';
import { MAX_COUNTED, type EndpointCounters } from '../../model/trace.js';
import { EXIT } from '../exit-codes.js';
import { requireId } from '../kinds.js';
import { listAll } from '../listing.js';
import type { Session } from '../session.js';
import { Table } from '../table.js';
import { examples, type Verb } from '../verb.js';
import { dataFormatOption, DataFormat, render } from '../data-format.js';

const Options = z.object({ output: DataFormat.default('table') });

export const countersVerb: Verb = (program, define) => {
  const command = program
    .command('counters')
    .summary("Shows what endpoints' ports have counted.")
    .description(
      "Shows packets, bytes and drops of endpoints' ports, read from their hosts now; received (RX) is " +
        'what the endpoint sent.',
    )
    .argument('[endpoint...]', 'which; all if absent')
    .addOption(dataFormatOption())
    .addHelpText('after', examples('nfvctl counters blue-1 blue-2', 'nfvctl counters -o json'));
  define(command, async (session, args, opts) => {
    const { output } = Options.parse(opts);
    const ids = args.length > 0 ? args.map(idOf) : await allOf(session);
    const counters: EndpointCounters[] = [];
    for (let i = 0; i < ids.length; i += MAX_COUNTED) {
      const part = ids.slice(i, i + MAX_COUNTED);
      counters.push(...(await session.nva.readCounters(part, session.call)));
    }
    await session.out.write(render(output, { counters }, () => tableOf(session, counters)));
    return EXIT.ok.code;
  });
};

const idOf = (text: string): string => requireId('Endpoint', text.replace(/^endpoints?\//, ''));

async function allOf({ nva, call }: Session): Promise<string[]> {
  const list: typeof nva.endpoints.list = (request, c) => nva.endpoints.list(request, c);
  return (await listAll(list, '', call)).resources.map(({ id }) => id);
}

const HEADER = [
  'NAME',
  'NVE',
  'RX-PACKETS',
  'RX-BYTES',
  'TX-PACKETS',
  'TX-BYTES',
  'DROPS',
  'REASON',
];

function tableOf({ paint }: Session, all: readonly EndpointCounters[]): string {
  const rows = all.map((each) => [each.endpoint, each.nve, ...cellsOf(each)]);
  return new Table(HEADER, paint).all(rows.map((row) => row.map((text) => ({ text }))));
}

function cellsOf({ counters: c, code, reason }: EndpointCounters): string[] {
  if (c === undefined) return ['-', '-', '-', '-', '-', `${reason} (${code})`];
  return [...[c.rxPackets, c.rxBytes, c.txPackets, c.txBytes, c.drops].map(String), '-'];
}
