/**
 * VPP's dataplane with 10,000 objects under a reconciler, on a real VPP: made, looked at, and made
 * again when VPP was killed. The baseline of that is a raw loop which sends a new VPP the very bytes
 * that the agent sent, and only counts what comes back.
 */
import { VppDataplane } from '../src/dataplane/vpp/vpp-dataplane.js';
import { systemClock } from '../src/model/clock.js';
import { dependenciesOf, keyOf, type Item, type Payload } from '../src/model/item.js';
import { Reconciler } from '../src/reconcile/engine.js';
import { DEFAULT_TUNING, type ReconcilerEvent } from '../src/reconcile/options.js';
import { VppClient } from '../src/vpp-api/client/client.js';
import { interfaceIndex } from '../src/host/interface-index.js';
import { Secrets } from '../src/host/secrets.js';
import { UnixSockets } from '../src/host/unix-sockets.js';
import { EmulatedVpp } from '../test/support/emulated-vpp.js';
import { domain, macAt, tunnelTo, vtepItem } from '../test/support/linux-items.js';
import { findVpp, RealVpp } from '../test/support/real-vpp.js';
import { gateway, hop, routeTo, vrf } from '../test/support/routing-items.js';
import { NO_GUESTS } from '../test/support/vpp-dataplane-rig.js';
import { ClientUnderTest, overSocket, type VppUnderTest } from '../test/support/vpp-under-test.js';
import { figures, type Bench, type Emit } from './bench.js';
import { median } from './stats.js';
import { RawLoop } from './vpp-raw-loop.js';
import { Recorder, type Recording } from './vpp-recorder.js';

const NETWORKS = 20;
const TUNNELS = 2000;
const REMOTES = TUNNELS / NETWORKS;
const MACS = 5000;
const ROUTES = 3000;
const ROUNDS = 5;
const LOCAL = '10.9.0.1';
const VRF = 7;
const UPLINK = {
  interface: 'loop0',
  addresses: [`${LOCAL}/24`],
  mtu: 1500,
  routes: [{ to: '10.8.0.0/13', via: '10.9.0.254' }],
};
/** There are no ports. */
const NO_FILES = {
  sockets: new UnixSockets([]),
  secrets: new Secrets('/nowhere', 0),
  interfaceIndex,
  pciDriver: () => Promise.resolve(undefined),
};
/** What an emulator, which is slow, gets of all that. */
const EMULATED_SHARE = 1 / 20;

type Pass = Extract<ReconcilerEvent, { kind: 'pass' }>;

export const bench: Bench = {
  name: 'vpp-dataplane',
  async run(emitFigure) {
    const found = findVpp();
    const isReal = typeof found !== 'string';
    if (!isReal) {
      const reason = `${found}: the emulator stands in, whose figures say nothing of a VPP's`;
      // Each start of it has ids of its own, so that what was sent to one means nothing to another.
      process.stderr.write(`vpp-dataplane: ${reason}; no raw loop\n`);
    }
    const emitPlain = figures('vpp-dataplane', emitFigure);
    const emit: Emit = (name, ...rest) => {
      emitPlain(`${name} (${isReal ? 'VPP' : 'emulator'})`, ...rest);
    };
    const start = (): VppUnderTest =>
      isReal ? new RealVpp(found, { pollSleepUs: 0, heap: '4G' }) : new EmulatedVpp();
    const [own, other] = [start(), start()];
    const agent = new Agent(own, payloads(isReal ? 1 : EMULATED_SHARE));
    try {
      await measure(agent, isReal ? other : undefined, emit);
    } finally {
      await agent.close();
      await own.remove();
      await other.remove();
    }
  },
};

/** kill -9 of a VPP, and a new one, with the interface that the uplink is on. */
async function renew(vpp: VppUnderTest): Promise<void> {
  await vpp.kill();
  await vpp.start();
  const operator = await ClientUnderTest.ready(overSocket(vpp));
  await operator.client.request('create_loopback_instance', {
    mac_address: '00:00:00:00:00:00',
    is_specified: true,
    user_instance: 0,
  });
  await operator.client.close();
}

function payloads(share: number): Payload[] {
  const networks = Array.from({ length: NETWORKS }, (_, n) => 100 + n);
  const vniOf = (i: number): number => networks[i % NETWORKS] ?? 0;
  /** As many remote VTEPs as there are tunnels of a network. */
  const remoteOf = (i: number): string => `10.8.0.${2 + (Math.floor(i / NETWORKS) % REMOTES)}`;
  const tunnels = Math.round(TUNNELS * share);
  const some = (count: number, make: (i: number) => Payload): Payload[] =>
    Array.from({ length: Math.round(count * share) }, (_, i) => make(i));
  return [
    vtepItem(LOCAL),
    ...networks.map((vni) => domain(vni, LOCAL)),
    vrf(VRF),
    ...networks.map((vni) => gateway(VRF, vni, [`172.16.${vni}.1/24`])),
    ...some(TUNNELS, (i) => tunnelTo(vniOf(i), remoteOf(i), LOCAL)),
    ...some(MACS, (i) => macAt(vniOf(i), macOf(i), remoteOf(i % tunnels))),
    ...some(ROUTES, (i) => {
      const prefix = `20.${i >> 8}.${i & 255}.0/24`;
      return routeTo(VRF, prefix, hop(`172.16.${vniOf(i)}.${2 + (i % 100)}`, vniOf(i)));
    }),
  ];
}

function macOf(i: number): string {
  const digits = i.toString(16).padStart(8, '0').match(/../g) ?? [];
  return `02:00:${digits.join(':')}`;
}

const itemOf = (payload: Payload): Item => ({
  key: keyOf(payload),
  version: '1',
  dependsOn: dependenciesOf(payload),
  payload,
});

/** The same bytes, to a new VPP, as fast as it takes them. @returns ms */
async function rawLoop(vpp: VppUnderTest, { frames }: Recording, tunnels: number): Promise<number> {
  await renew(vpp);
  const raw = await RawLoop.connect(vpp.path);
  const start = performance.now();
  await raw.replay(frames);
  const ms = performance.now() - start;
  raw.close();
  const { client } = await ClientUnderTest.ready(overSocket(vpp));
  const made = await client.dump('vxlan_tunnel_v2_dump', { sw_if_index: 0xffff_ffff });
  await client.close();
  if (made.length !== tunnels) throw new Error(`the raw loop made ${made.length} tunnels`);
  await vpp.kill();
  return ms;
}

async function measure(agent: Agent, other: VppUnderTest | undefined, emit: Emit): Promise<void> {
  const about = `${agent.size} objects`;
  const first = await agent.restart();
  emit(`${about}: first apply, from the connection`, first.ms, 'ms');
  const checks: number[] = [];
  for (let i = 0; i < ROUNDS; i++) checks.push(await agent.check());
  emit(`${about}: reconcile with nothing to do`, median(checks), 'ms');
  const resyncs: number[] = [];
  const passes: number[] = [];
  const raws: number[] = [];
  let requests = 0;
  for (let i = 0; i < ROUNDS; i++) {
    const { ms, passMs, recording } = await agent.restart();
    resyncs.push(ms);
    passes.push(passMs);
    requests = recording.requests;
    if (other !== undefined) raws.push(await rawLoop(other, recording, agent.tunnels));
  }
  const raw = raws.length === 0 ? undefined : median(raws);
  const what = `${about}: all made again in a VPP that was killed`;
  emit(`${what}, from the connection; ratio to the raw loop`, median(resyncs), 'ms', raw);
  emit(`${what}, the pass itself; ratio to the raw loop`, median(passes), 'ms', raw);
  emit(`${what}: requests`, requests, 'requests');
}

/** What an agent is made of, on a VPP that is killed now and then. */
class Agent {
  readonly #recorder: Recorder;
  readonly #dataplane: VppDataplane;
  readonly #reconciler: Reconciler;
  /** When VPP was connected last. */
  #connectedAt = 0;
  #onReady: () => void = () => undefined;
  #onPass: (pass: Pass) => void = () => undefined;

  constructor(
    private readonly vpp: VppUnderTest,
    private readonly wanted: readonly Payload[],
  ) {
    this.#recorder = new Recorder(vpp.path);
    this.#dataplane = new VppDataplane({
      connect: (onSession) =>
        new VppClient({
          transport: this.#recorder,
          timers: systemClock,
          onSession: (event) => {
            if (event.kind === 'ready') {
              this.#recorder.start();
              this.#connectedAt = performance.now();
              this.#onReady();
            }
            onSession(event);
          },
        }),
      uplinks: [UPLINK],
      canTap: () => Promise.resolve(true),
      clock: systemClock,
      host: NO_FILES,
      guests: NO_GUESTS,
      readStats: () => Promise.reject(new Error('the bench reads none')),
      log: { info: () => undefined, warn: () => undefined },
    });
    this.#reconciler = new Reconciler({
      ...DEFAULT_TUNING,
      drift: { intervalMs: 0, policy: 'repair' },
      dataplane: this.#dataplane,
      clock: systemClock,
      random: Math.random,
      onReports: () => undefined,
      onDrift: () => undefined,
      onEvent: (event) => {
        if (event.kind === 'pass') this.#onPass(event);
        else if (event.kind === 'callback_failed') throw event.error;
      },
    });
    this.#reconciler.replace(wanted.map(itemOf), true, 1);
  }

  /** Objects that count: tunnels, MACs and routes. */
  get size(): number {
    return this.wanted.filter(({ kind }) => ['tunnel', 'mac_entry', 'route'].includes(kind)).length;
  }

  get tunnels(): number {
    return this.wanted.filter(({ kind }) => kind === 'tunnel').length;
  }

  /** kill -9 of VPP, and a new one in which all is made. */
  async restart(): Promise<{ ms: number; passMs: number; recording: Recording }> {
    const ready = new Promise<void>((resolve) => (this.#onReady = resolve));
    const isFirst = this.#connectedAt === 0;
    const done = this.#nextPass(({ steps }) => steps > 0);
    const open = this.#recorder.shut();
    await renew(this.vpp);
    open();
    await ready;
    if (isFirst) this.#reconciler.start();
    const pass = await done;
    const ms = performance.now() - this.#connectedAt;
    const recording = this.#recorder.stop();
    const [failure] = this.#reconciler.status().failures;
    if (failure !== undefined) throw new Error(JSON.stringify(failure));
    await this.check();
    return { ms, passMs: pass.durationMs, recording };
  }

  /** Looks at everything, and finds nothing to do. @returns ms */
  async check(): Promise<number> {
    const start = performance.now();
    const plan = await this.#reconciler.plan();
    if (plan.waves.length > 0) throw new Error('there is something to do');
    return performance.now() - start;
  }

  async close(): Promise<void> {
    await this.#reconciler.stop();
    await this.#dataplane.close();
  }

  #nextPass(is: (pass: Pass) => boolean): Promise<Pass> {
    return new Promise((resolve) => {
      this.#onPass = (pass) => {
        if (is(pass)) resolve(pass);
      };
    });
  }
}
