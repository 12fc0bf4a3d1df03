/**
 * What `ip -o -d monitor link address route neigh nsid label all-nsid` prints of routers' namespaces: as
 * events.ts, after the number that the namespace has in ours. The names of devices are not to be
 * believed but in a link's own event: iproute2 takes them from those of all namespaces together.
 */
import { canonical } from '../entries.js';

export type RouterEvent = { readonly nsid: number; readonly gone: boolean } & (
  | { readonly kind: 'namespace' }
  | {
      readonly kind: 'link';
      readonly index: number;
      readonly name: string;
      readonly up: boolean;
      /** It has a carrier: of a veth, both ends are up. */
      readonly lowerUp: boolean;
      readonly mtu: number;
      readonly mac: string;
    }
  | { readonly kind: 'address'; readonly index: number; readonly address: string }
  | {
      readonly kind: 'route';
      readonly prefix: string;
      readonly protocol: string;
      /** Addresses of the next hops, sorted. */
      readonly hops: readonly string[];
    }
  | { readonly kind: 'neighbor'; readonly ip: string; readonly mac: string }
);

/** Undefined: of our own namespace, or nothing that is told apart here. */
export function parseRouterEvent(line: string): RouterEvent | undefined {
  const [, where = '', label, deleted, rest = ''] =
    /^\[nsid (\d+|current)\]\[([A-Z]+)\](Deleted )?(.*)$/.exec(line) ?? [];
  const gone = deleted !== undefined;
  if (where === 'current') return label === 'NSID' && gone ? parseEnd(rest) : undefined;
  const nsid = Number(where);
  switch (label) {
    case 'LINK':
      return parseLink(rest, { nsid, gone });
    case 'ADDR':
      return parseAddress(rest, { nsid, gone });
    case 'ROUTE':
      return parseRoute(rest, { nsid, gone });
    case 'NEIGH':
      return parseNeighbor(rest, { nsid, gone });
    default:
      return undefined;
  }
}

type Common = Pick<RouterEvent, 'nsid' | 'gone'>;

function parseEnd(text: string): RouterEvent | undefined {
  const nsid = /^nsid (\d+)/.exec(text)?.[1];
  return nsid === undefined ? undefined : { kind: 'namespace', nsid: Number(nsid), gone: true };
}

function parseLink(text: string, common: Common): RouterEvent | undefined {
  const match = /^(\d+): ([^\s:@]+)(?:@[^\s:]+)?: <([^>]*)>.*? mtu (\d+)(.*)$/.exec(text);
  if (match === null) return undefined;
  const [, index = '', name = '', flags = '', mtu = '', rest = ''] = match;
  const mac = /link\/ether (\S+)/.exec(rest)?.[1] ?? '';
  const set = flags.split(',');
  return {
    kind: 'link',
    ...common,
    index: Number(index),
    name,
    up: set.includes('UP'),
    lowerUp: set.includes('LOWER_UP'),
    mtu: Number(mtu),
    mac,
  };
}

function parseAddress(text: string, common: Common): RouterEvent | undefined {
  const [, index, address] = /^(\d+): \S+\s+inet6? ([^\s/]+)/.exec(text) ?? [];
  if (address === undefined) return undefined;
  return { kind: 'address', ...common, index: Number(index), address };
}

/** Those of the table `local` come with each address. */
function parseRoute(text: string, common: Common): RouterEvent | undefined {
  const words = text.split('\\', 1)[0]?.trim().split(/\s+/) ?? [];
  const after = (name: string): string => words[words.indexOf(name) + 1] ?? '';
  if (after('table') !== 'main') return undefined;
  const protocol = words.includes('proto') ? after('proto') : '';
  const hops = [...text.matchAll(/\bvia (?:inet6 )?(\S+)/g)].map(([, hop = '']) => canonical(hop));
  const prefix = prefixOf(words[1] ?? '', text);
  return { kind: 'route', ...common, prefix, protocol, hops: hops.sort() };
}

function prefixOf(dst: string, text: string): string {
  if (dst === 'default') return / pref \w+/.test(text) ? '::/0' : '0.0.0.0/0';
  const [address = '', length] = dst.split('/');
  const whole = canonical(address);
  return `${whole}/${length ?? (whole.includes(':') ? '128' : '32')}`;
}

function parseNeighbor(text: string, { nsid, gone }: Common): RouterEvent | undefined {
  const words = text.trim().split(/\s+/);
  if (words[1] !== 'dev') return undefined;
  const mac = words[3] === 'lladdr' ? (words[4] ?? '') : '';
  const ip = canonical(words[0] ?? '');
  return { kind: 'neighbor', nsid, gone: gone || words.includes('FAILED'), ip, mac };
}
