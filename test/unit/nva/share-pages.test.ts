import assert from 'node:assert/strict';
import { NfvError } from '../../../src/errors.js';
import type { NvaStatistics, NveStatistics } from '../../../src/model/observation.js';
import type { NveShare, SharePage } from '../../../src/model/replica.js';
import { MAX_NVES, pageOfNves, wholeShare } from '../../../src/nva/share-pages.js';
import { statisticsToWire } from '../../../src/rpc/convert/observation.js';
import { shareToWire } from '../../../src/rpc/convert/share.js';
import { loadProtos } from '../../../src/rpc/load.js';
import { CHANNEL_OPTIONS } from '../../../src/rpc/tls.js';
import { refusal, refusedWith } from '../../support/refusals.js';

const call = { signal: new AbortController().signal };
const LIMIT = CHANNEL_OPTIONS['grpc.max_receive_message_length'];
const OF_ALL = { watchers: 1, attachesUnderWay: 2, attachMs: [3] };
/** A month, in milliseconds. */
const LONG = 30 * 86_400_000;
const MANY = 0xffffffff;

const idsOf = (count: number, length = 10): string[] =>
  Array.from({ length: count }, (_, i) => `h${String(i).padStart(length - 1, '0')}`);

/** Every figure as long as it can be. */
function largest(nve: string): NveStatistics {
  return {
    ...{ nve, state: 'IN_SYNC', lagRevisions: Number.MAX_SAFE_INTEGER, lagMs: LONG },
    ...{ pendingItems: MANY, deltasInFlight: MANY, driftedItems: MANY, itemRate: 0.1 },
    items: { wanted: MANY, applied: MANY, failed: MANY },
    attach: { count: MANY, p50: LONG, p90: LONG, p99: LONG, max: LONG },
  };
}

/** A replica whose NVEs all have as many times as they may. */
class Replica {
  readonly asked: string[] = [];
  readonly pages: SharePage[] = [];

  constructor(
    private readonly nves: readonly string[],
    private readonly read: (nve: string, mostTimes: number) => NveShare | undefined,
  ) {}

  readShare(pageToken: string): Promise<SharePage> {
    this.asked.push(pageToken);
    const page = { ...OF_ALL, ...pageOfNves(this.nves, pageToken, this.read) };
    this.pages.push(page);
    return Promise.resolve(page);
  }
}

const plain = (nve: string): NveShare => ({ nve, statistics: undefined, attachMs: [7] });

describe('nva/share-pages', () => {
  for (const [count, pages] of [
    [0, 1],
    [1, 1],
    [MAX_NVES, 1],
    [MAX_NVES + 1, 2],
    [2 * MAX_NVES, 2],
    [2 * MAX_NVES + 1, 3],
  ] as const) {
    it(`has ${count} NVEs in ${pages}, each once, and the figures of all once`, async () => {
      const nves = idsOf(count);
      const replica = new Replica(nves, plain);
      assert.deepEqual(await wholeShare(replica, call), { ...OF_ALL, nves: nves.map(plain) });
      assert.equal(replica.asked.length, pages);
    });
  }

  it('leaves out those that nothing is known of, and makes no page of them', async () => {
    const nves = idsOf(MAX_NVES + 10);
    const known = new Set(nves.slice(5, MAX_NVES + 5));
    const replica = new Replica(nves, (nve) => (known.has(nve) ? plain(nve) : undefined));
    const share = await wholeShare(replica, call);
    assert.deepEqual(
      share.nves.map(({ nve }) => nve),
      [...known],
    );
    assert.deepEqual(replica.asked, ['']);
  });

  for (const count of [MAX_NVES, 12_500, 30_000]) {
    it(`fits in messages with ${count} NVEs, the longest ids and the largest figures`, async () => {
      const replica = new Replica(idsOf(count, 63), (nve, mostTimes) => {
        // No more are kept of one.
        const attachMs = Array<number>(Math.min(mostTimes, 256)).fill(LONG);
        return { nve, statistics: largest(nve), attachMs };
      });
      const { nves } = await wholeShare(replica, call);
      assert.equal(nves.length, count);
      const { responseSerialize } = loadProtos().protos.nfv.v1.NvaReplicaService.service.ReadShare;
      const attachMs = Array<number>(4096).fill(LONG);
      for (const page of replica.pages) {
        const { length } = responseSerialize(shareToWire({ ...page, attachMs }));
        assert.ok(length < 0.75 * LIMIT, `${length} bytes`);
      }
    });
  }

  it('takes what an older replica answers, which has all in one', async () => {
    const nves = idsOf(MAX_NVES + 1).map(plain);
    const older = {
      readShare: () => Promise.resolve({ ...OF_ALL, nves, nextPageToken: '' }),
    };
    assert.deepEqual(await wholeShare(older, call), { ...OF_ALL, nves });
  });

  it('is not asked on and on', async () => {
    const stuck = {
      readShare: () => Promise.resolve({ ...OF_ALL, nves: [], nextPageToken: 'host-a' }),
    };
    await refusedWith('PROTOCOL_VIOLATION', wholeShare(stuck, call));
  });

  it('is nothing where a page fails', async () => {
    const away = new NfvError('NVA_UNREACHABLE', 'away');
    const replica = new Replica(idsOf(MAX_NVES + 1), plain);
    const failing = {
      readShare: (token: string) =>
        token === '' ? replica.readShare(token) : Promise.reject(away),
    };
    assert.equal(await refusal(wholeShare(failing, call)), away);
  });
});

describe('the statistics of all, in one message', () => {
  it('are those of 20,000 NVEs, whatever they say', () => {
    const statistics: NvaStatistics = {
      ...{ revision: Number.MAX_SAFE_INTEGER, watchers: MANY, attachesUnderWay: MANY },
      ...{ changeRate: 0.1, attach: largest('').attach, silent: [] },
      nves: idsOf(20_000, 63).map(largest),
    };
    const { responseSerialize } = loadProtos().protos.nfv.v1.NvaService.service.GetStatistics;
    assert.ok(responseSerialize(statisticsToWire(statistics)).length < LIMIT);
  });
});
