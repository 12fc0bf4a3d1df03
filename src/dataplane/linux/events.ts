/**
 * What `ip -o -d monitor link address route neigh label` prints, a line for each event. It speaks no
 * JSON in any release. FDB entries come as neighbours: the bridge's without a destination, a VXLAN
 * device's with its VTEP.
 */
export type Event =
  | {
      readonly kind: 'link';
      readonly gone: boolean;
      readonly index: number;
      readonly name: string;
      /** Of a bridge's port state; it tells neither flags nor alias in full. */
      readonly brief: boolean;
      readonly up: boolean;
      readonly mtu: number;
      readonly master: string;
      readonly alias: string;
    }
  | { readonly kind: 'address'; readonly gone: boolean; readonly address: string }
  | { readonly kind: 'route' }
  | {
      readonly kind: 'entry';
      readonly gone: boolean;
      readonly device: string;
      /** Address of the neighbour, or of the VTEP; empty: the bridge's FDB. */
      readonly dst: string;
      /** Empty: a neighbour that has none any more. */
      readonly mac: string;
      readonly extern: boolean;
    };

/**
 * Link-local and multicast routes, which lead to no VTEP and come with every link that is set up. By
 * their destination: a link-local next hop leads on.
 */
const NO_WAY = /^((unicast|anycast|local|multicast) )?(fe80::|ff00::\/8)/;

/** Undefined: nothing that is told apart here. */
export function parseEvent(line: string): Event | undefined {
  const [, label, deleted, rest = ''] = /^\[([A-Z]+)\](Deleted )?(.*)$/.exec(line) ?? [];
  const gone = deleted !== undefined;
  switch (label) {
    case 'LINK':
      return parseLink(rest, gone);
    case 'ADDR':
      return parseAddress(rest, gone);
    case 'ROUTE':
      return NO_WAY.test(rest) ? undefined : { kind: 'route' };
    case 'NEIGH':
      return parseEntry(rest, gone);
    default:
      return undefined;
  }
}

function parseLink(text: string, gone: boolean): Event | undefined {
  const match = /^(\d+): ([^\s:@]+)(?:@[^\s:]+)?: <([^>]*)>(.*)$/.exec(text);
  if (match === null) return undefined;
  const [, index = '', name = '', flags = '', rest = ''] = match;
  const [about = ''] = rest.split('\\');
  const after = (word: string): string => new RegExp(` ${word} (\\S+)`).exec(about)?.[1] ?? '';
  return {
    kind: 'link',
    // The bridge's word for a port that left it is a deleted link, too.
    gone: gone && about.includes(' qdisc '),
    index: Number(index),
    name,
    brief: !about.includes(' qdisc '),
    up: flags.split(',').includes('UP'),
    mtu: Number(after('mtu')),
    master: after('master'),
    alias: /\\\s*alias (\S+)/.exec(rest)?.[1] ?? '',
  };
}

function parseAddress(text: string, gone: boolean): Event | undefined {
  const address = /^\d+: \S+\s+inet6? ([^\s/]+)/.exec(text)?.[1];
  if (address === undefined || address.startsWith('fe80:')) return undefined;
  return { kind: 'address', gone, address };
}

function parseEntry(text: string, gone: boolean): Event | undefined {
  const words = text.trim().split(/\s+/);
  const at = words[0] === 'dev' ? 0 : 1;
  const device = words[at] === 'dev' ? words[at + 1] : undefined;
  if (device === undefined) return undefined;
  const dst = at === 0 ? '' : (words[0] ?? '');
  const mac = words[at + 2] === 'lladdr' ? (words[at + 3] ?? '') : '';
  return {
    kind: 'entry',
    // A neighbour that is deleted fails first (net/core/neighbour.c, neigh_delete).
    gone: gone || words.includes('FAILED'),
    device,
    dst,
    mac,
    extern: words.includes('extern_learn'),
  };
}
