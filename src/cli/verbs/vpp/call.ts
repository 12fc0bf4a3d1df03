import { EXIT } from '../../exit-codes.js';
import { fields } from '../../describe-text.js';
import { examples, type Verb } from '../../verb.js';
import { withVpp } from '../../vpp/connect.js';
import { requireKind } from '../../vpp/message-kinds.js';
import { flattened } from '../../plain.js';
import { dataFormatOption, DataFormat, render } from '../../data-format.js';
import { addFieldOptions, FieldOptions, readFields, typedFields } from '../../vpp/read-fields.js';

const Options = FieldOptions.extend({ output: DataFormat.default('table') });

/** Below `nfvctl vpp`. */
export const callVerb: Verb = (vpp, define) => {
  const command = vpp
    .command('call')
    .summary('Sends a request, and prints its reply.')
    .description(
      'Sends a request that has one reply, and prints that. Every field that has no default must be given.',
    )
    .argument('<request>', 'name of the message');
  addFieldOptions(command)
    .addOption(dataFormatOption())
    .addHelpText(
      'after',
      examples(
        'nfvctl vpp call show_version',
        `nfvctl vpp call delete_loopback --json '{"sw_if_index": 1}'`,
        `nfvctl vpp call sw_interface_set_flags --json '{sw_if_index: 1, flags: [IF_STATUS_API_FLAG_ADMIN_UP]}'`,
        'nfvctl vpp call ip_route_add_del_v2 -f route.yaml -o json',
      ),
    );
  define(command, async (session, [name = ''], opts) => {
    const options = Options.parse(opts);
    const given = await readFields(options, session.input);
    return withVpp(session, vpp, async (connection) => {
      const definition = requireKind(connection, name, 'request');
      const sent =
        definition === undefined ? given : typedFields(connection.schema, definition, given);
      const reply = await connection.request(name, sent, session.call.signal);
      const text = render(options.output, reply, () => fields(session.paint, flattened(reply)));
      await session.out.write(text);
      return EXIT.ok.code;
    });
  });
};
