import { listAll } from './listing.js';
import type { Session } from './session.js';

/** Of all subnets that the NVA has of a network. @throws NfvError of the call */
export async function prefixesOfSubnets(session: Session, network: string): Promise<string[]> {
  const { nva, call } = session;
  const list: typeof nva.subnets.list = (request, c) => nva.subnets.list(request, c);
  const { resources } = await listAll(list, `network = "virtualNetworks/${network}"`, call);
  return resources.map(({ spec }) => spec.prefix);
}
