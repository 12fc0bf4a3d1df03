/** Doors that lead nowhere: they write down what is said through them, and answer as they are told. */
import { NfvError } from '../../src/errors.js';
import { refusal } from '../../src/host/iproute2/answers.js';
import type { Door } from '../../src/dataplane/linux/door.js';
import type { Doors } from '../../src/dataplane/linux/doors.js';
import type { RouterDoors } from '../../src/dataplane/linux/routing/routers.js';
import { parseAddresses } from '../../src/dataplane/linux/links.js';

export class FakeDoors implements Doors {
  /** Commands, in order: `ip link show dev x`; in a namespace `ip -n NAME …`. */
  readonly said: string[] = [];
  readonly ownNetns = '/proc/1/ns/net';
  readonly ip = this.#door('ip');
  readonly bridge = this.#door('bridge');
  readonly fdbShow = this.#door('bridge');
  readonly #answers: { readonly match: RegExp; readonly answer: unknown }[] = [];
  /** By VRF, what stands in the place of a router; nothing if it is not here. */
  readonly places = new Map<number, 'namespace' | 'file'>();
  readonly routers: RouterDoors = {
    nameOf: (vrf) => Promise.resolve(`nfvr${vrf}`),
    list: () => Promise.resolve([...this.places.keys()]),
    place: (vrf) => Promise.resolve(this.places.get(vrf) ?? 'nothing'),
    inside: (vrf) => Promise.resolve(this.#door(`ip -n nfvr${vrf}`)),
    undo: async (vrf, ...words) => {
      const done = this.#say(`undo -n nfvr${vrf} ${words.join(' ')}`, undefined);
      await done.catch(() => undefined);
    },
    settle: async (vrf) => {
      await this.#say(`settle nfvr${vrf}`, undefined);
    },
    release: (vrf) => {
      this.said.push(`release nfvr${vrf}`);
    },
    gone: () => undefined,
    inTurn: (_vrf, work) => work(),
  };
  readonly gatewayFilter: Doors['gatewayFilter'] = {
    set: async (vni, mac) => {
      await this.#say(`filter nfvx${vni} ${mac}`, undefined);
    },
    clear: async (vni) => {
      await this.#say(`no filter nfvx${vni}`, undefined);
    },
    defects: () => Promise.resolve([]),
  };
  /** Names of namespaces that there are. */
  readonly namespaces = new Set<string>();

  /** What a command that matches answers: JSON, text, or what is said on stderr as `failing`. */
  answer(match: RegExp, answer: unknown): this {
    this.#answers.unshift({ match, answer });
    return this;
  }

  /** A command that matches is refused with these words. */
  fail(match: RegExp, text: string): this {
    return this.answer(match, refusal('fake', String(match), text));
  }

  async setAlias(device: string, alias: string): Promise<void> {
    await this.#say(`alias of ${device}: ${alias}`, undefined);
  }

  once<T>(program: 'ip' | 'bridge', use: (door: Door) => Promise<T>): Promise<T> {
    return use(this.#door(program));
  }

  async inNetns(
    netns: string,
    commands: readonly (readonly string[])[],
    query: readonly string[],
  ): Promise<unknown> {
    for (const [i, words] of commands.entries()) {
      try {
        await this.#say(`ip -n ${netns} ${words.join(' ')}`, undefined);
      } catch (error) {
        const { code, message, metadata } = NfvError.from(error);
        throw new NfvError(code, message, { metadata: { ...metadata, line: String(i + 1) } });
      }
    }
    return this.#say(`ip -n ${netns} ${query.join(' ')}`, []);
  }

  async addresses(): Promise<ReturnType<typeof parseAddresses>> {
    return parseAddresses(await this.ip.query('addr', 'show'));
  }

  isolate(bridge: string): Promise<void> {
    return this.#say(`isolate ${bridge}`, undefined).then(() => undefined);
  }

  isolationDefects(): Promise<string[]> {
    return Promise.resolve([]);
  }

  floodBroadcasts(device: string, flood: boolean): Promise<void> {
    return this.#say(`broadcasts ${device} ${flood ? 'on' : 'off'}`, undefined).then(
      () => undefined,
    );
  }

  netnsExists(netns: string): Promise<boolean> {
    return Promise.resolve(this.namespaces.has(netns));
  }

  /** By name. */
  readonly inodes = new Map<string, number>();

  netnsInode(netns: string): Promise<number | undefined> {
    return Promise.resolve(this.inodes.get(netns));
  }

  async undo(...words: string[]): Promise<void> {
    await this.#say(`undo ${words.join(' ')}`, undefined).catch(() => undefined);
  }

  async undoing(work: (ip: Door) => Promise<void>): Promise<void> {
    await work(this.#door('undo')).catch(() => undefined);
  }

  newMac(): string {
    return '02:11:22:33:44:55';
  }

  madeLink(): void {
    // Nothing remembers names here.
  }

  removedLink(): void {
    // Nothing remembers names here.
  }

  strangeLinks(): void {
    // Nor here.
  }

  #door(program: string): Door {
    return {
      run: async (...words) => {
        await this.#say(`${program} ${words.join(' ')}`, undefined);
      },
      query: (...words) => this.#say(`${program} ${words.join(' ')}`, []),
      queryText: async (...words) => {
        const answer = await this.#say(`${program} ${words.join(' ')}`, '');
        return typeof answer === 'string' ? answer : JSON.stringify(answer);
      },
    };
  }

  #say(command: string, otherwise: unknown): Promise<unknown> {
    this.said.push(command);
    const found = this.#answers.find(({ match }) => match.test(command));
    const answer = found === undefined ? otherwise : found.answer;
    return answer instanceof NfvError ? Promise.reject(answer) : Promise.resolve(answer);
  }
}

/** A link as `ip -j -d link show` prints one. */
export function linkJson(
  name: string,
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    ifindex: 1,
    ifname: name,
    flags: ['BROADCAST', 'UP'],
    mtu: 1500,
    group: 'default',
    inet6_addr_gen_mode: 'eui64',
    ...more,
  };
}
