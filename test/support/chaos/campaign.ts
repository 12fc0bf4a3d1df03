/** A campaign: rounds of writes and faults by a seed, and after each round everything is checked. */
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Specified, Wanted } from '../../../src/model/changes.js';
import { eventually } from '../eventually.js';
import { RunningPing } from '../running-ping.js';
import { seeded, upTo } from '../seeded.js';
import { nveSpec } from '../specs.js';
import * as checks from './checks.js';
import type { FaultKind } from './fault-kinds.js';
import { FAULTS } from './faults.js';
import { Follower } from './follower.js';
import { firstModel, FIRST_HOLDER } from './first-model.js';
import { checkRegister, tellOperation, type Operation } from './linearizable.js';
import { FIXED_PLACE } from './places.js';
import type { Holders } from './planned-model.js';
import { allReach } from './reach.js';
import { createRegister, REGISTER, useRegister } from './registers.js';
import { Schedule, type Round } from './schedule.js';
import { holdersNow, VirtualAddresses } from './virtual-addresses.js';
import { ChaosWorld, hostName, nth, vtepOf } from './world.js';
import { Writer } from './writer.js';

export interface CampaignOptions {
  readonly seed: number;
  readonly faults?: readonly FaultKind[];
  readonly maxHoldMs?: number;
  /** Asked before each round. */
  readonly goesOn: (rounds: number) => boolean;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface Counts {
  rounds: number;
  writes: number;
  refused: number;
  lost: number;
  registerOperations: number;
  /** Lines of the kernel's tables that were compared. */
  dataplaneLines: number;
  guestPairs: number;
  /** Pings to machines outside from provider networks, out of routers' exits, to virtual addresses. */
  outside: number;
  beyond: number;
  virtual: number;
  /** Of virtual addresses, as guests told them. */
  moves: number;
  pings: number;
  pingsLost: number;
  watchRestarts: number;
  violations: number;
}

const PING_MS = 20;
const REGISTER_OPERATIONS = 150;
const REGISTER_PACE_MS = 20;

export class Campaign {
  readonly counts: Counts = {
    ...{ rounds: 0, writes: 0, refused: 0, lost: 0, registerOperations: 0, dataplaneLines: 0 },
    ...{ guestPairs: 0, outside: 0, beyond: 0, virtual: 0, moves: 0 },
    ...{ pings: 0, pingsLost: 0, watchRestarts: 0, violations: 0 },
  };
  readonly #schedule: Schedule;
  readonly #writer: Writer;
  readonly #followers: readonly Follower[];
  readonly #addresses: VirtualAddresses;
  /** As it is once everything that was asked is done. */
  readonly #model: Map<string, Specified>;
  #holders: Holders;
  /** Of a register that behaved like none. */
  #history: readonly Operation[] = [];

  private constructor(
    private readonly options: CampaignOptions,
    private readonly world: ChaosWorld,
  ) {
    const guests = world.hosts.map((host) => host.guests.map(({ name }) => name));
    const { seed, faults, maxHoldMs } = options;
    this.#schedule = new Schedule({
      ...{ seed, guests, vlans: world.vlans },
      ...(faults === undefined ? {} : { faults }),
      ...(maxHoldMs === undefined ? {} : { maxHoldMs }),
    });
    const clients = world.replicas.map(({ client }) => client);
    this.#writer = new Writer(clients, String(seed));
    this.#followers = clients.map((client) => new Follower(client));
    this.#addresses = new VirtualAddresses(world);
    const first = firstModel(guests, world.vlans);
    this.#model = new Map(first.resources);
    this.#holders = first.holders;
  }

  /** @returns the counts; a violation ends it. @throws Error if the world cannot be made */
  static async run(options: CampaignOptions): Promise<Counts> {
    const world = await ChaosWorld.create();
    const campaign = new Campaign(options, world);
    try {
      await campaign.#run();
    } finally {
      for (const follower of campaign.#followers) await follower.stop();
      await world.close();
    }
    return campaign.counts;
  }

  async #run(): Promise<void> {
    const { goesOn, signal, say } = this.options;
    await this.#begin();
    const isOver = (): boolean => signal.aborted;
    while (goesOn(this.counts.rounds) && !isOver()) {
      const round = this.#schedule.round();
      try {
        await this.#round(round);
      } catch (error) {
        if (isOver()) return;
        this.counts.violations++;
        say(`VIOLATION in round ${round.number} (${round.fault}): ${String(error)}`);
        say(`the programs' logs: ${this.#keepLogs()}`);
        return;
      }
      this.counts.rounds++;
    }
  }

  /** The first resources, and the agents. */
  async #begin(): Promise<void> {
    const { replicas, hosts } = this.world;
    const { client } = nth(replicas, 0);
    const call = { signal: AbortSignal.timeout(30_000) };
    for (const i of hosts.keys()) {
      const spec = nveSpec([vtepOf(i)]);
      await client.nves.create({ id: hostName(i), spec, requestId: '', validateOnly: false }, call);
    }
    const wanted = [...this.#model.values()].map((put): Wanted => ({ put, etag: '' }));
    const { hash } = await client.changes.plan({ wanted }, call);
    const apply = { plan: { wanted }, hash, requestId: '', confirmWithinMs: 0 };
    await client.changes.apply(apply, call);
    await Promise.all(hosts.map(({ process }) => process.start()));
    for (const [key, id] of this.#holders) {
      const [network = '', ip = ''] = key.split(' ');
      const take = { kind: 'take', id, network, ip, effects: new Map() } as const;
      await this.#addresses.take(take, this.#model);
    }
    await this.#check();
  }

  async #round(round: Round): Promise<void> {
    const { say } = this.options;
    const random = seeded(this.options.seed ^ (round.number * 0x9e3779b9));
    for (const step of round.before) {
      say(`${step.number}. nva-${step.replica}: ${step.text}`);
      await this.#ask(step);
      await this.#writer.resolve();
    }
    const pings = this.#pings();
    const register = `${REGISTER}-${round.number}`;
    await createRegister(nth(this.world.replicas, 0).client, register, 900_000 + round.number);
    const history: Operation[] = [];
    let left = REGISTER_OPERATIONS;
    const users = this.world.replicas.map(({ client: api }, i) =>
      useRegister({
        ...{ name: `c${i}`, api, register, history, paceMs: REGISTER_PACE_MS },
        goesOn: () => left-- > 0,
        next: () => nth(['read', 'write', 'swap', 'swap'] as const, upTo(random, 4)),
      }),
    );
    // Of a failure it is told below.
    const used = Promise.allSettled(users);
    try {
      await this.#fault(round);
    } finally {
      left = 0;
      await used;
    }
    await Promise.all(users);
    this.#checkHistory(history);
    const began = performance.now();
    await this.#writer.resolve();
    say(`${round.number}: all writes done after ${Math.round(performance.now() - began)} ms`);
    this.#holders = round.holders;
    await this.#check(round.model);
    await this.#stopPings(pings);
    this.#told();
  }

  async #ask(step: Round['before'][number]): Promise<void> {
    const { write } = step;
    if (write.kind === 'take') {
      await this.#addresses.take(write, this.#model);
      return;
    }
    await this.#writer.attempt({ ...step, write }, this.#model);
    for (const [key, resource] of write.effects) {
      if (resource === undefined) this.#model.delete(key);
      else this.#model.set(key, resource);
    }
  }

  async #fault(round: Round): Promise<void> {
    const { say, signal } = this.options;
    const began = performance.now();
    const { whom, heal } = await FAULTS[round.fault](this.world, round.victim);
    say(`${round.number}: ${round.fault}: ${whom}, for ${round.holdMs} ms`);
    try {
      for (const step of round.during) {
        say(`${step.number}. meanwhile nva-${step.replica}: ${step.text}`);
        await this.#ask(step);
      }
      const rest = round.holdMs - (performance.now() - began);
      if (rest > 0) await waitOr(rest, signal);
    } finally {
      await heal();
    }
    await checks.answering(this.world);
    say(`${round.number}: healed after ${Math.round(performance.now() - began)} ms`);
  }

  async #check(model?: Round['model']): Promise<void> {
    const { world, counts } = this;
    const timed = new Stopwatch();
    checks.running(world);
    // The schedule and the writes have come to the same.
    if (model !== undefined)
      assert.deepEqual([...this.#model.keys()].sort(), [...model.keys()].sort());
    await timed.of('model', checks.modelHeld(world, this.#model));
    await timed.of('guests', this.#addresses.settle(this.#holders, this.#model));
    const holders = holdersNow(this.#holders, this.#model);
    await timed.of('holders', checks.holdersTold(world, holders));
    await timed.of('applied', checks.applied(world));
    await timed.of('watches', checks.followersEqual(world, this.#followers));
    counts.dataplaneLines += await timed.of('dataplanes', checks.dataplanesEqual(world));
    const reached = await timed.of('reach', allReach(world, this.#model, holders));
    counts.guestPairs += reached.pairs;
    counts.outside += reached.outside;
    counts.beyond += reached.beyond;
    counts.virtual += reached.virtual;
    counts.moves = this.#addresses.moves;
    this.options.say(`checked: ${timed.told}`);
  }

  #checkHistory(history: readonly Operation[]): void {
    this.counts.registerOperations += history.length;
    const verdict = checkRegister('first', history);
    if (verdict.kind === 'linearizable') return;
    const told = verdict.kind === 'not' ? verdict.stuck.map(tellOperation).join('; ') : '';
    this.#history = history;
    throw new Error(`no register behaves so (${verdict.kind}): ${told}`);
  }

  /**
   * From the guests that nothing ever happens to: to each other over the underlay, and to the virtual address of
   * one; from the one whose NVE does not lead out, by those that do.
   */
  #pings(): RunningPing[] {
    const probes = this.world.hosts.map(({ guests }, i) => {
      const found = this.#model.get(`Endpoint/probe-${i}`);
      if (found?.kind !== 'Endpoint') throw new Error('no probe');
      return { guest: nth(guests, 0), spec: found.spec };
    });
    const last = nth(probes, probes.length - 1);
    const virtual = nth(probes, FIRST_HOLDER).spec.allowedAddresses[0]?.ip ?? '';
    const ways = probes.map(({ guest }, i) => {
      return [guest, nth(probes, (i + 1) % probes.length).spec.ips[0] ?? ''] as const;
    });
    return [...ways, [last.guest, virtual] as const, [last.guest, FIXED_PLACE.target] as const].map(
      ([guest, to]) => new RunningPing(guest, to, PING_MS),
    );
  }

  async #stopPings(pings: readonly RunningPing[]): Promise<void> {
    const lost: number[] = [];
    for (const ping of pings) {
      await ping.goesOn(3);
      const result = await ping.stop();
      this.counts.pings += result.sent;
      lost.push(...result.lost);
    }
    this.counts.pingsLost += lost.reduce((sum, run) => sum + run, 0);
    assert.deepEqual(lost, [], 'packets lost between guests');
  }

  #told(): void {
    Object.assign(this.counts, this.#writer.counts);
    this.counts.watchRestarts = this.#followers.reduce((sum, { restarts }) => sum + restarts, 0);
  }

  /** For whoever looks into a violation. */
  #keepLogs(): string {
    const directory = mkdtempSync(join(tmpdir(), 'nfvd-chaos-'));
    for (const { process } of this.world.nodes) {
      writeFileSync(join(directory, `${process.name}.log`), process.log);
    }
    const history = this.#history.map(tellOperation).join('\n');
    writeFileSync(join(directory, 'register.txt'), history);
    return directory;
  }
}

/** How long each part took. */
class Stopwatch {
  readonly #parts: string[] = [];

  async of<T>(name: string, part: Promise<T>): Promise<T> {
    const began = performance.now();
    const result = await part;
    this.#parts.push(`${name} ${Math.round(performance.now() - began)} ms`);
    return result;
  }

  get told(): string {
    return this.#parts.join(', ');
  }
}

async function waitOr(ms: number, signal: AbortSignal): Promise<void> {
  const end = performance.now() + ms;
  await eventually(() => signal.aborted || performance.now() >= end, ms + 5000, 50);
}

/** One line. */
export function tellCounts(seed: number, counts: Counts): string {
  const { rounds, writes, refused, lost, violations } = counts;
  return [
    `chaos: seed ${seed}, ${rounds} rounds, ${writes} writes`,
    `${refused} attempts refused and ${lost} without an answer, all repeated`,
    `${counts.registerOperations} operations on registers`,
    `${counts.dataplaneLines} lines of kernel tables compared, ${counts.guestPairs} guest pairs`,
    `${counts.outside} ways to machines outside, ${counts.beyond} out of routers' exits`,
    `${counts.moves} moves of virtual addresses, ${counts.virtual} ways to them`,
    `${counts.pings} pings of which ${counts.pingsLost} lost`,
    `${counts.watchRestarts} watches begun anew, ${violations} violations`,
  ].join('; ');
}
