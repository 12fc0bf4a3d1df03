/** What of routing and cross-connects a VPP has, seen by other eyes than the client's; see vpp-eye.ts. */
import type { VppEmulator } from './vpp-emulator/emulator.js';
import { masked } from './vpp-emulator/features/address.js';
import { entriesOf, entryFinder, API, type Entry } from './vpp-emulator/features/fib-entries.js';
import type { Interface } from './vpp-emulator/state.js';
import { isValues, type Values } from './vpp-emulator/wire.js';
import { ipText, macText } from './vpp-text.js';

export interface SeenGateway {
  readonly name: string;
  readonly up: boolean;
  readonly mac: string;
  readonly mtu: number;
  /** `ADDRESS/LENGTH table ID`, sorted. */
  readonly addresses: readonly string[];
  /** Static ones: `IP MAC`, sorted. */
  readonly neighbors: readonly string[];
}

export interface RoutingEye {
  /** The BVI of a bridge domain. */
  gateway(vni: number): Promise<SeenGateway | undefined>;
  /** Names of the tables but 0, by family: `IPv4 7 nfvd:vrf/7`, sorted. */
  tables(): Promise<readonly string[]>;
  /** What becomes of packets to each prefix of a table: `10.0.0.0/8 -> 3 10.0.0.1 loop0, drop`. */
  forwarding(table: number): Promise<readonly string[]>;
  /** `FROM TO`, sorted. */
  crossConnects(): Promise<readonly string[]>;
}

type Show = (what: string) => Promise<string>;

/** Through `vppctl`'s commands. */
export class CommandLineRoutingEye implements RoutingEye {
  constructor(private readonly show: Show) {}

  async gateway(vni: number): Promise<SeenGateway | undefined> {
    const list = await this.show('bridge-domain');
    const row = list.split('\n').find((line) => line.trim().startsWith(`${vni} `));
    const name = row?.trim().split(/\s+/).at(-1);
    if (name === undefined || name === 'N/A') return undefined;
    const hardware = await this.show(`hardware-interfaces ${name}`);
    const line = new RegExp(`^${name}\\s+\\d+\\s+(up|down)\\s+(\\d+)/`, 'm');
    const [, state, mtu] = line.exec(await this.show('interface')) ?? [];
    const neighbors = await this.show('ip neighbors');
    const known = new RegExp(`^\\s*\\S+\\s+(\\S+)\\s+S\\s+(\\S+)\\s+${name}$`, 'gm');
    return {
      name,
      up: state === 'up',
      mac: /Ethernet address (\S+)/.exec(hardware)?.[1] ?? '',
      mtu: Number(mtu),
      addresses: await this.#addresses(name),
      neighbors: pairs(neighbors, known),
    };
  }

  async #addresses(name: string): Promise<string[]> {
    const text = await this.show('interface addr');
    const own = text.split(/^(?=\S)/m).find((part) => part.startsWith(`${name} (`)) ?? '';
    const found = own.matchAll(/L3 (\S+)(?: ip[46] table-id (\d+))?/g);
    return [...found].map(([, address = '', table = '0']) => `${address} table ${table}`).sort();
  }

  async tables(): Promise<readonly string[]> {
    const found = await Promise.all(
      (['IPv4', 'IPv6'] as const).map(async (family) => {
        const text = await this.show(family === 'IPv4' ? 'ip table' : 'ip6 table');
        return [...text.matchAll(/table_id:(\d+) (\S+)/g)]
          .filter(([, id]) => id !== '0' && id !== '4294967295')
          .map(([, id = '', name = '']) => `${family} ${id} ${name}`);
      }),
    );
    return found.flat().sort();
  }

  async forwarding(table: number): Promise<readonly string[]> {
    const lines: string[] = [];
    for (const family of ['ip', 'ip6']) {
      const text = await this.show(`${family} fib table ${table} detail`);
      for (const part of text.split(/^(?=\S+\/\d+$)/m)) {
        const [prefix = '', ...rest] = part.split('\n');
        if (!/^\S+\/\d+$/.test(prefix)) continue;
        lines.push(forwardingLine(prefix, rest.flatMap(outcomeOf)));
      }
    }
    return lines.sort();
  }

  async crossConnects(): Promise<readonly string[]> {
    return pairs(await this.show('mode'), /^l2 xconnect (\S+) (\S+)/gm);
  }
}

/** `[SHARE, OUTCOME]` */
type Outcome = readonly [number, string];

/** Of one bucket line of a load balance, such as `[0-2] [@5]: ipv4 via 10.0.0.1 loop0: mtu:...`. */
function outcomeOf(line: string): Outcome[] {
  const [, first = '', last, what = ''] =
    /^\s*\[(\d+)(?:-(\d+))?\] \[@\d+\]: (.*)$/.exec(line) ?? [];
  if (what === '' || what.startsWith('dpo-load-balance')) return [];
  const share = Number(last ?? first) - Number(first) + 1;
  const [, via] = /ipv[46]:? via (\S+ \S+?)(?::|$)/.exec(what) ?? [];
  const [, lookup] = /lookup in (\S+)/.exec(what) ?? [];
  const [, plain = what] = /(drop|glean|receive|link-local)/.exec(what) ?? [];
  return [[share, via ?? (lookup === undefined ? plain : `lookup ${lookup}`)]];
}

/** Shares as they stand to each other. */
function forwardingLine(prefix: string, outcomes: readonly Outcome[]): string {
  const total = outcomes.reduce((sum, [share]) => sum + share, 0);
  const texts = outcomes.map(([share, text]) =>
    share === total ? text : `${Math.round((100 * share) / total)}% ${text}`,
  );
  return `${prefix} -> ${texts.sort().join(', ')}`;
}

function pairs(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, a = '', b = '']) => `${a} ${b}`).sort();
}

const NONE = 0xffff_ffff;

export class EmulatorRoutingEye implements RoutingEye {
  constructor(private readonly emulator: VppEmulator) {}

  gateway(vni: number): Promise<SeenGateway | undefined> {
    const { bridgeDomains, interfaces, neighbors } = this.emulator.state;
    const found = interfaces.get(bridgeDomains.byId.get(vni)?.bvi ?? NONE);
    if (found === undefined) return Promise.resolve(undefined);
    return Promise.resolve({
      name: found.name,
      up: (found.flags & 1) !== 0,
      mac: macText(found.mac),
      mtu: found.mtu[0] ?? 0,
      addresses: addressesOf(found),
      neighbors: neighbors.all
        .filter(({ swIfIndex, flags }) => swIfIndex === found.swIfIndex && (flags & 1) !== 0)
        .map(({ ip, mac }) => `${ipText(ip)} ${macText(mac)}`)
        .sort(),
    });
  }

  tables(): Promise<readonly string[]> {
    const { tables } = this.emulator.state.routes;
    const others = tables.filter(({ id }) => id !== 0);
    const lines = others.map(({ ip6, id, name }) => `${ip6 ? 'IPv6' : 'IPv4'} ${id} ${name}`);
    return Promise.resolve(lines.sort());
  }

  forwarding(table: number): Promise<readonly string[]> {
    const { state } = this.emulator;
    const all = [false, true].flatMap((ip6) =>
      state.routes.hasTable(ip6, table) ? entriesOf(state, ip6, table) : [],
    );
    return Promise.resolve(
      all
        .map((entry) => {
          const prefix = `${ipText(masked(entry.address, entry.length))}/${entry.length}`;
          return forwardingLine(prefix, this.#outcomes(entry));
        })
        .sort(),
    );
  }

  crossConnects(): Promise<readonly string[]> {
    const { bridgeDomains, interfaces } = this.emulator.state;
    const name = (index: number): string => interfaces.get(index)?.name ?? '';
    const found = [...bridgeDomains.xconnects].map(([rx, tx]) => `${name(rx)} ${name(tx)}`);
    return Promise.resolve(found.sort());
  }

  #outcomes({ paths, src, table }: Entry): Outcome[] {
    const { state } = this.emulator;
    if (src === API && state.routes.isDead(paths)) return [[1, 'drop']];
    return paths.map((path): Outcome => {
      const weight = Number(path['weight']);
      if (path['type'] === 2) return [1, 'drop'];
      if (path['type'] === 1) return [1, 'receive'];
      const address = addressOf(path);
      const isAny = /^0*$/.test(address);
      const found = state.interfaces.get(Number(path['sw_if_index']));
      if (found !== undefined) {
        return isAny ? [1, 'glean'] : [weight, `${ipText(address)} ${found.name}`];
      }
      if (isAny) return [1, src === API ? `lookup ${this.#nameOf(path)}` : 'link-local'];
      // One level is enough for tests.
      const find = entryFinder(state, table, path['proto'] === 1);
      const next = find(address, address.length * 4)?.paths[0];
      const on = state.interfaces.get(Number(next?.['sw_if_index']));
      return [weight, on === undefined ? 'drop' : `${ipText(address)} ${on.name}`];
    });
  }

  #nameOf(path: Entry['paths'][number]): string {
    const { tables } = this.emulator.state.routes;
    const ip6 = path['proto'] === 1;
    return tables.find((each) => each.ip6 === ip6 && each.id === path['table_id'])?.name ?? '';
  }
}

function addressOf({ nh, proto }: Values): string {
  const digits = isValues(nh) && typeof nh['address'] === 'string' ? nh['address'] : '';
  return proto === 1 ? digits : digits.slice(0, 8);
}

function addressesOf({ addresses, tables }: Interface): string[] {
  return [...addresses]
    .map((key) => {
      const [digits = '', length = ''] = key.split('/');
      return `${ipText(digits)}/${length} table ${tables.get(digits.length > 8) ?? 0}`;
    })
    .sort();
}
