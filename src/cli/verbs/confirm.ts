import { z } from 'zod';
import { EXIT } from '../exit-codes.js';
import { revisionOf } from '../revision.js';
import type { Session } from '../session.js';
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
    const revision = text === undefined ? await onlyOne(session) : revisionOf('REVISION', text);
    const send = (): Promise<{ readonly revision: number }> =>
      session.nva.changes.confirm({ revision, undo }, session.call);
    const done = await (revision === ANY ? send() : session.retry(send));
    await session.out.write(`${undo ? 'undone' : 'confirmed'} at revision ${done.revision}\n`);
    return EXIT.ok.code;
  });
};

/** Whichever waits: it cannot be asked for again, for another one may wait when the answer was lost. */
const ANY = 0;

/** The change that waits, if there is just one; where there is not the NVA says so itself. */
async function onlyOne(session: Session): Promise<number> {
  const request = { pageSize: 2, pageToken: '', filter: 'pending = true' };
  const page = await session.retry(() => session.nva.changes.list(request, session.call));
  const [change, another] = page.changes;
  const isOnly = another === undefined && page.nextPageToken === '';
  return change !== undefined && isOnly ? change.revision : ANY;
}
