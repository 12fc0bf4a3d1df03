/**
 * Who has the UDP port of VXLAN, when the kernel refuses it to our device. Devices of one network namespace share it, but
 * only with those that receive as they do (VXLAN_F_RCV_FLAGS of net/vxlan.h): not with one of metadata ("external"), as
 * Open vSwitch has it, say; and nobody shares it with a program.
 */
import { hasErrno } from '../../host/iproute2/answers.js';
import { NfvError } from '../../errors.js';
import type { Doors } from './doors.js';
import { ownership } from './links.js';
import { VXLAN_PORT } from './names.js';
import { readLinksNow } from './reader.js';

/** The error, as FOREIGN_OBJECT if it says that the port is taken. */
export async function asPortTaken(error: unknown, doors: Pick<Doors, 'ip'>): Promise<unknown> {
  if (!hasErrno(error, 'EADDRINUSE')) return error;
  const holder = (await readLinksNow(doors.ip)).find(
    (link) => link.vxlan?.port === VXLAN_PORT && link.vxlan.apart && isForeign(link),
  );
  const port = `UDP port ${VXLAN_PORT}`;
  const by = holder === undefined ? 'a program' : `the interface ${holder.name}`;
  return new NfvError('FOREIGN_OBJECT', `${by} of this host has ${port} for itself`, {
    cause: error,
    metadata: { object: holder?.name ?? port },
  });
}

const isForeign = (link: Parameters<typeof ownership>[0]): boolean =>
  ownership(link).owner === 'foreign';
