/** What the alias of a provider port says: the place that it has, and how its link was before. */
import type { ProviderPortItem } from '../../../model/item.js';

export interface ProviderTag {
  readonly uplink: string;
  readonly vlan: number;
  /** The link was up when it was taken. */
  readonly wasUp: boolean;
  /** The alias that it had; empty: none. */
  readonly wasCalled: string;
}

/** Characters of a former alias; with the rest of ours it fits into one (IFALIASZ, 256). */
export const MAX_FORMER_ALIAS = 96;

/** `UPLINK.VLAN.u`, or `.d`; then, in base64url, the alias that the link had. */
export function providerTag(
  { uplink, vlan }: Pick<ProviderPortItem, 'uplink' | 'vlan'>,
  { wasUp, wasCalled }: Pick<ProviderTag, 'wasUp' | 'wasCalled'>,
): string {
  const former = wasCalled === '' ? [] : [Buffer.from(wasCalled).toString('base64url')];
  return [uplink, vlan, wasUp ? 'u' : 'd', ...former].join('.');
}

/** Undefined: it says nothing that we understand. */
export function parseProviderTag(attested: string): ProviderTag | undefined {
  const match = /^([a-z0-9-]{1,63})\.(\d{1,4})\.([ud])(?:\.([\w-]+))?$/.exec(attested);
  if (match === null) return undefined;
  const [, uplink = '', vlan = '', state, former = ''] = match;
  return {
    uplink,
    vlan: Number(vlan),
    wasUp: state === 'u',
    wasCalled: Buffer.from(former, 'base64url').toString(),
  };
}
