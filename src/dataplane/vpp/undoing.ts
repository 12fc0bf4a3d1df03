import { NfvError } from '../../errors.js';
import { RETVAL, unless, type Vpp } from './vpp.js';

/** What makes an interface is undone if what comes after it fails. */
export async function undoing(
  work: Promise<unknown>,
  undo: (vpp: Vpp) => Promise<unknown>,
  { vpp }: { readonly vpp: Vpp },
): Promise<void> {
  try {
    await work;
  } catch (error) {
    try {
      await unless(undo(vpp.lasting), RETVAL.INVALID_SW_IF_INDEX, RETVAL.NO_SUCH_ENTRY);
    } catch (cause) {
      const { code, message } = NfvError.from(error);
      throw new NfvError(code, `${message}; what was made is left behind`, { cause });
    }
    throw error;
  }
}
