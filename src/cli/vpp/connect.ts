import type { Command } from 'commander';
import type { Session } from '../session.js';
import type { VppConnection, VppHooks } from './access.js';
import { vppOptions } from './options.js';

/** A call that is under way fails, and says why. */
const UNTOLD: VppHooks = { onLost: () => undefined };

/**
 * Does something with the VPP that the flags of `nfvctl vpp` name, and closes the connection.
 * @throws NfvError of connecting, and what `use` throws
 */
export async function withVpp<T>(
  session: Session,
  vpp: Command,
  use: (connection: VppConnection) => Promise<T>,
  hooks: VppHooks = UNTOLD,
): Promise<T> {
  const options = vppOptions(vpp, session.globals, session.env);
  const connection = await session.host.connectVpp(options, hooks, session.call.signal);
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}
