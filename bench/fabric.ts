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
import { Rig } from './fabric/rig.js';
import { percentile } from './stats.js';

const HOSTS = 25;
const NETWORKS = HOSTS / MEMBERS;
const ATTACHES = 300;
/** Between attaches, for what the one before leaves to do. */
const PAUSE_MS = 30;
const REMOTE = 20;
const BULK = 1000;
const CALLERS = 64;

export const bench: Bench = {
  name: 'fabric',
  async run(emitFigure) {
    if (process.getuid?.() !== 0) throw new Error('network namespaces need root');
    const emit = figures(bench.name, emitFigure);
    const rig = await Rig.create(HOSTS);
    try {
      await oneByOne(rig, emit);
      await bulk(rig, emit);
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
  for (let n = 0; n < ATTACHES; n++) {
    await sleep(PAUSE_MS);
    spent.push(await attachOne(rig, n));
    const start = performance.now();
    await rig.client.nves.get(nveId(0), call);
    least.push(performance.now() - start + (await raw.once()));
  }
  await raw.stop();
  tell(spent, least, emit);
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

/** Many endpoints on one host, in a network that is on others too. */
async function bulk(rig: Rig, emit: Emit): Promise<void> {
  const network = NETWORKS;
  const others = Array.from({ length: REMOTE }, (_, i) => i + 1);
  await rig.addNetwork(network);
  for (const nve of [0, ...others]) await rig.applied((await rig.attach(network, nve)).revision);
  await sleep(1000);
  const cpuBefore = await rig.cpuMs();
  const start = performance.now();
  let left = BULK;
  const macs: string[] = [];
  const caller = async (): Promise<void> => {
    while (left-- > 0) macs.push((await rig.attach(network, 0)).mac);
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  const answered = performance.now() - start;
  const times = await Promise.all(macs.map((mac) => rig.everywhere(mac, others)));
  const inFdb = Math.max(...times) - start;
  await rig.applied(0);
  const applied = performance.now() - start;
  const cpuAfter = await rig.cpuMs();
  const about = `${BULK} endpoints on one NVE`;
  emit(`${about}, answered, ${CALLERS} callers`, answered / 1000, 's');
  emit(`${about}, in the FDB of ${REMOTE} others`, inFdb / 1000, 's');
  emit(`${about}, applied everywhere`, applied / 1000, 's');
  emit(`${about}, CPU of the NVA`, (cpuAfter.nva - cpuBefore.nva) / 1000, 's');
  emit(`${about}, CPU of that NVE`, (cpuAfter.local - cpuBefore.local) / 1000, 's');
  const each = (cpuAfter.remote - cpuBefore.remote) / REMOTE;
  emit(`${about}, CPU of each of ${REMOTE} others`, each / 1000, 's');
}
