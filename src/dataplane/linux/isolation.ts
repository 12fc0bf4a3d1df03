/**
 * A bridge of ours is also an interface of the host. Its tenants must not reach the host through
 * it, so all that comes out of it to the host is dropped, where the kernel has what that takes
 * (cls_matchall, act_gact: every distribution's). Besides, or instead, the bridge gets no address
 * (IPv6's own neither: addrgenmode none), a random MAC that no frame ever shows, and the settings
 * below.
 *
 * disable_ipv6 would be the simple answer to IPv6, but then the kernel refuses neighbour entries
 * (net/ipv6/ndisc.c, ndisc_allow_add), and without them neigh_suppress cannot answer for anybody.
 */
import { hasErrno } from '../../host/iproute2/answers.js';
import type { Sysctl } from '../../host/sysctl.js';
import { NfvError } from '../../errors.js';
import type { Door } from './door.js';
import { list, object, rows, text } from './json.js';

const SETTINGS: readonly (readonly [name: string, value: string, why: string])[] = [
  ['ipv4/arp_ignore', '8', 'never answer ARP for any address'],
  ['ipv4/rp_filter', '1', 'drop what does not come from where it would be answered to'],
  ['ipv4/forwarding', '0', 'do not route for tenants'],
  ['ipv4/accept_redirects', '0', 'believe no tenant about routes'],
  ['ipv4/drop_unicast_in_l2_multicast', '1', 'no unicast packet in a broadcast frame'],
  ['ipv6/disable_ipv6', '0', 'else there are no IPv6 neighbours to suppress with'],
  ['ipv6/accept_ra', '0', 'believe no tenant about routers'],
  ['ipv6/autoconf', '0', 'take no address from a tenant'],
  ['ipv6/accept_redirects', '0', 'believe no tenant about routes'],
  ['ipv6/forwarding', '0', 'do not route for tenants'],
  ['ipv6/drop_unicast_in_l2_multicast', '1', 'no unicast packet in a multicast frame'],
];

function path(setting: string, bridge: string): string {
  const [family = '', name = ''] = setting.split('/');
  return `net/${family}/conf/${bridge}/${name}`;
}

export class Isolation {
  /** The kernel can drop what comes out of a bridge; undefined: not tried yet. */
  #canDrop: boolean | undefined;

  constructor(private readonly sysctl: Sysctl) {}

  /** Shields the host from a bridge; a setting that this kernel does not have is passed over. */
  async isolate(bridge: string, tc: Door): Promise<void> {
    await Promise.all([
      this.#drop(bridge, tc),
      ...SETTINGS.map(async ([name, value]) => {
        const setting = path(name, bridge);
        if ((await this.sysctl.read(setting)) !== undefined) {
          await this.sysctl.write(setting, value);
        }
      }),
    ]);
  }

  /** What is open that should not be, for people. */
  async defects(bridge: string, tc: Door): Promise<string[]> {
    const [dropped, ...open] = await Promise.all([
      this.#isDropped(bridge, tc),
      ...SETTINGS.map(async ([name, value, why]) => {
        const now = await this.sysctl.read(path(name, bridge));
        const ok = now === undefined || now === value;
        return ok ? [] : [`${name.replace('/', ' ')} ${now}, not ${value} (${why})`];
      }),
    ]);
    return [dropped ? [] : [`${bridge}: its frames are not kept from the host`], ...open].flat();
  }

  /** True also where it is not known that the kernel could drop it. */
  async #isDropped(bridge: string, tc: Door): Promise<boolean> {
    if (this.#canDrop === false) return true;
    const dropped = await isDropped(bridge, tc);
    if (dropped) this.#canDrop = true;
    return dropped || this.#canDrop === undefined;
  }

  async #drop(bridge: string, tc: Door): Promise<void> {
    if (this.#canDrop === false) return;
    try {
      await tc.run('qdisc', 'add', 'dev', bridge, 'clsact');
    } catch (error) {
      if (!hasErrno(error, 'EEXIST')) {
        this.#cannotDrop(error);
        return;
      }
    }
    try {
      const filter = ['pref', '1', 'handle', '1', 'protocol', 'all', 'matchall', 'action', 'drop'];
      await tc.run('filter', 'replace', 'dev', bridge, 'ingress', ...filter);
      this.#canDrop = true;
    } catch (error) {
      this.#cannotDrop(error);
    }
  }

  /** The first time it tells what this kernel is; later it would be an error. */
  #cannotDrop(error: unknown): void {
    const refused = error instanceof NfvError && REFUSALS.has(error.code);
    if (!refused || this.#canDrop === true) throw error;
    this.#canDrop = false;
  }
}

const REFUSALS: ReadonlySet<string> = new Set(['KERNEL_REFUSED', 'COMMAND_MISSING']);

async function isDropped(bridge: string, tc: Door): Promise<boolean> {
  try {
    const filters = rows(await tc.query('filter', 'show', 'dev', bridge, 'ingress'));
    return filters.some((filter) => {
      const [action] = rows(list(object(filter, 'options'), 'actions'));
      const control = action === undefined ? {} : object(action, 'control_action');
      return text(filter, 'kind') === 'matchall' && text(control, 'type') === 'drop';
    });
  } catch (error) {
    if (error instanceof NfvError && REFUSALS.has(error.code)) return false;
    throw error;
  }
}
