/** From the call that attaches an endpoint to the answer that its whole network has it. */
import { FakeNve } from '../../test/support/fake-nve.js';
import { call } from '../../test/support/nva-harness.js';
import { NvaClient } from '../../src/rpc/nva-client.js';
import { NveSessionClient } from '../../src/rpc/nve-client.js';
import type { Emit } from '../bench.js';
import { percentile } from '../stats.js';
import { Bare } from './bare.js';
import type { NvaDaemon } from './daemon.js';
import type { Overlay } from './overlay.js';

const WARM_UP = 50;
const ATTACHES = 500;
const CALLERS = 32;
/** Only each tenth network gets endpoints, so that half of the NVEs are in none that does. */
const STEP = 10;
const TIMEOUT_MS = 60_000;

interface Rig {
  readonly overlay: Overlay;
  readonly daemon: NvaDaemon;
  readonly client: NvaClient;
  readonly nves: readonly FakeNve[];
  readonly emit: Emit;
  readonly about: string;
}

/** All NVEs of the model connect, with nothing; then endpoints are attached. */
export async function attach(
  overlay: Overlay,
  daemon: NvaDaemon,
  directory: string,
  emit: Emit,
): Promise<void> {
  const address = { kind: 'unix', path: daemon.socket } as const;
  const client = new NvaClient({ address, timeoutMs: TIMEOUT_MS });
  const sessions = new NveSessionClient();
  const nves = Array.from({ length: overlay.nves }, (_, i) => {
    return new FakeNve({ name: overlay.nve(i).id, socket: daemon.socket, client: sessions });
  });
  const about = `${overlay.nves} NVEs, ${overlay.endpoints} endpoints`;
  const rig = { overlay, daemon, client, nves, emit, about };
  await connect(rig);
  // The status of every endpoint is in the store then.
  await daemon.quiet();
  await oneByOne(rig, directory);
  await together(rig);
  await Promise.all(nves.map((nve) => nve.disconnect()));
  client.close();
}

async function connect({ nves, client, emit, about }: Rig): Promise<void> {
  const start = performance.now();
  await Promise.all(nves.map((nve) => nve.connect()));
  await applied(client, 0);
  emit(`all NVEs connect with nothing until all is applied, ${about}`, since(start) / 1000, 's');
}

async function applied(client: NvaClient, revision: number): Promise<void> {
  const result = await client.waitApplied({ revision, timeoutMs: TIMEOUT_MS }, call);
  if (result.applied) return;
  const [first] = result.laggards;
  throw new Error(`${result.laggards.length} NVEs lag: ${first?.nve ?? ''} ${first?.reason ?? ''}`);
}

async function oneByOne(rig: Rig, directory: string): Promise<void> {
  const { overlay, daemon, nves, emit, about } = rig;
  for (let n = 0; n < WARM_UP; n++) await attachOne(rig, n);
  const bare = await Bare.start(directory);
  for (let n = 0; n < WARM_UP; n++) await bare.once();
  const spent: number[] = [];
  const least: number[] = [];
  const cpu = await daemon.cpuMs();
  const outsiders = outside(overlay).map((i) => nves[i]);
  const before = countDeltas(outsiders);
  for (let n = WARM_UP; n < WARM_UP + ATTACHES; n++) {
    const start = performance.now();
    await attachOne(rig, n);
    spent.push(since(start));
    const bareStart = performance.now();
    await bare.once();
    least.push(since(bareStart));
  }
  // What it had to do for them after it answered is in this, but for the last few.
  const used = (await daemon.cpuMs()) - cpu;
  await bare.stop();
  for (const p of [50, 90, 99]) {
    const baseline = percentile(least, p / 100);
    const name = `attach to applied, p${p}, ${about}; ratio to a bare txn and stream echo`;
    emit(name, percentile(spent, p / 100), 'ms', baseline);
  }
  emit(`CPU of the NVA for an attach, ${about}`, used / ATTACHES, 'ms');
  const strays = countDeltas(outsiders) - before;
  emit(`deltas to the ${outsiders.length} NVEs outside, ${about}`, strays, 'messages');
  if (strays > 0) throw new Error('NVEs were told of a network that they are not in');
}

/** Many callers at once: how much the NVA can take. */
async function together(rig: Rig): Promise<void> {
  const first = WARM_UP + ATTACHES;
  let next = first;
  const start = performance.now();
  const cpu = await rig.daemon.cpuMs();
  const caller = async (): Promise<void> => {
    while (next < first + 4 * ATTACHES) await attachOne(rig, next++);
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  const count = 4 * ATTACHES;
  const spent = since(start);
  const used = (await rig.daemon.cpuMs()) - cpu;
  const about = `${CALLERS} callers, ${rig.about}`;
  rig.emit(`attach to applied, ${about}`, (count * 1000) / spent, 'attach/s');
  rig.emit(`CPU of the NVA for an attach, ${about}`, used / count, 'ms');
}

async function attachOne({ overlay, client }: Rig, n: number): Promise<void> {
  const network = (n * STEP) % overlay.nves;
  const { id, spec } = overlay.endpointIn(network, overlay.endpoints + n);
  const created = await client.endpoints.create(
    { id, spec, requestId: '', validateOnly: false },
    call,
  );
  await applied(client, created.meta.revision);
}

/** The NVEs that are in none of the networks that get endpoints. */
function outside(overlay: Overlay): number[] {
  const inside = new Set<number>();
  for (let i = 0; i < overlay.nves; i += STEP) for (const m of overlay.membersOf(i)) inside.add(m);
  return Array.from({ length: overlay.nves }, (_, i) => i).filter((i) => !inside.has(i));
}

function countDeltas(nves: readonly (FakeNve | undefined)[]): number {
  return nves.reduce((sum, nve) => sum + (nve?.deltas.length ?? 0), 0);
}

const since = (start: number): number => performance.now() - start;
