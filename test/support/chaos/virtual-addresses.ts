/** What guests do with virtual addresses: they have one from some moment on, and their kernel says so. */
import type { Specified } from '../../../src/model/changes.js';
import type { EndpointSpec } from '../../../src/model/endpoint.js';
import { eventually } from '../eventually.js';
import type { Netns } from '../netns.js';
import { keyOf, virtualKey, type Holders } from './planned-model.js';
import type { ChaosWorld } from './world.js';
import type { Take } from './write.js';

type Model = ReadonlyMap<string, Specified>;

/** An endpoint that may have its address now. */
export interface Holder {
  readonly id: string;
  readonly ip: string;
  readonly spec: EndpointSpec;
  /** Where its guest is. */
  readonly netns: string | undefined;
}

const SETTLE_MS = 30_000;

/** Those of the endpoints which took an address that are there still, and may have it. */
export function holdersNow(holders: Holders, model: Model): Holder[] {
  return [...holders].flatMap(([key, id]) => {
    const ip = key.slice(key.indexOf(' ') + 1);
    const found = model.get(keyOf('Endpoint', id));
    if (found?.kind !== 'Endpoint') return [];
    const { spec } = found;
    if (!spec.allowedAddresses.some((each) => each.ip === ip)) return [];
    return [{ id, ip, spec, netns: spec.port.kind === 'veth' ? spec.port.netns : undefined }];
  });
}

export class VirtualAddresses {
  /** Taken, but the guests' interfaces were not there yet; by address. */
  readonly #waiting = new Map<string, Take>();
  /** Moves that guests have told. */
  moves = 0;

  constructor(private readonly world: ChaosWorld) {}

  /** At once, or as soon as the guest has its interface. */
  async take(take: Take, model: Model): Promise<void> {
    const key = virtualKey(take.network, take.ip);
    this.#waiting.delete(key);
    if (!(await this.#moves(take, model))) this.#waiting.set(key, take);
  }

  /** What had to wait is done; guests that have moved to another host have their addresses again. */
  async settle(holders: Holders, model: Model): Promise<void> {
    for (const take of [...this.#waiting.values()]) {
      await eventually(() => this.#moves(take, model), SETTLE_MS, 100);
    }
    this.#waiting.clear();
    for (const holder of holdersNow(holders, model)) {
      const guest = this.world.guest(holder.netns);
      if (guest === undefined) continue;
      // Without a word: their NVEs know it.
      await eventually(() => has(guest, holder.spec), SETTLE_MS, 100);
      await guest.ip('addr', 'replace', ...onGuest(holder.ip));
    }
  }

  /** @returns false: the guest has no interface yet */
  async #moves({ id, network, ip }: Take, model: Model): Promise<boolean> {
    const found = model.get(keyOf('Endpoint', id));
    // It went, or to where there are no guests, before it could.
    if (found?.kind !== 'Endpoint') return true;
    const { spec } = found;
    const guest = this.world.guest(spec.port.kind === 'veth' ? spec.port.netns : undefined);
    if (guest === undefined) return true;
    if (!(await has(guest, spec))) return false;
    for (const other of model.values()) {
      if (other.kind !== 'Endpoint' || other.id === id || other.spec.network !== network) continue;
      const { port } = other.spec;
      const before = this.world.guest(port.kind === 'veth' ? port.netns : undefined);
      // Most of them do not have it.
      await before?.try('ip', 'addr', 'del', ...onGuest(ip));
    }
    await guest.ip('addr', 'replace', ...onGuest(ip));
    // By its arp_notify the kernel tells of its addresses then, be the MAC another or not.
    await guest.ip('link', 'set', 'dev', 'eth0', 'address', spec.mac);
    this.moves++;
    return true;
  }
}

const onGuest = (ip: string): string[] => [`${ip}/32`, 'dev', 'eth0'];

/** The guest has the interface, and it is that of this endpoint. */
async function has(guest: Netns, { mac }: EndpointSpec): Promise<boolean> {
  const { stdout } = await guest.try('ip', '-o', 'link', 'show', 'dev', 'eth0');
  return stdout.includes(` ${mac} `) && /[<,]UP[,>]/.test(stdout);
}
