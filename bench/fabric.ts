/**
 * The whole product on one machine: one `nfvd nva`, and hosts in network namespaces, each with an
 * `nfvd nve` that drives its kernel; from the attach of an endpoint to the entry in the FDB of the
 * other kernels, as `bridge monitor` tells it in their namespaces. All hosts share this machine's
 * processors. NFVD_BENCH_DIR and NFVD_BENCH_PROFILE are as in nva.ts; there are also profiles of
 * the agents of the first two hosts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { call } from '../test/support/nva-harness.js';
import { figures, type Bench, type Emit } from './bench.js';
import { MEMBERS, membersOf, nveId } from './fabric/model.js';
import { RawFdb } from './fabric/raw-fdb.js';
import { Rig, type Cpu } from './fabric/rig.js';
import { percentile } from './stats.js';

const HOSTS = 25;
const NETWORKS = HOSTS / MEMBERS;
const ATTACHES = 300;
/** Between attaches, for what the one before leaves to do. */
const PAUSE_MS = 30;
/** Until the processes are idle after much work. */
const SETTLE_MS = 2000;
const REMOTE = 20;
const BULK = 1000;
const CALLERS = 64;

export const bench: Bench = {
  name: 'fabric',
  async run(emitFigure, { full }) {
    if (process.getuid?.() !== 0) throw new Error('network namespaces need root');
    const emit = figures(bench.name, emitFigure);
    const rig = await Rig.create(HOSTS);
    try {
      await oneByOne(rig, emit);
      await rig.quietGuests();
      await joining(rig, emit);
      if (full) await bulk(rig, emit);
    } finally {
      await rig.close();
    }
  },
};

/** Milliseconds since the call began. */
interface Spent {
  readonly answered: number;
  /** It is in the FDB of the last of the network's other hosts. */
  readonly inFdb: number;
  /** As the NVA tells it: every host of the network has read it back. */
  readonly applied: number;
}

async function oneByOne(rig: Rig, emit: Emit): Promise<void> {
  for (let network = 0; network < NETWORKS; network++) await rig.addNetwork(network);
  // Every host joins its network, and every process that is needed is there.
  for (let n = 0; n < 2 * HOSTS; n++) {
    const { network, nve } = placeOf(n);
    await rig.applied((await rig.attach(network, nve)).revision);
  }
  const raw = await RawFdb.start();
  await raw.once();
  const spent: Spent[] = [];
  const least: number[] = [];
  const before = await rig.cpuMs();
  for (let n = 0; n < ATTACHES; n++) {
    await sleep(PAUSE_MS);
    spent.push(await attachOne(rig, n));
    const start = performance.now();
    await rig.client.nves.get(nveId(0), call);
    least.push(performance.now() - start + (await raw.once()));
  }
  const after = await rig.cpuMs();
  await raw.stop();
  tell(spent, least, emit);
  const agents = (cpu: Cpu): number => cpu.agents.reduce((sum, ms) => sum + ms, 0);
  emit('CPU of the NVA for an attach', (after.nva - before.nva) / ATTACHES, 'ms');
  const each = (agents(after) - agents(before)) / ATTACHES;
  emit(`CPU of ${MEMBERS} agents for an attach, ended children too`, each, 'ms');
}

function placeOf(n: number): { readonly network: number; readonly nve: number } {
  const network = n % NETWORKS;
  return { network, nve: membersOf(network)[Math.floor(n / NETWORKS) % MEMBERS] ?? 0 };
}

async function attachOne(rig: Rig, n: number): Promise<Spent> {
  const { network, nve } = placeOf(n);
  const start = performance.now();
  const { mac, revision } = await rig.attach(network, nve);
  const answered = performance.now() - start;
  const others = membersOf(network).filter((other) => other !== nve);
  const [last, applied] = await Promise.all([
    rig.everywhere(mac, others),
    rig.applied(revision).then(() => performance.now()),
  ]);
  return { answered, inFdb: last - start, applied: applied - start };
}

function tell(spent: readonly Spent[], least: readonly number[], emit: Emit): void {
  const about = `${HOSTS} NVEs, networks of ${MEMBERS}`;
  for (const p of [0.5, 0.99]) {
    const baseline = percentile(least, p);
    const rank = `p${p * 100}, ${about}; ratio to a raw batch write and a gRPC call`;
    const of = (pick: (one: Spent) => number): number => percentile(spent.map(pick), p);
    emit(
      `attach answered, ${rank}`,
      of((s) => s.answered),
      'ms',
      baseline,
    );
    emit(
      `attach to the last of ${MEMBERS - 1} FDBs, ${rank}`,
      of((s) => s.inFdb),
      'ms',
      baseline,
    );
    emit(
      `attach to applied, ${rank}`,
      of((s) => s.applied),
      'ms',
      baseline,
    );
  }
}

const others = Array.from({ length: REMOTE }, (_, i) => i + 1);
/** Joins by itself, before the others. */
const FIRST = REMOTE + 1;
const ABOUT = `${BULK} endpoints on one NVE`;

/** Many endpoints on one host; then another host joins their network, and then many at once. */
async function joining(rig: Rig, emit: Emit): Promise<void> {
  const network = NETWORKS;
  await rig.addNetwork(network);
  const macs = await attachMany(rig, network, emit, `${ABOUT}, no others`);
  await join(rig, network, [FIRST], macs, emit, `an NVE joins ${ABOUT}`);
  await join(rig, network, others, macs, emit, `${REMOTE} NVEs join ${ABOUT}`);
}

async function join(
  rig: Rig,
  network: number,
  nves: readonly number[],
  macs: readonly string[],
  emit: Emit,
  about: string,
): Promise<void> {
  await sleep(SETTLE_MS);
  const before = await rig.cpuMs();
  const start = performance.now();
  await Promise.all(nves.map((nve) => rig.attach(network, nve)));
  await allInFdb(rig, nves, macs, start, emit, about);
  tellCpu(nves, before, await rig.cpuMs(), emit, about);
}

/** Many endpoints come up on one host while their network is on others too. */
async function bulk(rig: Rig, emit: Emit): Promise<void> {
  const network = NETWORKS + 1;
  await rig.addNetwork(network);
  for (const nve of [0, ...others]) await rig.applied((await rig.attach(network, nve)).revision);
  await sleep(SETTLE_MS);
  const before = await rig.cpuMs();
  const start = performance.now();
  const macs = await attachMany(rig, network, emit, `${ABOUT}, ${REMOTE} others`);
  await allInFdb(rig, others, macs, start, emit, `${ABOUT}, ${REMOTE} others`);
  tellCpu(others, before, await rig.cpuMs(), emit, `${ABOUT}, ${REMOTE} others`);
}

async function attachMany(
  rig: Rig,
  network: number,
  emit: Emit,
  about: string,
): Promise<readonly string[]> {
  const start = performance.now();
  let left = BULK;
  const macs: string[] = [];
  const caller = async (): Promise<void> => {
    while (left-- > 0) macs.push((await rig.attach(network, 0)).mac);
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  emit(`${about}: ${CALLERS} callers are answered`, since(start), 's');
  await rig.applied(0);
  emit(`${about}: applied everywhere`, since(start), 's');
  return macs;
}

async function allInFdb(
  rig: Rig,
  nves: readonly number[],
  macs: readonly string[],
  start: number,
  emit: Emit,
  about: string,
): Promise<void> {
  const times = await Promise.all(macs.map((mac) => rig.everywhere(mac, nves)));
  emit(`${about}: in the FDB of all of them`, (Math.max(...times) - start) / 1000, 's');
  await rig.applied(0);
}

function tellCpu(
  nves: readonly number[],
  before: Cpu,
  after: Cpu,
  emit: Emit,
  about: string,
): void {
  const seconds = (pick: (cpu: Cpu) => number): number => (pick(after) - pick(before)) / 1000;
  emit(
    `${about}: CPU of the NVA`,
    seconds((cpu) => cpu.nva),
    's',
  );
  const remote = nves.reduce((sum, i) => sum + seconds((cpu) => cpu.agents[i] ?? 0), 0);
  emit(`${about}: CPU of each of them`, remote / nves.length, 's');
}

const since = (start: number): number => (performance.now() - start) / 1000;
