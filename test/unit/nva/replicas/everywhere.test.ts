import assert from 'node:assert/strict';
import type { Call } from '../../../../src/model/api.js';
import type { NvaStatistics } from '../../../../src/model/observation.js';
import type { PortAt, ReplicaApi, SharePage } from '../../../../src/model/replica.js';
import type { EndpointCounters, Hop } from '../../../../src/model/trace.js';
import { NfvError } from '../../../../src/errors.js';
import { Everywhere } from '../../../../src/nva/replicas/everywhere.js';
import { OtherReplicas } from '../../../../src/nva/replicas/other-replicas.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { nullLog } from '../../../support/null-log.js';

const call: Call = { signal: new AbortController().signal };
const HOP: Hop = { nve: 'x', what: '', key: '', state: 'OK', code: '', reason: '' };
const ATTACH = { count: 0, p50: 0, p90: 0, p99: 0, max: 0 };
const OWN: NvaStatistics = {
  ...{ revision: 1, watchers: 1, attachesUnderWay: 0, changeRate: 0, attach: ATTACH },
  ...{ nves: [], silent: [] },
};

/** A replica that tells by whom it was asked for what, and answers with its name. */
class Replica implements ReplicaApi {
  readonly asked: string[] = [];
  /** Of what it is asked, so many are not answered. */
  lacks = 0;
  refuses: NfvError | undefined;

  constructor(private readonly name: string) {}

  async traceNve(...[{ nve, passed }]: Parameters<ReplicaApi['traceNve']>): Promise<Hop[]> {
    return await this.#answer(
      nve,
      [HOP, ...passed].map(() => ({ ...HOP, reason: this.name })),
    );
  }

  async countPorts(ports: readonly PortAt[]): Promise<EndpointCounters[]> {
    const what = ports.map(({ endpoint }) => endpoint).join();
    return await this.#answer(
      what,
      ports.map((port) => ({ ...port, code: '', reason: this.name })),
    );
  }

  async readShare(): Promise<SharePage> {
    await this.#answer('share', []);
    return { watchers: 1, attachesUnderWay: 0, attachMs: [], nves: [], nextPageToken: '' };
  }

  ownEvents(): never {
    throw new Error('not asked');
  }

  #answer<T>(what: string, answers: readonly T[]): Promise<T[]> {
    this.asked.push(what);
    if (this.refuses !== undefined) return Promise.reject(this.refuses);
    return Promise.resolve(answers.slice(this.lacks));
  }
}

describe('nva/everywhere', () => {
  let own: Replica;
  let b: Replica;
  let c: Replica;
  let everywhere: Everywhere;
  const places = new Map<string, string>();

  beforeEach(() => {
    [own, b, c] = [new Replica('own'), new Replica('b'), new Replica('c')];
    const at = new Map([
      ['unix:/b', b],
      ['unix:/c', c],
    ]);
    places.clear();
    for (const [nve, place] of [
      ['host-b', 'b'],
      ['host-c', 'c'],
    ] as const) {
      places.set(nve, place);
    }
    everywhere = new Everywhere({
      own: Object.assign(own, { has: (nve: string) => nve === 'host-a' }),
      others: new OtherReplicas({
        clock: new FakeClock(),
        log: nullLog,
        stop: new AbortController().signal,
        peers: {
          addresses: () =>
            new Map([
              ['b', 'unix:/b'],
              ['b-before', 'unix:/b'],
              ['c', 'unix:/c'],
            ]),
          onChange: () => () => undefined,
        },
        access: { at: (address) => at.get(address) ?? own },
      }),
      whereIs: (nve) => places.get(nve),
    });
  });

  const port = (endpoint: string, nve: string): PortAt => ({ endpoint, nve });

  it('asks each replica once for all the ports that it knows of, and answers in their order', async () => {
    const ports = [
      port('1', 'host-b'),
      port('2', 'host-a'),
      port('3', 'host-c'),
      port('4', 'host-b'),
      port('5', 'nowhere'),
    ];
    const counted = await everywhere.countPorts(ports, call);
    assert.deepEqual(
      counted.map(({ endpoint, reason }) => `${endpoint} ${reason}`),
      ['1 b', '2 own', '3 c', '4 b', '5 own'],
    );
    assert.deepEqual([own.asked, b.asked, c.asked], [['2,5'], ['1,4'], ['3']]);
  });

  it('asks nobody else of an NVE with a session here, whatever the store says', async () => {
    places.set('host-a', 'b');
    const question = { nve: 'host-a', passed: [], reportedOnly: true };
    assert.deepEqual(
      (await everywhere.traceNve(question, call)).map(({ reason }) => reason),
      ['own'],
    );
    assert.deepEqual(b.asked, []);
  });

  it('tells of one that refuses, for its own NVEs alone', async () => {
    b.refuses = new NfvError('SHUTTING_DOWN', 'the NVA is stopping');
    const counted = await everywhere.countPorts([port('1', 'host-b'), port('2', 'host-c')], call);
    assert.deepEqual(
      counted.map(({ code }) => code),
      ['SHUTTING_DOWN', ''],
    );
    assert.match(counted[0]?.reason ?? '', /cannot be asked: the NVA is stopping$/);
  });

  it('takes no answer with too few hops, or counters', async () => {
    b.lacks = 1;
    const passed = [{ what: 'port of web', key: 'port/web' }];
    const hops = await everywhere.traceNve({ nve: 'host-b', passed, reportedOnly: false }, call);
    assert.deepEqual(
      hops.map(({ what, key, state, code }) => [what, key, state, code]),
      [
        ['NVE host-b', '', 'UNKNOWN', 'PROTOCOL_VIOLATION'],
        ['port of web', 'port/web', 'UNKNOWN', 'PROTOCOL_VIOLATION'],
      ],
    );
    const [counted] = await everywhere.countPorts([port('1', 'host-b')], call);
    assert.equal(counted?.code, 'PROTOCOL_VIOLATION');
  });

  it('counts a replica once that was started again, and names those that are silent in order', async () => {
    assert.equal((await everywhere.statistics(OWN, call)).watchers, 3);
    assert.deepEqual([own.asked, b.asked, c.asked], [['share'], ['share'], ['share']]);
    for (const replica of [c, b]) replica.refuses = new NfvError('NVA_UNREACHABLE', 'away');
    const { watchers, silent } = await everywhere.statistics(OWN, call);
    assert.equal(watchers, 1);
    assert.deepEqual(
      silent.map(({ address }) => address),
      ['unix:/b', 'unix:/c'],
    );
  });
});
