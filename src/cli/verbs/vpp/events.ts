import { invalidField, NfvError } from '../../../errors.js';
import { timestamp } from '../../../model/clock.js';
import { escapeText } from '../../escape.js';
import { EXIT } from '../../exit-codes.js';
import type { Session } from '../../session.js';
import { examples, type Verb } from '../../verb.js';
import type { VppConnection, VppEvent, VppFields } from '../../vpp/access.js';
import { withVpp } from '../../vpp/connect.js';
import { flattened } from '../../plain.js';
import { dataFormatOption, DataFormat, jsonLine, yamlText } from '../../data-format.js';
import { addFieldOptions, FieldOptions, readFields, typedFields } from '../../vpp/read-fields.js';
import { withZeros } from '../../vpp/zero-fields.js';

const Options = FieldOptions.extend({ output: DataFormat.default('table') });

/**
 * What nfvd itself listens to, the newest form first. Not want_l2_macs_events: VPP tells those to one
 * client only, and that is nfvd's agent.
 */
const DEFAULT_WANTS: readonly (readonly string[])[] = [
  ['want_interface_events'],
  ['want_ip_neighbor_events_v2', 'want_ip_neighbor_events'],
  ['want_l2_arp_term_events'],
];

/** Below `nfvctl vpp`. */
export const eventsVerb: Verb = (vpp, define) => {
  const command = vpp
    .command('events')
    .summary('Shows events, until it is interrupted.')
    .description(
      'Asks VPP for events and shows each as it comes, until it is interrupted. Without names: those of interfaces, IP neighbours and ARP termination.',
    )
    .argument('[want...]', 'messages that ask for events: want_interface_events, …');
  addFieldOptions(command)
    .addOption(dataFormatOption())
    .addHelpText(
      'after',
      examples(
        'nfvctl vpp events',
        'nfvctl vpp events want_interface_events -o json | jq .fields',
        `nfvctl vpp events want_bfd_events`,
      ),
    );
  define(command, async (session, names, opts) => {
    const options = Options.parse(opts);
    const given = await readFields(options, session.input);
    if (names.length !== 1 && Object.keys(given).length > 0) {
      const flag = options.json === undefined ? '--file' : '--json';
      const remedy = 'name the one message that the fields are for';
      throw invalidField(flag, given, 'for which message', remedy);
    }
    const listen = async (connection: VppConnection): Promise<number> => {
      const wants = names.length === 0 ? defaultsOf(connection) : [...new Set(names)];
      const asked = wants.map((want) => wishOf(connection, want, given));
      await Promise.all(asked.map((wish) => follow(session, connection, wish, options.output)));
      return EXIT.ok.code;
    };
    const onLost = ({ message }: NfvError): void => {
      void session.err.write(`connection lost (${escapeText(message)}); connecting again\n`);
    };
    return withVpp(session, vpp, listen, { onLost });
  });
};

function defaultsOf({ schema }: VppConnection): string[] {
  return DEFAULT_WANTS.map(
    (forms) => forms.find((name) => schema.messages.has(name)) ?? forms[0] ?? '',
  );
}

interface Wish {
  readonly name: string;
  readonly fields: VppFields;
}

/** Fields by which the `want_` messages say yes. */
const SWITCHES: readonly string[] = ['enable_disable', 'enable'];

/** @throws NfvError INVALID_FIELD */
function wishOf({ schema }: VppConnection, name: string, given: VppFields): Wish {
  const definition = schema.messages.get(name);
  // What VPP does not have, it is asked for: its client says best what is wrong.
  if (definition === undefined) return { name, fields: given };
  if (!name.startsWith('want_') && (schema.services.get(name)?.events.length ?? 0) === 0) {
    const remedy = "list those that do: nfvctl vpp messages 'want_*'";
    throw new NfvError('INVALID_FIELD', `${name} asks for no events`, { remedy });
  }
  const filled = withZeros(schema, definition, typedFields(schema, definition, given));
  const own = definition.fields.flatMap(({ name: field, type }): [string, unknown][] => {
    if (field in given) return [];
    if (field === 'pid') return [[field, process.pid]];
    return SWITCHES.includes(field) ? [[field, type === 'bool' ? true : 1]] : [];
  });
  return { name, fields: { ...filled, ...Object.fromEntries(own) } };
}

async function follow(
  session: Session,
  connection: VppConnection,
  { name, fields }: Wish,
  output: DataFormat,
): Promise<void> {
  for await (const event of await connection.subscribe(name, fields, session.call.signal)) {
    const time = timestamp(session.clock.now());
    if (output === 'json') await session.out.write(jsonLine(dataOf(event, time)));
    else if (output === 'yaml') await session.out.write(`---\n${yamlText(dataOf(event, time))}`);
    else if (event.kind === 'event') await session.out.write(lineOf(event, time, session));
    else await session.err.write(`${gapText(event, name)}\n`);
  }
}

function dataOf(event: VppEvent, time: string): object {
  return event.kind === 'event'
    ? { time, event: event.name, fields: event.fields }
    : { time, gap: event.reason, dropped: event.dropped };
}

function lineOf(
  { name, fields }: Extract<VppEvent, { kind: 'event' }>,
  time: string,
  { paint }: Session,
): string {
  const told = flattened(fields).map(([path, text]) => escapeText(`${path}=${text}`));
  return `${[paint('dim', time), paint('bold', escapeText(name)), ...told].join(' ')}\n`;
}

function gapText({ reason, dropped }: Extract<VppEvent, { kind: 'gap' }>, name: string): string {
  return reason === 'overflow'
    ? `${name}: ${dropped} events were dropped: they came faster than they were read`
    : `${name}: connected again; what happened meanwhile was not told`;
}
