import { z } from 'zod';
import { NfvError } from '../../../errors.js';
import { nearest } from '../../../model/nearest.js';
import { EXIT } from '../../exit-codes.js';
import type { Session } from '../../session.js';
import { Table } from '../../table.js';
import { examples } from '../../verb.js';
import { withVpp } from '../../vpp/connect.js';
import { definitionData, definitionText, fieldsText } from '../../vpp/definition.js';
import { messagesOf, type KnownMessage } from '../../vpp/message-kinds.js';
import { patternOf } from '../../vpp/pattern.js';
import { dataFormatOption, DataFormat, render } from '../../data-format.js';
import type { Verb } from '../../verb.js';

const Options = z.object({ output: DataFormat.default('table') });

/** Below `nfvctl vpp`. */
export const messagesVerb: Verb = (vpp, define) => {
  const command = vpp
    .command('messages')
    .summary('Lists the messages of VPP, or shows one.')
    .description(
      'Lists the messages that VPP has; shows the definition of the one that is named in full.',
    )
    .argument('[message]', 'a part of the name, a pattern with * and ?, or a whole name')
    .addOption(dataFormatOption())
    .addHelpText(
      'after',
      examples(
        'nfvctl vpp messages',
        'nfvctl vpp messages bridge',
        "nfvctl vpp messages 'sw_interface_*_dump' -o wide",
        'nfvctl vpp messages ip_route_add_del_v2',
      ),
    );
  define(command, (session, [pattern], opts) => {
    const { output } = Options.parse(opts);
    return withVpp(session, vpp, async (connection) => {
      const all = messagesOf(connection);
      const one = all.find(({ name }) => name === pattern);
      if (one !== undefined) {
        const text = render(output, definitionData(one, connection.schema), () =>
          definitionText(one, connection.schema, session.paint),
        );
        await session.out.write(text);
        return EXIT.ok.code;
      }
      const found = pattern === undefined ? all : matching(all, pattern);
      await session.out.write(
        render(output, found.map(asData), (wide) => tableOf(session, found, wide)),
      );
      return EXIT.ok.code;
    });
  });
};

/** @throws NfvError NOT_FOUND */
function matching(all: readonly KnownMessage[], pattern: string): KnownMessage[] {
  const wanted = patternOf(pattern);
  const found = all.filter(({ name }) => wanted.test(name));
  if (found.length > 0) return found;
  const meant = nearest(
    pattern,
    all.map(({ name }) => name),
  );
  const remedy = 'list all of them: nfvctl vpp messages';
  throw new NfvError('NOT_FOUND', `VPP has no message ${pattern}`, {
    remedy: meant === undefined ? remedy : `did you mean ${meant}? ${remedy}`,
  });
}

function asData({ name, crc, id, kind, definition }: KnownMessage): object {
  return { name, crc, id, kind, module: definition?.module ?? null };
}

function tableOf({ paint }: Session, messages: readonly KnownMessage[], wide: boolean): string {
  const header = ['NAME', 'CRC', 'KIND', ...(wide ? ['ID', 'MODULE', 'FIELDS'] : [])];
  const rows = messages.map(({ name, crc, kind, id, definition }) => {
    const more = [String(id), definition?.module ?? '-', fieldsText(definition)];
    return [name, crc, kind, ...(wide ? more : [])].map((text) => ({ text }));
  });
  return new Table(header, paint).all(rows);
}
