import { z } from 'zod';
import { NfvError } from '../../../errors.js';
import { EXIT } from '../../exit-codes.js';
import type { Session } from '../../session.js';
import { Table } from '../../table.js';
import { examples, type Verb } from '../../verb.js';
import type { VppFields } from '../../vpp/access.js';
import { withVpp } from '../../vpp/connect.js';
import { requireKind } from '../../vpp/message-kinds.js';
import { flattened } from '../../plain.js';
import { dataFormatOption, DataFormat, jsonText, yamlText } from '../../data-format.js';
import { addFieldOptions, FieldOptions, readFields, typedFields } from '../../vpp/read-fields.js';
import { withZeros } from '../../vpp/zero-fields.js';

const Options = FieldOptions.extend({
  output: DataFormat.default('table'),
  headers: z.boolean().default(true),
});
type Options = z.infer<typeof Options>;

/** Below `nfvctl vpp`. */
export const dumpVerb: Verb = (vpp, define) => {
  const command = vpp
    .command('dump')
    .summary('Asks for a list, and prints it.')
    .description(
      'Asks for a list, by a message that ends in _dump or _get. Fields that are left out are zero.',
    )
    .argument('<dump>', 'name of the message');
  addFieldOptions(command)
    .addOption(dataFormatOption())
    .option('--no-headers', 'no header above the table')
    .addHelpText(
      'after',
      examples(
        'nfvctl vpp dump sw_interface_dump',
        `nfvctl vpp dump ip_route_v2_dump --json '{table: {table_id: 0, is_ip6: true}}' -o json`,
        `nfvctl vpp dump bridge_domain_dump --json '{bd_id: 4294967295, sw_if_index: 4294967295}' -o yaml`,
      ),
    );
  define(command, async (session, [name = ''], opts) => {
    const options = Options.parse(opts);
    const given = await readFields(options, session.input);
    return withVpp(session, vpp, async (connection) => {
      const definition = requireKind(connection, name, 'dump');
      const { schema } = connection;
      const sent =
        definition === undefined
          ? given
          : withZeros(schema, definition, typedFields(schema, definition, given));
      const details = connection.stream(name, sent, session.call.signal);
      await print(session, options, details);
      return EXIT.ok.code;
    });
  });
};

/** VPP may have more; what is kept is text. */
const MAX_DETAILS = 1_000_000;
/** A table is as wide as its widest cell. */
const MAX_ROWS = 100_000;

async function print(
  session: Session,
  { output, headers }: Options,
  details: AsyncIterable<VppFields>,
): Promise<void> {
  // All of it is taken before any is printed: a slow reader of ours must not hold up VPP.
  switch (output) {
    case 'json': {
      const items = await collect(details, MAX_DETAILS, (each) => jsonText(each).trimEnd());
      const lines = items.map((item) => item.replace(/^/gm, '  ')).join(',\n');
      await session.out.write(items.length === 0 ? '[]\n' : `[\n${lines}\n]\n`);
      return;
    }
    case 'yaml':
      await session.out.write((await collect(details, MAX_DETAILS, yamlText)).join('---\n'));
      return;
    case 'table':
    case 'wide': {
      const rows = await collect(details, MAX_ROWS, (each) => new Map(flattened(each)));
      if (rows.length === 0) await session.err.write('nothing found\n');
      else await session.out.write(tableOf(session, rows, output === 'wide', headers));
    }
  }
}

async function collect<T>(
  details: AsyncIterable<VppFields>,
  most: number,
  convert: (fields: VppFields) => T,
): Promise<T[]> {
  const found: T[] = [];
  for await (const each of details) {
    if (found.length === most) {
      throw new NfvError('MESSAGE_TOO_LARGE', `VPP has more than ${most} of them`, {
        remedy: `ask for fewer${most < MAX_DETAILS ? ', or for -o json' : ''}`,
      });
    }
    found.push(convert(each));
  }
  return found;
}

type Row = ReadonlyMap<string, string>;

/** What says nothing in any row is a column of `wide` only. */
const NOTHING = /^(?:[0:./,-]*|false)$/;

function tableOf(
  { paint }: Session,
  rows: readonly Row[],
  wide: boolean,
  headers: boolean,
): string {
  const all = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const shown = all.filter(
    (name, i) => wide || i === 0 || rows.some((row) => !NOTHING.test(row.get(name) ?? '')),
  );
  const cells = rows.map((row) => shown.map((name) => ({ text: row.get(name) ?? '' })));
  const header = shown.map((name) => name.toUpperCase());
  return new Table(header, paint).all(cells, headers);
}
