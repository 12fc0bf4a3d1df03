/** Each fault: what it does, and what ends it. */
import type { FaultKind } from './fault-kinds.js';
import type { ChaosProcess } from './process.js';
import { nth, SIZE, type ChaosWorld, type Node } from './world.js';

/** For the log: whom it hit. */
export interface Injected {
  readonly whom: string;
  readonly heal: () => Promise<void>;
}

type Inject = (world: ChaosWorld, victim: number) => Promise<Injected>;

async function kill(...processes: readonly ChaosProcess[]): Promise<Injected> {
  for (const process of processes) await process.kill();
  return {
    whom: namesOf(processes),
    async heal() {
      // Members of etcd are not up before most of them are.
      for (const process of processes) process.launch();
      await Promise.all(processes.map((process) => process.up()));
    },
  };
}

async function pause(process: ChaosProcess): Promise<Injected> {
  await process.pause();
  return {
    whom: process.name,
    heal() {
      process.resume();
      return Promise.resolve();
    },
  };
}

async function cut(world: ChaosWorld, one: Node, others: readonly Node[]): Promise<Injected> {
  for (const other of others) await world.network.cut(one.machine, other.machine);
  return {
    whom: `${one.machine.name} from ${others.map(({ machine }) => machine.name).join(', ')}`,
    async heal() {
      for (const other of others) await world.network.join(one.machine, other.machine);
    },
  };
}

async function pull(world: ChaosWorld, { machine }: Node): Promise<Injected> {
  await world.network.setCable(machine, 'down');
  return { whom: machine.name, heal: () => world.network.setCable(machine, 'up') };
}

const namesOf = (processes: readonly ChaosProcess[]): string =>
  processes.map(({ name }) => name).join(', ');

const others = <T>(all: readonly T[], i: number): T[] => all.filter((_, at) => at !== i);

async function setClock(world: ChaosWorld, node: Node, victim: number): Promise<Injected> {
  const hours = victim === 0 ? 1 : victim === 1 ? -1 : 24;
  world.shiftClock(node, hours * 3_600_000);
  return Promise.resolve({
    whom: `${node.machine.name} by ${hours} h`,
    heal() {
      world.shiftClock(node, 0);
      return Promise.resolve();
    },
  });
}

export const FAULTS: Readonly<Record<FaultKind, Inject>> = {
  'kill an NVA replica': (world, i) => kill(nth(world.replicas, i).process),
  'pause an NVA replica': (world, i) => pause(nth(world.replicas, i).process),
  'kill all NVA replicas': (world) => kill(...world.replicas.map(({ process }) => process)),
  'kill an agent': (world, i) => kill(nth(world.hosts, i).process),
  'pause an agent': (world, i) => pause(nth(world.hosts, i).process),
  'kill a member of etcd': (world, i) => kill(nth(world.members, i).process),
  'kill the leader of etcd': async (world) =>
    kill(nth(world.members, await world.leader()).process),
  'pause a member of etcd': (world, i) => pause(nth(world.members, i).process),
  'pause the leader of etcd': async (world) =>
    pause(nth(world.members, await world.leader()).process),
  'kill all members of etcd': (world) => kill(...world.members.map(({ process }) => process)),
  'cut an NVA replica from etcd': (world, i) => cut(world, nth(world.replicas, i), world.members),
  'cut a host from the NVA': (world, i) => cut(world, nth(world.hosts, i), world.replicas),
  // The one that it prefers.
  'cut a host from one NVA replica': (world, i) =>
    cut(world, nth(world.hosts, i), [nth(world.replicas, i)]),
  'cut the members of etcd from each other': async (world) => {
    const cuts: Injected[] = [];
    for (let i = 0; i < SIZE; i++) {
      cuts.push(await cut(world, nth(world.members, i), world.members.slice(i + 1)));
    }
    return {
      whom: 'all',
      async heal() {
        for (const { heal } of cuts) await heal();
      },
    };
  },
  'cut the leader of etcd from the others': async (world) => {
    const leader = await world.leader();
    return cut(world, nth(world.members, leader), others(world.members, leader));
  },
  "pull an etcd machine's cable": (world, i) => pull(world, nth(world.members, i)),
  "pull an NVA machine's cable": (world, i) => pull(world, nth(world.replicas, i)),
  "fill an etcd member's disk": async (world, i) => {
    const { disk, process, machine } = nth(world.members, i);
    await disk.fill();
    return {
      whom: machine.name,
      async heal() {
        await disk.clear();
        // etcd ends itself when it cannot write.
        if (process.isRunning) return;
        await process.kill();
        await process.start();
      },
    };
  },
  "fill an agent's disk": async (world, i) => {
    const { disk, machine } = nth(world.hosts, i);
    await disk.fill();
    return { whom: machine.name, heal: () => disk.clear() };
  },
  'compact the history that a paused replica has not read': async (world, i) => {
    const paused = await pause(nth(world.replicas, i).process);
    return {
      whom: paused.whom,
      async heal() {
        const other = nth(world.replicas, (i + 1) % SIZE);
        const call = { signal: AbortSignal.timeout(10_000) };
        const page = { pageSize: 1, pageToken: '', filter: '' };
        const { revision } = await other.client.nves.list(page, call);
        await world.etcdctl(await world.leader(), 'compact', String(revision));
        await paused.heal();
      },
    };
  },
  "set a replica's clock": (world, i) => setClock(world, nth(world.replicas, i), i),
  "set an agent's clock": (world, i) => setClock(world, nth(world.hosts, i), i),
};
