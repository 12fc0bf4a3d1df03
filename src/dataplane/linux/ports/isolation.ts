/**
 * A bridge of ours is also an interface of the host. Its tenants must not reach the host through
 * it, so all that comes out of it to the host is dropped, where the kernel has one of the two
 * classifiers that can. Besides, or instead, the bridge gets no address (IPv6's own neither:
 * addrgenmode none), a random MAC that no frame ever shows, and the settings below.
 *
 * disable_ipv6 would be the simple answer to IPv6, but then the kernel refuses neighbour entries
 * (net/ipv6/ndisc.c, ndisc_allow_add), and without them neigh_suppress cannot answer for anybody.
 */
import { hasErrno } from '../../../host/iproute2/answers.js';
import type { Sysctl } from '../../../host/sysctl.js';
import { NfvError } from '../../../errors.js';
import { errorFields, type Log } from '../../../model/log.js';
import type { Door } from '../door.js';
import { flag, list, number, object, rows, text, type Fields } from '../json.js';

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

type Filter = readonly string[];

/**
 * Filters that drop everything; the first that the kernel can do is used. Each has its place, for
 * one of another kind is refused where an agent before us has put one. The second is a program of
 * one instruction, "return TC_ACT_SHOT" (linux/filter.h: BPF_RET | BPF_K is 6). tc reads it with
 * sscanf (lib/bpf_legacy.c), to which a sign is as good as the space that a batch's word cannot have.
 */
const FILTERS: readonly Filter[] = [
  ['pref', '1', 'handle', '1', 'protocol', 'all', 'matchall', 'action', 'drop'],
  ['pref', '2', 'handle', '1', 'protocol', 'all', 'bpf', 'direct-action', 'bytecode', '1,6+0+0+2'],
];

function path(setting: string, bridge: string): string {
  const [family = '', name = ''] = setting.split('/');
  return `net/${family}/conf/${bridge}/${name}`;
}

export class Isolation {
  /** The filter that this kernel can do; undefined: not known yet. */
  #filter: Filter | undefined;
  #cannotDrop = false;

  /** `log` is told once if the kernel has none of the filters. */
  constructor(
    private readonly sysctl: Sysctl,
    private readonly log: Pick<Log, 'warn'>,
  ) {}

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
      this.#cannotDrop || isDropped(bridge, tc),
      ...SETTINGS.map(async ([name, value, why]) => {
        const now = await this.sysctl.read(path(name, bridge));
        const ok = now === undefined || now === value;
        return ok ? [] : [`${name.replace('/', ' ')} ${now}, not ${value} (${why})`];
      }),
    ]);
    return [dropped ? [] : [`${bridge}: its frames are not kept from the host`], ...open].flat();
  }

  async #drop(bridge: string, tc: Door): Promise<void> {
    if (this.#cannotDrop) return;
    try {
      await addClsact(bridge, tc);
      await this.#addFilter(bridge, tc);
    } catch (error) {
      // Once it could, so something else is wrong.
      if (this.#filter !== undefined || !isLack(error)) throw error;
      this.#giveUp(error);
    }
  }

  async #addFilter(bridge: string, tc: Door): Promise<void> {
    const filters = this.#filter === undefined ? FILTERS : [this.#filter];
    for (const [i, filter] of filters.entries()) {
      try {
        await tc.run('filter', 'replace', 'dev', bridge, 'ingress', ...filter);
        this.#filter = filter;
        return;
      } catch (error) {
        if (!isLack(error) || i === filters.length - 1) throw error;
      }
    }
  }

  #giveUp(error: NfvError): void {
    if (this.#cannotDrop) return;
    this.#cannotDrop = true;
    this.log.warn(
      errorFields(error),
      'cannot drop what comes out of a bridge to the host: the kernel needs sch_ingress, and ' +
        'cls_matchall with act_gact, or cls_bpf',
    );
  }
}

async function addClsact(bridge: string, tc: Door): Promise<void> {
  try {
    await tc.run('qdisc', 'add', 'dev', bridge, 'clsact');
  } catch (error) {
    if (!hasErrno(error, 'EEXIST')) throw error;
  }
}

/** tc or the kernel lacks what was asked for, as against: it cannot be done to this bridge now. */
function isLack(error: unknown): error is NfvError {
  if (!(error instanceof NfvError)) return false;
  if (error.code === 'COMMAND_MISSING' || hasErrno(error, 'ENOENT', 'EOPNOTSUPP')) return true;
  return /classifier not found|qdisc kind is unknown|Failed to load TC action/.test(error.message);
}

const UNREADABLE: ReadonlySet<string> = new Set(['KERNEL_REFUSED', 'COMMAND_MISSING']);

async function isDropped(bridge: string, tc: Door): Promise<boolean> {
  try {
    return rows(await tc.query('filter', 'show', 'dev', bridge, 'ingress')).some(dropsAll);
  } catch (error) {
    // Without clsact, or a bridge, there is no list either.
    if (error instanceof NfvError && UNREADABLE.has(error.code)) return false;
    throw error;
  }
}

function dropsAll(filter: Fields): boolean {
  if (text(filter, 'protocol') !== 'all') return false;
  const options = object(filter, 'options');
  switch (text(filter, 'kind')) {
    case 'matchall': {
      const [action] = rows(list(options, 'actions'));
      return action !== undefined && text(object(action, 'control_action'), 'type') === 'drop';
    }
    case 'bpf': {
      const [only, more] = rows(list(object(options, 'bytecode'), 'insns'));
      const drops = only !== undefined && number(only, 'code') === 6 && number(only, 'k') === 2;
      return drops && more === undefined && flag(options, 'direct-action') === true;
    }
    default:
      return false;
  }
}
