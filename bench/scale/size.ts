/** All figures of one number of NVEs. */
import type { Emit } from '../bench.js';
import { percentile } from '../stats.js';
import { BareWorld } from './bare-world.js';
import type { Traffic } from './messages.js';
import { LAYERS, ScaleModel, type Network, type SpecifiedEndpoint } from './model.js';
import { World } from './world.js';

const WARM_UP = 20;
const ATTACHES = 300;
const CALLERS = 32;
const AT_ONCE = 1000;
/** The layer whose networks are over 20 NVEs: that of the thousand endpoints. */
const LAYER_OF_MANY = 3;
const BARE_ROUNDS = 60;

interface Attached {
  /** Milliseconds of each. */
  readonly spent: readonly number[];
  readonly cpuMs: number;
  /** To all NVEs, of one attach. */
  readonly bytes: number;
  /** To one NVE of the network. */
  readonly bytesEach: number;
}

export class Size {
  readonly #model: ScaleModel;
  #next = 0;

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
      const attached = await this.#attach(world);
      await this.#together(world);
      await this.#thousand(world);
      const storm = await this.#storm(world);
      const restart = await this.#restart(world);
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

  async #attach(world: World): Promise<Attached> {
    for (let n = 0; n < WARM_UP; n++) await this.#attachOne(world, this.#networkOf(n));
    const expected = new Map<number, number>();
    const spent: number[] = [];
    const before = await world.fleet.traffic();
    const cpu = await world.nva.cpuMs();
    for (let n = 0; n < ATTACHES; n++) {
      const network = this.#networkOf(n);
      for (const i of network.members) expected.set(i, (expected.get(i) ?? 0) + 1);
      spent.push(await this.#attachOne(world, network));
    }
    const cpuMs = ((await world.nva.cpuMs()) - cpu) / ATTACHES;
    const after = await world.fleet.traffic();
    const bytes = this.#inside(before, after, expected);
    const told = [...expected.values()].reduce((sum, count) => sum + count, 0);
    return { spent, cpuMs, bytes: bytes / ATTACHES, bytesEach: Math.round(bytes / told) };
  }

  /** Nobody else has heard of them. @returns the bytes to those in the networks */
  #inside(
    before: ReadonlyMap<string, Traffic>,
    after: ReadonlyMap<string, Traffic>,
    expected: ReadonlyMap<number, number>,
  ): number {
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
    return sum.inside;
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
    this.#emit(`CPU of the NVA for an attach, ${CALLERS} callers`, cpuMs / ATTACHES, 'ms');
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
    const applied = await this.#untilApplied(world, () => world.apply(some()));
    const what = `${AT_ONCE} endpoints on one NVE, network of ${network.members.length}`;
    this.#emit(`${what}, Plan and Apply; ratio to creates`, applied, 's', created);
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

  async #againstBare(attached: Attached, storm: number, restart: number): Promise<void> {
    const bare = await BareWorld.create(this.#model.nveNames);
    try {
      const rounds = [];
      for (let n = 0; n < BARE_ROUNDS; n++) {
        const streams = this.#networkOf(n).members.length;
        rounds.push(await bare.round(streams, attached.bytesEach));
      }
      for (const [name, p] of [
        ['p50', 0.5],
        ['p90', 0.9],
        ['p99', 0.99],
        ['max', 1],
      ] as const) {
        const value = percentile(attached.spent, p);
        this.#emit(`attach to applied, ${name}`, value, 'ms', percentile(rounds, p));
      }
      this.#emit('CPU of the NVA for an attach', attached.cpuMs, 'ms');
      this.#emit('bytes to all NVEs for an attach', attached.bytes, 'bytes');
      this.#emit('all reconnect: until in sync', storm, 's', await bare.storm());
      this.#emit('kill -9 of the NVA: until all in sync', restart, 's', await bare.restart());
    } finally {
      await bare.close();
    }
  }
}

const since = (start: number): number => performance.now() - start;
