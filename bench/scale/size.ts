/** All figures of one number of NVEs. */
import type { Emit } from '../bench.js';
import { median, percentile } from '../stats.js';
import { BareWorld } from './bare-world.js';
import type { Traffic } from './messages.js';
import { LAYERS, ScaleModel, type Network, type SpecifiedEndpoint } from './model.js';
import { World } from './world.js';

/** Before what is measured: an NVA that has just started has its code compiled while it works. */
const WARM_UP = 500;
const ATTACHES = 300;
const CALLERS = 32;
const AT_ONCE = 1000;
const APPLIES = 4;
/** The layer whose networks are over 20 NVEs: that of the thousand endpoints. */
const LAYER_OF_MANY = 3;
const BARE_ROUNDS = 40;

interface Attached {
  /** Members of the networks. */
  readonly members: number;
  /** Milliseconds of each. */
  readonly spent: readonly number[];
  /** Of all together. */
  readonly cpuMs: number;
}

export class Size {
  readonly #model: ScaleModel;
  #next = 0;
  /** To one NVE, of an attach. */
  #bytesEach = 0;

  constructor(
    nves: number,
    private readonly emitFigure: Emit,
  ) {
    this.#model = new ScaleModel(nves);
  }

  async run(): Promise<void> {
    const world = await World.create(this.#model);
    try {
      this.#emit('start of nfvd nva', world.nva.startSeconds, 's');
      await this.#connect(world);
      // First: of the model, and no more.
      const restart = await this.#restart(world);
      const attached = await this.#attach(world);
      await this.#together(world);
      await this.#thousand(world);
      const storm = await this.#storm(world);
      await this.#againstBare(attached, storm, restart);
    } finally {
      await world.close();
    }
  }

  #emit(what: string, value: number, unit: string, baseline?: number): void {
    this.emitFigure(`${what}, ${this.#model.nves} NVEs`, value, unit, baseline);
  }

  async #connect(world: World): Promise<void> {
    const cpu = await world.nva.cpuMs();
    const start = performance.now();
    await world.fleet.connect(world.nva.socket, this.#model.nveNames);
    await world.inSync();
    this.#emit('first connect, all sent: until in sync', since(start) / 1000, 's');
    await world.nva.quiet();
    this.#emit('first connect, all sent: CPU of the NVA', (await world.nva.cpuMs()) - cpu, 'ms');
    const traffic = [...(await world.fleet.traffic()).values()];
    const items = traffic.reduce((sum, one) => sum + one.items, 0);
    this.#emit('items that an NVE holds', items / this.#model.nves, 'items');
    this.#emit('RSS of the NVA with all connected', await world.nva.rssMb(), 'MB');
  }

  /** One after the other, in networks of all layers. */
  async #attach(world: World): Promise<readonly Attached[]> {
    await this.#warmUp(world);
    const before = await world.fleet.traffic();
    const expected = new Map<number, number>();
    const all: Attached[] = [];
    for (const layer of LAYERS.keys()) {
      const spent: number[] = [];
      const cpu = await world.nva.cpuMs();
      for (let n = layer; n < ATTACHES; n += LAYERS.length) {
        const network = this.#networkOf(n);
        for (const i of network.members) expected.set(i, (expected.get(i) ?? 0) + 1);
        spent.push(await this.#attachOne(world, network));
      }
      const cpuMs = (await world.nva.cpuMs()) - cpu;
      all.push({ members: this.#networkOf(layer).members.length, spent, cpuMs });
    }
    this.#traffic(before, await world.fleet.traffic(), expected);
    return all;
  }

  async #warmUp(world: World): Promise<void> {
    const cpu = await world.nva.cpuMs();
    for (let n = 0; n < WARM_UP; n++) await this.#attachOne(world, this.#networkOf(n));
    const each = ((await world.nva.cpuMs()) - cpu) / WARM_UP;
    this.#emit(`attach, the first ${WARM_UP} after a start: CPU of the NVA`, each, 'ms');
  }

  /** Nobody else has heard of them. @param expected how many attaches each NVE is to hear of */
  #traffic(
    before: ReadonlyMap<string, Traffic>,
    after: ReadonlyMap<string, Traffic>,
    expected: ReadonlyMap<number, number>,
  ): void {
    const sum = { inside: 0, outside: 0, nves: 0, strays: 0 };
    for (const [i, name] of this.#model.nveNames.entries()) {
      const [was, is] = [before.get(name), after.get(name)];
      const bytes = (is?.received ?? NaN) - (was?.received ?? NaN);
      const deltas = (is?.deltas ?? NaN) - (was?.deltas ?? NaN);
      const most = expected.get(i);
      sum.strays += Math.max(0, deltas - (most ?? 0));
      if (most === undefined) {
        sum.outside += bytes;
        sum.nves++;
      } else {
        sum.inside += bytes;
      }
    }
    this.#emit('attach: deltas to NVEs that are not in its network', sum.strays, 'messages');
    if (sum.strays > 0) throw new Error('NVEs were told of a network that they are not in');
    const what = `attach: bytes to the ${sum.nves} NVEs in none of the networks, keepalives`;
    if (sum.nves > 0) this.#emit(what, sum.outside, 'bytes');
    this.#emit('attach: bytes to all NVEs', sum.inside / ATTACHES, 'bytes');
    const told = [...expected.values()].reduce((all, count) => all + count, 0);
    this.#bytesEach = Math.round(sum.inside / told);
    this.#emit('attach: bytes to an NVE of its network', this.#bytesEach, 'bytes');
  }

  /** Networks of all layers in turn, one of each: others stay out of it. */
  #networkOf(n: number): Network {
    const layer = this.#model.networks[n % LAYERS.length] ?? [];
    const network = layer[n % Math.min(2, layer.length)];
    if (network === undefined) throw new Error('a layer without networks');
    return network;
  }

  async #attachOne(world: World, network: Network): Promise<number> {
    const one = this.#model.more(this.#next++, network);
    const start = performance.now();
    await world.applied(await world.create(one));
    return since(start);
  }

  async #together(world: World): Promise<void> {
    let next = 0;
    const cpu = await world.nva.cpuMs();
    const start = performance.now();
    const caller = async (): Promise<void> => {
      while (next < ATTACHES) await this.#attachOne(world, this.#networkOf(next++));
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
    const seconds = since(start) / 1000;
    const cpuMs = (await world.nva.cpuMs()) - cpu;
    this.#emit(`attach to applied, ${CALLERS} callers`, ATTACHES / seconds, '1/s');
    this.#emit(`attach, ${CALLERS} callers: CPU of the NVA`, cpuMs / ATTACHES, 'ms');
  }

  /** On one NVE, in a network of 20. */
  async #thousand(world: World): Promise<void> {
    const network = this.#model.networks[LAYER_OF_MANY]?.[0];
    if (network === undefined) throw new Error('a layer without networks');
    const one = { ...network, members: network.members.slice(0, 1) };
    const some = (): SpecifiedEndpoint[] =>
      Array.from({ length: AT_ONCE }, () => this.#model.more(this.#next++, one));
    const created = await this.#untilApplied(world, async () => {
      const left = some();
      const caller = async (): Promise<void> => {
        for (let next = left.pop(); next !== undefined; next = left.pop()) await world.create(next);
      };
      await Promise.all(Array.from({ length: CALLERS }, caller));
    });
    const what = `${AT_ONCE} endpoints on one NVE, network of ${network.members.length}`;
    const applied: number[] = [];
    for (let n = 0; n < APPLIES; n++) {
      await world.nva.quiet();
      applied.push(await this.#untilApplied(world, () => world.apply(some())));
    }
    const [first = NaN, ...others] = applied;
    this.#emit(
      `${what}, Plan and Apply, the first after a start; ratio to creates`,
      first,
      's',
      created,
    );
    this.#emit(`${what}, Plan and Apply; ratio to creates`, median(others), 's', created);
  }

  async #untilApplied(world: World, work: () => Promise<unknown>): Promise<number> {
    const start = performance.now();
    await work();
    await world.applied();
    return since(start) / 1000;
  }

  async #storm(world: World): Promise<number> {
    await world.nva.quiet();
    const start = performance.now();
    await world.fleet.cut();
    await world.inSync();
    return since(start) / 1000;
  }

  async #restart(world: World): Promise<number> {
    // In the store is then that all are in step.
    await world.nva.quiet();
    const start = performance.now();
    const up = await world.restartNva();
    await world.inSync();
    const seconds = since(start) / 1000;
    this.#emit('kill -9 of the NVA: until it answers', up, 's');
    this.#emit('kill -9 of the NVA: peak RSS of the new one', await world.nva.peakRssMb(), 'MB');
    return seconds;
  }

  async #againstBare(attached: readonly Attached[], storm: number, restart: number): Promise<void> {
    const bare = await BareWorld.create(this.#model.nveNames);
    try {
      const rounds: number[] = [];
      for (const [layer, { members, spent, cpuMs }] of attached.entries()) {
        const least: number[] = [];
        for (let n = 0; n < BARE_ROUNDS; n++) {
          least.push(await bare.round(members, this.#bytesEach));
        }
        rounds.push(...least);
        // With few NVEs the largest networks are smaller than they should be; scattered ones are as others.
        if (members !== LAYERS[layer]?.members || LAYERS[layer].scattered) continue;
        const about = `network of ${members}`;
        this.#emit(`attach to applied, ${about}, p50`, median(spent), 'ms', median(least));
        this.#emit(`attach, ${about}: CPU of the NVA`, cpuMs / spent.length, 'ms');
      }
      this.#attached(attached, rounds);
      this.#emit('all reconnect: until in sync', storm, 's', await bare.storm());
      this.#emit('kill -9 of the NVA: until all in sync', restart, 's', await bare.restart());
    } finally {
      await bare.close();
    }
  }

  #attached(attached: readonly Attached[], rounds: readonly number[]): void {
    const spent = attached.flatMap((one) => one.spent);
    for (const [name, p] of [
      ['p50', 0.5],
      ['p90', 0.9],
      ['p99', 0.99],
      ['max', 1],
    ] as const) {
      const value = percentile(spent, p);
      this.#emit(`attach to applied, ${name}`, value, 'ms', percentile(rounds, p));
    }
    const cpuMs = attached.reduce((sum, one) => sum + one.cpuMs, 0);
    this.#emit('attach: CPU of the NVA', cpuMs / spent.length, 'ms');
  }
}

const since = (start: number): number => performance.now() - start;
