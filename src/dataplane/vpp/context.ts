import { NfvError } from '../../errors.js';
import type { Admission } from './admission.js';
import type { HostDoors } from './host-doors.js';
import type { Learning } from './learning.js';
import type { Lookups } from './lookups.js';
import type { FeatureName } from '../../vpp-api/schema/product-messages.js';
import type { Memory } from './memory.js';
import type { MemifSockets } from './ports/memif-sockets.js';
import type { Orphans } from './orphans.js';
import { tagOf } from './tag.js';
import type { Uplinks } from './uplink/uplinks.js';
import type { Vpp } from './vpp.js';

/** What a kind needs to change something. */
export interface Context {
  readonly vpp: Vpp;
  readonly memory: Memory;
  readonly uplinks: Uplinks;
  readonly admission: Admission;
  readonly orphans: Orphans;
  readonly lookups: Lookups;
  readonly memifSockets: MemifSockets;
  /** VNIs of networks in which addresses of guests are looked for. */
  readonly watched: ReadonlySet<number>;
  readonly learning: Learning;
  readonly host: HostDoors;
}

/** @throws NfvError ITEM_UNSUPPORTED where VPP lacks messages */
export function needFeature(feature: FeatureName, vpp: Vpp): void {
  if (vpp.can(feature)) return;
  throw new NfvError('ITEM_UNSUPPORTED', `this VPP lacks messages of "${feature}"`);
}

/**
 * The interface that an item of ours is.
 * @throws NfvError ITEM_BLOCKED if it is not there
 */
export function interfaceOf(key: string, { memory }: Context): number {
  const index = memory.indexOf(tagOf(key));
  if (index !== undefined) return index;
  throw new NfvError('ITEM_BLOCKED', `${key} has no interface in VPP`, { metadata: { key } });
}
