import { z } from 'zod';
import { EXIT } from '../exit-codes.js';
import { revisionOf } from '../revision.js';
import { examples, type Verb } from '../verb.js';

const Options = z.object({ undo: z.boolean().default(false) });

export const confirmVerb: Verb = (program, define) => {
  const command = program
    .command('confirm')
    .description('Keeps what was applied with --confirm-within, or undoes it at once.')
    .argument('[revision]', 'of the change, where several wait')
    .option('--undo', 'undo it now')
    .addHelpText('after', examples('nfvctl confirm', 'nfvctl confirm 134 --undo'));
  define(command, async (session, [text], opts) => {
    const { undo } = Options.parse(opts);
    const revision = text === undefined ? 0 : revisionOf('REVISION', text);
    const send = (): Promise<{ readonly revision: number }> =>
      session.nva.changes.confirm({ revision, undo }, session.call);
    // Where none is named, another one may wait once the first has been confirmed, and its answer was lost.
    const done = await (revision === 0 ? send() : session.retry(send));
    await session.out.write(`${undo ? 'undone' : 'confirmed'} at revision ${done.revision}\n`);
    return EXIT.ok.code;
  });
};
