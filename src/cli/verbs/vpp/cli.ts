import { NfvError } from '../../../errors.js';
import { EXIT } from '../../exit-codes.js';
import { examples, type Verb } from '../../verb.js';
import { withVpp } from '../../vpp/connect.js';

/** Below `nfvctl vpp`. */
export const cliVerb: Verb = (vpp, define) => {
  const command = vpp
    .command('cli')
    .summary("Runs a command of VPP's own command line.")
    .description("Runs a command of VPP's own command line, as vppctl does, over the binary API.")
    .argument('<command...>', 'its words')
    .allowUnknownOption()
    .addHelpText(
      'after',
      examples('nfvctl vpp cli show interface', "nfvctl vpp cli 'show errors' | less"),
    );
  define(command, (session, words) =>
    withVpp(session, vpp, async (connection) => {
      try {
        const cmd = words.join(' ');
        const { reply } = await connection.request('cli_inband', { cmd }, session.call.signal);
        await session.out.write(String(reply));
        return EXIT.ok.code;
      } catch (thrown) {
        const error = NfvError.from(thrown);
        // What VPP has to say to a command that it refuses.
        await session.out.write(error.metadata['reply'] ?? '');
        throw error;
      }
    }),
  );
};
