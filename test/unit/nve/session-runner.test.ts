import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { NfvError } from '../../../src/errors.js';
import { Digest } from '../../../src/model/southbound.js';
import { AgentRig, delta, STORE, welcome, type RigOptions } from '../../support/agent-rig.js';
import { FaultyStore } from '../../support/faulty-store.js';
import { bridgeDomain, itemOf, tunnel, vtep } from '../../support/items.js';
import { MemoryDataplane } from '../../support/memory-dataplane.js';
import type { NvaEnd } from '../../support/scripted-nva.js';

const BD = itemOf(bridgeDomain(10));
const OTHER = itemOf(bridgeDomain(20));
const CONFIGURATION = [itemOf(vtep()), BD];
const INVALID = { ...itemOf(tunnel(10, '10.0.1.1')), version: '' };

const digestOf = (items: readonly { readonly key: string; readonly version: string }[]): string => {
  const digest = new Digest();
  for (const { key, version } of items) digest.toggle(key, version);
  return digest.text;
};

describe('a session of an agent', () => {
  let rig: AgentRig;
  let store: FaultyStore;

  const start = async (options: RigOptions = {}): Promise<void> => {
    rig = await AgentRig.start({ around: (real) => (store = new FaultyStore(real)), ...options });
  };
  afterEach(() => rig.close());

  /** The agent, compared with what it holds. */
  const compared = async (session: NvaEnd): Promise<void> => {
    session.send(welcome());
    await rig.until(() => session.of('held_items').some(({ last }) => last));
  };
  /** Something of ours that no NVA has heard of. */
  const leftOver = (): MemoryDataplane => {
    const dataplane = new MemoryDataplane();
    dataplane.put(vtep(), 'vtep/10.0.0.1');
    dataplane.put(OTHER.payload, OTHER.key);
    return dataplane;
  };
  const told = (session: NvaEnd): boolean => session.of('item_reports').length > 0;

  it('begins with who the agent is and what it holds', async () => {
    const addresses = [{ address: '10.0.0.1', interface: 'eth0', mtu: 1500 }];
    const dataplane = new MemoryDataplane();
    dataplane.addresses = addresses;
    await start({ dataplane });
    const first = await rig.session();
    const [hello] = first.of('hello');
    assert.ok(hello);
    const { capabilities, ...rest } = hello;
    assert.equal(capabilities.dataplane, 'memory');
    const nobody = {
      kind: 'hello',
      protocolVersions: [1],
      nve: 'host-a',
      nodeUuid: 'uuid-1',
      agentVersion: '0.0.0-test',
      takesHostOffers: false,
      probesUnderlay: false,
      underlays: addresses,
      epoch: { storeId: '', number: 0 },
      revision: 0,
      digest: '0000000000000000',
      itemCount: 0,
    };
    assert.deepEqual(rest, nobody);
    await rig.sync(CONFIGURATION);
    first.end();
    const [again] = (await rig.session(1)).of('hello');
    assert.ok(again);
    assert.deepEqual(
      { ...again, capabilities: undefined },
      {
        ...nobody,
        capabilities: undefined,
        epoch: STORE,
        revision: 10,
        digest: digestOf(CONFIGURATION),
        itemCount: 2,
      },
    );
  });

  it('that finds it in step tells what has failed, and nothing of the rest', async () => {
    await start();
    rig.dataplane.foreign.add(OTHER.key);
    const first = await rig.sync([...CONFIGURATION, OTHER]);
    first.end();
    const second = await rig.session(1);
    second.send(welcome({ sendHeldItems: false, epoch: { ...STORE, number: 6 }, revision: 12 }));
    await rig.until(() => told(second));
    await rig.clock.advance(1000);
    const [report, ...more] = second.of('item_reports');
    assert.deepEqual(more, []);
    assert.equal(report?.epoch, 6);
    assert.equal(report.settledRevision, 10);
    assert.deepEqual(
      report.entries.map(({ key, failure }) => [key, failure?.code]),
      [[OTHER.key, 'FOREIGN_OBJECT']],
    );
    assert.deepEqual(second.of('held_items'), []);
    second.end();
    assert.equal((await rig.session(2)).of('hello')[0]?.epoch.number, 6);
  });

  it('that ends in the middle leaves what was stored, and removes nothing', async () => {
    await start({ dataplane: leftOver() });
    const first = await rig.session();
    await compared(first);
    assert.equal(await rig.answer(first, delta(CONFIGURATION, { complete: false })), 'stored');
    first.end();
    const second = await rig.session(1);
    assert.equal(second.of('hello')[0]?.digest, digestOf(CONFIGURATION));
    await rig.until(() => rig.dataplane.objects.has(BD.key));
    assert.ok(rig.dataplane.objects.has(OTHER.key), 'it may be wanted');
    await compared(second);
    assert.equal(await rig.answer(second, delta([])), 'stored');
    await rig.until(() => !rig.dataplane.objects.has(OTHER.key));
  });

  it('whose last delta never comes is over after its time, which every delta extends', async () => {
    await start({ dataplane: leftOver() });
    const first = await rig.session();
    await compared(first);
    await rig.clock.advance(29_000);
    const part = delta(CONFIGURATION, { complete: false, revision: 0 });
    assert.equal(await rig.answer(first, part), 'stored');
    await rig.clock.advance(29_000);
    assert.equal(rig.nva.sessions.length, 1);
    assert.ok(!told(first), 'nothing is reported before it is complete');
    rig.takeLog();
    await rig.clock.advance(1000);
    assert.deepEqual(rig.takeLog(), ['warn no session with the NVA DEADLINE_EXCEEDED']);
    const second = await rig.session(1);
    assert.ok(rig.dataplane.objects.has(OTHER.key));
    assert.equal(second.of('hello')[0]?.itemCount, 2);
  });

  it('has no deadline once it is in step', async () => {
    await start();
    await rig.sync(CONFIGURATION);
    await rig.clock.advance(3_600_000);
    assert.equal(rig.nva.sessions.length, 1);
  });

  for (const [title, deltas] of [
    ['before the last', [[INVALID], CONFIGURATION]],
    ['that is the last', [CONFIGURATION, [INVALID]]],
  ] as const) {
    it(`with a refused delta ${title} is complete for nobody, and goes on`, async () => {
      await start({ dataplane: leftOver() });
      const session = await rig.session();
      await compared(session);
      const answers: string[] = [];
      for (const [i, items] of deltas.entries()) {
        const complete = i === deltas.length - 1;
        answers.push(await rig.answer(session, delta(items, { sequence: i + 1, complete })));
      }
      assert.deepEqual([...answers].sort(), ['ITEM_INVALID', 'stored']);
      await rig.until(() => rig.dataplane.objects.has(BD.key));
      await rig.until(() => told(session));
      await rig.clock.advance(10_000);
      assert.ok(rig.dataplane.objects.has(OTHER.key), 'it may be in what was refused');
      session.end();
      const second = await rig.session(1);
      await compared(second);
      assert.equal(await rig.answer(second, delta([])), 'stored');
      await rig.until(() => !rig.dataplane.objects.has(OTHER.key));
    });
  }

  it('ends when the disk is full, and the next ones bring the same until there is room', async () => {
    await start();
    const first = await rig.session();
    await compared(first);
    store.judge = () => ({ error: new NfvError('STORE_FULL', 'no room') });
    rig.takeLog();
    assert.equal(await rig.answer(first, delta(CONFIGURATION)), 'STORE_FULL');
    for (let round = 1; round < 5; round++) {
      const next = await rig.session(round);
      assert.equal(next.of('hello')[0]?.itemCount, 0);
      await compared(next);
      assert.equal(await rig.answer(next, delta(CONFIGURATION)), 'STORE_FULL');
    }
    assert.deepEqual(rig.takeLog(), [
      'error delta refused STORE_FULL',
      'warn no session with the NVA STORE_FULL',
    ]);
    assert.deepEqual(rig.dataplane.content, []);
    store.judge = undefined;
    const last = await rig.session(5);
    await compared(last);
    assert.equal(await rig.answer(last, delta(CONFIGURATION)), 'stored');
    await rig.until(() => rig.dataplane.objects.has(BD.key));
  });

  it('says hello only when what the one before brought is stored', async () => {
    await start();
    const first = await rig.sync(CONFIGURATION);
    let open: () => void = () => undefined;
    const gate = new Promise<undefined>((resolve) => {
      open = () => {
        resolve(undefined);
      };
    });
    const before = store.count;
    store.judge = () => gate;
    first.send(delta([OTHER], { sequence: 2, revision: 11 }));
    await rig.until(() => store.count > before);
    first.fail(status.UNAVAILABLE, 'going away');
    // What it would report shows it that the session is over.
    rig.dataplane.destroy(BD.key);
    rig.dataplane.notify([BD.key]);
    await rig.until(() => rig.nva.sessions.length > 1);
    await rig.clock.advance(20_000);
    assert.deepEqual(rig.nva.last.received, []);
    store.judge = undefined;
    open();
    const next = await rig.session(1);
    assert.equal(next.of('hello')[0]?.digest, digestOf([...CONFIGURATION, OTHER]));
    await rig.until(() => rig.dataplane.objects.has(OTHER.key));
  });

  it('is with the next replica at once when one is not there', async () => {
    await start({ replicas: ['gone.sock', 'nva.sock', 'away.sock'] });
    const began = rig.clock.monotonic();
    await rig.session();
    assert.ok(rig.clock.monotonic() - began < 200, 'there was no wait');
    await rig.sync(CONFIGURATION);
    rig.nva.last.end();
    await rig.session(1);
    assert.deepEqual(
      rig.log.lines
        .filter(({ message }) => message === 'no session with the NVA')
        .map(({ fields }) => 'peer' in fields && String(fields.peer).replace(/.*\//, '')),
      ['gone.sock', 'nva.sock', 'away.sock', 'gone.sock'],
    );
  });

  it('is over for an agent that stops, whatever the NVA does', async () => {
    await start();
    const session = await rig.sync(CONFIGURATION);
    await rig.stopAgent();
    await rig.until(() => session.isOver);
    assert.ok(rig.dataplane.objects.has(BD.key));
  });

  it('is not begun when the host cannot be looked at, and is tried again', async () => {
    const dataplane = new MemoryDataplane();
    let isReady = false;
    dataplane.beforeCapabilities = () => {
      if (!isReady) throw new NfvError('COMMAND_MISSING', 'no ip');
    };
    await start({ dataplane });
    await rig.until(() => rig.takeLog().includes('warn no session with the NVA COMMAND_MISSING'));
    isReady = true;
    await rig.session();
  });

  it('is looked for as long as it takes, with few words', async () => {
    await start();
    await rig.sync(CONFIGURATION);
    await rig.clock.advance(20_000);
    rig.stopNva();
    rig.takeLog();
    for (let minute = 0; minute < 30; minute++) {
      // Each attempt takes its real time to fail.
      await rig.until(() => rig.log.lines.length > minute);
      await rig.clock.advance(60_000);
    }
    const lines = rig.takeLog();
    assert.ok(lines.length >= 2 && lines.length <= 4, lines.join());
    assert.deepEqual([...new Set(lines)], ['warn no session with the NVA NVA_UNREACHABLE']);
    await rig.startNva();
    const session = await rig.session();
    session.send(welcome({ sendHeldItems: false }));
    await rig.until(() => rig.takeLog().includes('info connected to NVA'));
  });
});
