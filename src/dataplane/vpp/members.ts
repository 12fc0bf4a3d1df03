/** Interfaces of ours as members of a bridge domain. */
import type { Context } from './context.js';
import { settleLearner } from './learners.js';
import { attesting, bareTag } from './tag.js';
import type { Interface, View } from './view.js';
import { RETVAL, unless, type Vpp } from './vpp.js';

export interface Place {
  /** 0: in no bridge domain. */
  readonly vni: number;
  /** Split-horizon group. */
  readonly group: number;
  /** Undefined: it is as it should be. */
  readonly up: boolean | undefined;
}

/**
 * Puts an interface that has been made into its place: names it ours, bridges it, sets it up or down.
 * @param attested what its tag is to attest
 */
export async function place(
  index: number,
  to: Place & { readonly tag: string; readonly attested?: string },
  context: Context,
): Promise<void> {
  const { vpp, memory } = context;
  const tag = attesting(to.tag, to.attested ?? '');
  // In VPP's order: it is ours before it carries anything.
  await Promise.all([
    vpp.request('sw_interface_tag_add_del', { is_add: true, sw_if_index: index, tag }),
    ...attaching(index, to, vpp),
  ]);
  memory.set(to.tag, index);
  if (to.vni !== 0) await settleLearner(index, to, context);
}

/** The same for one that is named ours. */
export async function attach(index: number, to: Place, context: Context): Promise<void> {
  await Promise.all(attaching(index, to, context.vpp));
  if (to.vni !== 0) await settleLearner(index, to, context);
}

function attaching(index: number, to: Place, vpp: Vpp): readonly Promise<unknown>[] {
  const requests: Promise<unknown>[] = [];
  if (to.vni !== 0) requests.push(bridge(index, to, true, vpp));
  if (to.up !== undefined) {
    const flags = to.up ? (['IF_STATUS_API_FLAG_ADMIN_UP'] as const) : [];
    requests.push(vpp.request('sw_interface_set_flags', { sw_if_index: index, flags }));
  }
  return requests;
}

/** Takes an interface out of the bridge domain that it is in. */
export async function unbridge(index: number, vni: number, { vpp }: Context): Promise<void> {
  await unless(bridge(index, { vni, group: 0 }, false, vpp), RETVAL.NO_SUCH_ENTRY);
}

function bridge(
  index: number,
  to: { readonly vni: number; readonly group: number },
  enable: boolean,
  vpp: Vpp,
): Promise<unknown> {
  return vpp.request('sw_interface_set_l2_bridge', {
    rx_sw_if_index: index,
    bd_id: to.vni,
    port_type: 'L2_API_PORT_TYPE_NORMAL',
    shg: to.group,
    enable,
  });
}

/** What keeps a member from carrying the frames of its VN; its state is the caller's to judge. */
export function memberDefects(
  { index, tag }: Interface,
  wanted: { readonly tag: string; readonly vni: number; readonly group: number },
  view: View,
): string[] {
  const defects: string[] = [];
  if (tag !== wanted.tag && bareTag(tag) !== wanted.tag) defects.push('has no tag');
  const domain = view.domainOf(index);
  if (wanted.vni === 0) {
    if (domain !== undefined) defects.push(`in bridge domain ${domain.id}`);
  } else if (domain?.id !== wanted.vni) {
    defects.push(
      domain === undefined
        ? 'in no bridge domain'
        : `in bridge domain ${domain.id}, not ${wanted.vni}`,
    );
  } else {
    const group = domain.members.get(index) ?? 0;
    if (group !== wanted.group) defects.push(`split-horizon group ${group}, not ${wanted.group}`);
  }
  return defects;
}
