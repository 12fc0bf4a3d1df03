/** FDB entries, neighbours and routes as iproute2 tells them. */
import { parseJson } from '../../host/iproute2/answers.js';
import { parseIp } from '../../model/addresses.js';
import { list, rows, text, unreadable, type Fields } from './json.js';

export interface FdbEntry {
  readonly mac: string;
  /** The port it leads to, or the VXLAN device whose entry it is. */
  readonly device: string;
  /** An entry of the device itself, not of the bridge it is a port of. */
  readonly self: boolean;
  /** Remote VTEP; empty: none. */
  readonly dst: string;
  /** `extern_learn`: a control plane's; on our devices, ours. */
  readonly extern: boolean;
  /** Set by hand, as against learned from frames. */
  readonly fixed: boolean;
  /** A frame from elsewhere does not move it. */
  readonly sticky?: true;
  /** It has a UDP port, VNI or device of its own, which ours never have. */
  readonly odd: boolean;
}

export interface Neighbor {
  readonly ip: string;
  /** Empty: unresolved. */
  readonly mac: string;
  readonly device: string;
  readonly extern: boolean;
  /** PERMANENT or NOARP. */
  readonly fixed: boolean;
  /** Number of who made it; absent: nobody said. */
  readonly protocol?: string;
}

export interface Route {
  readonly type: string;
  readonly device: string;
}

/** An answer of `bridge -j fdb`; `device`: the one asked for, where the answer leaves it out. */
export function parseFdb(answer: unknown, device = ''): FdbEntry[] {
  return rows(answer).flatMap((row) => {
    const mac = text(row, 'mac');
    if (mac === undefined) return [];
    const flags = list(row, 'flags');
    const state = text(row, 'state');
    return [
      {
        mac,
        device: text(row, 'ifname') ?? device,
        self: flags.includes('self'),
        dst: canonical(text(row, 'dst') ?? ''),
        extern: flags.includes('extern_learn'),
        fixed: state === 'permanent' || state === 'static',
        odd: ['port', 'vni', 'viaIf', 'viaIfIndex', 'src_vni', 'nhid'].some((n) => n in row),
        ...(flags.includes('sticky') ? { sticky: true as const } : {}),
      },
    ];
  });
}

/** An answer of `ip -j neigh show`. */
export function parseNeighbors(answer: unknown, device = ''): Neighbor[] {
  return rows(answer).flatMap((row) => {
    const neighbor = parseNeighbor(row, device);
    return neighbor === undefined ? [] : [neighbor];
  });
}

/**
 * An answer of `ip -j neigh get`: JSON since 6.10, before it a line such as
 * `192.0.2.1 dev nfvb7 lladdr 02:00:00:00:00:01 extern_learn PERMANENT`.
 * @throws NfvError KERNEL_REFUSED when it is neither
 */
export function parseNeighborLine(line: string): Neighbor {
  if (line.startsWith('[')) {
    const [neighbor] = parseNeighbors(parseJson('ip', line));
    if (neighbor === undefined) throw unreadable(line);
    return neighbor;
  }
  const [ip, ...words] = line.trim().split(/\s+/);
  const after = (name: string): string | undefined => {
    const at = words.indexOf(name);
    return at < 0 ? undefined : words[at + 1];
  };
  const device = after('dev');
  if (ip === undefined || device === undefined) throw unreadable(line);
  return {
    ip: canonical(ip),
    mac: after('lladdr') ?? '',
    device,
    extern: words.includes('extern_learn'),
    fixed: words.includes('PERMANENT') || words.includes('NOARP'),
    ...madeBy(after('proto')),
  };
}

function parseNeighbor(row: Fields, device: string): Neighbor | undefined {
  const ip = text(row, 'dst');
  if (ip === undefined) return undefined;
  const states = list(row, 'state');
  return {
    ip: canonical(ip),
    mac: text(row, 'lladdr') ?? '',
    device: text(row, 'dev') ?? device,
    extern: 'extern_learn' in row,
    fixed: states.includes('PERMANENT') || states.includes('NOARP'),
    ...madeBy(text(row, 'protocol')),
  };
}

const madeBy = (protocol: string | undefined): Pick<Neighbor, 'protocol'> =>
  protocol === undefined ? {} : { protocol };

/** An answer of `ip -j route get`; undefined: it leads nowhere. */
export function parseRoute(answer: unknown): Route | undefined {
  const [row] = rows(answer);
  const device = row === undefined ? undefined : text(row, 'dev');
  if (row === undefined || device === undefined) return undefined;
  // With -d the type is printed always, without it only if it is not "unicast".
  return { type: text(row, 'type') ?? 'unicast', device };
}

/** glibc writes ::/96 with dots (inet_ntop), the model does not. */
export function canonical(ip: string): string {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(ip);
  if (dotted === null) return ip;
  const [, head = '', a, b, c, d] = dotted;
  const group = (high = '', low = ''): string => (Number(high) * 256 + Number(low)).toString(16);
  return parseIp(`${head}${group(a, b)}:${group(c, d)}`)?.text ?? ip;
}
