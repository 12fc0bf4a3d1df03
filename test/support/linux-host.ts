/** A host of a test: a network namespace with an agent process in it that has a dataplane. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { KINDS } from '../../src/dataplane/linux/kinds.js';
import { NfvError } from '../../src/errors.js';
import { dependenciesOf, keyOf, type Item, type Payload } from '../../src/model/item.js';
import type {
  Observation,
  Observed,
  Step,
  StepResult,
  TraitsTable,
} from '../../src/reconcile/dataplane.js';
import { makePlan } from '../../src/reconcile/plan.js';
import type { Plan } from '../../src/reconcile/plan-types.js';
import { eventually } from './eventually.js';
import { isReply, type Answer, type Failure, type Question, type Reply } from './linux-ipc.js';
import { cable, exec, Netns, stop } from './netns.js';

const AGENT = fileURLToPath(new URL('linux-agent.js', import.meta.url));

export interface AgentOptions {
  readonly searchPath?: string;
  readonly stallMs?: number;
  /** `NAME=INTERFACE`, with blanks between them. */
  readonly providers?: string;
}

export const itemOf = (payload: Payload): Item => ({
  key: keyOf(payload),
  version: '1',
  dependsOn: dependenciesOf(payload),
  payload,
});

export const itemsOf = (payloads: readonly Payload[]): Map<string, Item> =>
  new Map(payloads.map((payload) => [keyOf(payload), itemOf(payload)]));

/** Unknown to the compiler which kind it is, hence by kind. */
export function compare(wanted: Payload, observed: Payload): readonly string[] {
  switch (wanted.kind) {
    case 'vtep':
      return observed.kind === 'vtep' ? KINDS.vtep.differences(wanted, observed) : ['kind'];
    case 'bridge_domain':
      return observed.kind === 'bridge_domain'
        ? KINDS.bridge_domain.differences(wanted, observed)
        : ['kind'];
    case 'tunnel':
      return observed.kind === 'tunnel' ? KINDS.tunnel.differences(wanted, observed) : ['kind'];
    case 'flood_member':
      return observed.kind === 'flood_member' ? [] : ['kind'];
    case 'mac_entry':
      return observed.kind === 'mac_entry'
        ? KINDS.mac_entry.differences(wanted, observed)
        : ['kind'];
    case 'neighbor_entry':
      return observed.kind === 'neighbor_entry'
        ? KINDS.neighbor_entry.differences(wanted, observed)
        : ['kind'];
    case 'port':
      return observed.kind === 'port' ? KINDS.port.differences(wanted, observed) : ['kind'];
    default:
      return compareRouting(wanted, observed);
  }
}

function compareRouting(wanted: Payload, observed: Payload): readonly string[] {
  switch (wanted.kind) {
    case 'vrf':
      return observed.kind === 'vrf' ? KINDS.vrf.differences(wanted, observed) : ['kind'];
    case 'gateway_interface':
      return observed.kind === 'gateway_interface'
        ? KINDS.gateway_interface.differences(wanted, observed)
        : ['kind'];
    case 'gateway_neighbor':
      return observed.kind === 'gateway_neighbor'
        ? KINDS.gateway_neighbor.differences(wanted, observed)
        : ['kind'];
    case 'route':
      return observed.kind === 'route' ? KINDS.route.differences(wanted, observed) : ['kind'];
    case 'provider_port':
      return observed.kind === 'provider_port'
        ? KINDS.provider_port.differences(wanted, observed)
        : ['kind'];
    default:
      throw new Error(`the kernel has no ${wanted.kind}`);
  }
}

function recreate(wanted: Payload, observed: Payload): boolean {
  if (wanted.kind === 'provider_port' && observed.kind === 'provider_port') {
    return KINDS.provider_port.mustRecreate(wanted, observed);
  }
  return (
    wanted.kind === 'port' && observed.kind === 'port' && KINDS.port.mustRecreate(wanted, observed)
  );
}

export class LinuxHost {
  #id = 0;
  readonly #waiting = new Map<number, (reply: Answer) => void>();
  /** What `onChange` told, in order. */
  readonly changes: (ReadonlySet<string> | 'unknown')[] = [];
  #agent: ChildProcess;

  private constructor(
    readonly ns: Netns,
    private readonly options: AgentOptions,
  ) {
    this.#agent = this.#start();
  }

  static async create(options: AgentOptions = {}, ns?: Netns): Promise<LinuxHost> {
    return new LinuxHost(ns ?? (await Netns.create()), options);
  }

  /** A host with an underlay interface `u0` of MTU 1500 that leads nowhere. */
  static async alone(addresses: readonly string[], options: AgentOptions = {}): Promise<LinuxHost> {
    const host = await LinuxHost.create(options);
    await cable([host.ns, 'u0'], [host.ns, 'u0peer']);
    for (const address of addresses) {
      const nodad = address.includes(':') ? ['nodad'] : [];
      await host.ns.ip('addr', 'add', address, 'dev', 'u0', ...nodad);
    }
    return host;
  }

  get pid(): number {
    assert.ok(this.#agent.pid !== undefined);
    return this.#agent.pid;
  }

  #start(): ChildProcess {
    const { searchPath, stallMs, providers = '' } = this.options;
    // Not by `ip netns exec`: the names of routers' namespaces are to outlive the agent.
    const inside = `--net=/run/netns/${this.ns.name}`;
    const agent = spawn('nsenter', [inside, process.execPath, AGENT], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
      env: {
        ...process.env,
        NFVD_TEST_PROVIDERS: providers,
        ...(searchPath === undefined ? {} : { NFVD_TEST_SEARCH_PATH: searchPath }),
        ...(stallMs === undefined ? {} : { NFVD_TEST_STALL_MS: String(stallMs) }),
      },
    });
    agent.on('close', () => {
      for (const take of this.#waiting.values()) {
        const message = 'the agent ended';
        take({ method: 'failed', error: { code: 'SHUTTING_DOWN', message, metadata: {} } });
      }
      this.#waiting.clear();
    });
    agent.on('message', (message: unknown) => {
      if (isReply(message)) this.#take(message);
    });
    return agent;
  }

  #take(reply: Reply): void {
    if (reply.method === 'changed') {
      this.changes.push(reply.keys);
      return;
    }
    this.#waiting.get(reply.id)?.(reply);
    this.#waiting.delete(reply.id);
  }

  ask(question: Question): { readonly id: number; readonly answer: Promise<Answer> } {
    const id = this.#id++;
    let fail: (error: Error) => void = () => undefined;
    const answer = new Promise<Answer>((resolve, reject) => {
      fail = reject;
      this.#waiting.set(id, (reply) => {
        if (reply.method === 'failed') reject(toError(reply.error));
        else resolve(reply);
      });
    });
    // Whoever asks one that was killed hears it by the answer.
    this.#agent.send({ id, ...question }, (error) => {
      if (error === null) return;
      this.#waiting.delete(id);
      fail(error);
    });
    return { id, answer };
  }

  async observe(
    payloads: readonly Payload[],
    keys: 'all' | readonly string[] = payloads.map(keyOf),
  ): Promise<Observation> {
    const scope = keys === 'all' ? { kind: keys } : { kind: 'keys' as const, keys: new Set(keys) };
    const { answer } = this.ask({ method: 'observe', scope, wanted: itemsOf(payloads) });
    const reply = await answer;
    assert.ok(reply.method === 'observe');
    const obstacles = new Map([...reply.obstacles].map(([key, error]) => [key, toError(error)]));
    return { objects: reply.objects, obstacles };
  }

  async apply(steps: readonly Step[]): Promise<StepResult[]> {
    const reply = await this.ask({ method: 'apply', steps }).answer;
    assert.ok(reply.method === 'apply');
    return reply.value.map((error) => (error === undefined ? undefined : toError(error)));
  }

  /** Applies steps that must all succeed. */
  async succeed(steps: readonly Step[]): Promise<void> {
    for (const error of await this.apply(steps)) if (error !== undefined) throw error;
  }

  /**
   * A reconcile engine in small: makes the host as wanted, kind after kind, and checks that what
   * is read back then is what was wanted. Answers the steps it took.
   */
  async converge(payloads: readonly Payload[], scope: 'all' | 'keys' = 'keys'): Promise<Step[]> {
    const steps = await this.plan(payloads, scope);
    for (const step of steps.filter(({ op }) => op === 'delete').reverse()) {
      await this.succeed([step]);
    }
    for (let rank = 0; rank <= 7; rank++) {
      await this.succeed(
        steps.filter((step) => step.op !== 'delete' && rankOf(step.item.payload) === rank),
      );
    }
    const left = await this.plan(payloads, scope);
    assert.deepEqual(left.map(describeStep), [], 'a second pass finds nothing to do');
    return steps;
  }

  /** As the agent does: by the engine's plan of everything, after which there is nothing to do. */
  async reconcile(payloads: readonly Payload[]): Promise<void> {
    for (const wave of (await this.#planAll(payloads)).waves)
      await this.succeed(wave.map(({ step }) => step));
    const left = await this.#planAll(payloads);
    assert.deepEqual(
      left.waves.flat().map(({ step }) => describeStep(step)),
      [],
      'a second pass finds nothing to do',
    );
    assert.deepEqual([...left.verdicts], []);
  }

  async #planAll(payloads: readonly Payload[]): Promise<Plan> {
    const observation = await this.observe(payloads, 'all');
    return makePlan({ wanted: itemsOf(payloads), complete: true, observation, traits: KINDS });
  }

  /** What differs, as steps; a recreation is a deletion and a creation. */
  async plan(payloads: readonly Payload[], scope: 'all' | 'keys' = 'keys'): Promise<Step[]> {
    const wanted = itemsOf(payloads);
    const seen = await this.observe(payloads, scope === 'all' ? 'all' : [...wanted.keys()]);
    for (const error of seen.obstacles.values()) throw error;
    const steps: Step[] = [];
    for (const [key, item] of wanted) {
      const from = seen.objects.get(key);
      if (from === undefined) {
        steps.push({ op: 'create', key, item });
        continue;
      }
      const differences = [...compare(item.payload, from.payload), ...from.defects];
      if (differences.length === 0) continue;
      if (recreate(item.payload, from.payload)) {
        steps.push({ op: 'delete', key, from }, { op: 'create', key, item });
      } else {
        steps.push({ op: 'update', key, item, from, differences });
      }
    }
    const extra = [...seen.objects].filter(([key]) => !wanted.has(key));
    const order = extra.sort(([, a], [, b]) => rankOf(a.payload) - rankOf(b.payload));
    for (const [key, from] of order) steps.push({ op: 'delete', key, from });
    return steps;
  }

  /** The object of a payload's key, which must be there. */
  async seen(payload: Payload): Promise<Observed> {
    const { objects, obstacles } = await this.observe([payload]);
    const found = objects.get(keyOf(payload));
    assert.ok(found, `${keyOf(payload)} was not seen: ${String([...obstacles.values()])}`);
    return found;
  }

  async watch(): Promise<void> {
    await this.ask({ method: 'watch' }).answer;
    // The monitor listens when the kernel has its socket in a multicast group.
    await eventually(async () => {
      const sockets = await this.ns.run('cat', '/proc/net/netlink');
      return sockets.split('\n').some((line) => / 0 +\d+ +(?!00000000)[0-9a-f]{8} /.test(line));
    });
  }

  async close(): Promise<void> {
    if (this.#agent.connected) {
      const closed = once(this.#agent, 'close');
      await this.ask({ method: 'close' }).answer.catch(() => undefined);
      await closed;
    }
    await stop(this.#agent);
    for (const name of await this.routers()) await exec('ip', ['netns', 'del', name]);
    await this.ns.close();
  }

  /** Names of the namespaces of routers of this host. */
  async routers(): Promise<string[]> {
    const own = await this.ns.run('readlink', '/proc/self/ns/net');
    const ending = `-${/\d+/.exec(own)?.[0] ?? ''}`;
    const { stdout } = await exec('ls', ['/run/netns']);
    return stdout.split('\n').filter((name) => name.startsWith('nfvr') && name.endsWith(ending));
  }

  /** Kills the agent, as a crash would, and starts another. */
  async restart(): Promise<void> {
    await stop(this.#agent);
    this.#agent = this.#start();
  }
}

export function rankOf(payload: Payload): number {
  const traits: TraitsTable = KINDS;
  const rank = traits[payload.kind]?.rank;
  if (rank === undefined) throw new Error(`the kernel has no ${payload.kind}`);
  return rank;
}

function describeStep(step: Step): string {
  return `${step.op} ${step.key} ${step.op === 'update' ? step.differences.join('; ') : ''}`;
}

function toError({ code, message, metadata }: Failure): NfvError {
  return new NfvError(code, message, { metadata });
}
