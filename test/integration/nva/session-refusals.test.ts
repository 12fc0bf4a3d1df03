import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ErrorCode } from '../../../src/errors.js';
import type { FromNve, Hello } from '../../../src/model/southbound.js';
import { NveSessionClient } from '../../../src/rpc/nve-client.js';
import { eventually } from '../../support/eventually.js';
import { call, type NvaHarness } from '../../support/nva-harness.js';
import { rejected } from '../../support/small-model.js';
import { endedWith, SmallOverlay } from '../../support/small-overlay.js';

const AGENT = '11111111-1111-4111-8111-111111111111';

describe('nva sessions refuse', () => {
  let overlay: SmallOverlay;
  let harness: NvaHarness;

  beforeEach(async () => {
    overlay = await SmallOverlay.start();
    ({ harness } = overlay);
  });

  afterEach(() => overlay.close());

  interface Row {
    readonly what: string;
    readonly name?: string;
    readonly hello: () => Partial<Hello>;
    readonly code: ErrorCode;
    readonly text: string;
  }
  const rows: Row[] = [
    {
      what: 'an NVE nobody created',
      name: 'host-z',
      hello: () => ({}),
      code: 'NOT_FOUND',
      text: 'nves/host-z does not exist',
    },
    {
      what: "a hello with another's name",
      hello: () => ({ nodeUuid: randomUUID() }),
      code: 'NVE_IDENTITY_MISMATCH',
      text: 'nves/host-a is bound to another agent',
    },
    {
      what: 'an NVE that has heard of a later epoch',
      hello: () => {
        const { storeId, epoch } = harness.store.status();
        return { epoch: { storeId, number: epoch + 1 } };
      },
      code: 'STALE_EPOCH',
      text: 'has heard of epoch',
    },
    {
      what: "an NVE with another NVA's configuration",
      hello: () => ({ epoch: { storeId: 'elsewhere', number: 1 } }),
      code: 'FOREIGN_STORE',
      text: "holds the configuration of another NVA's store, elsewhere",
    },
    {
      what: 'a protocol from the future',
      hello: () => ({ protocolVersions: [7] }),
      code: 'PROTOCOL_VERSION',
      text: 'speaks version 7 of the protocol, not 1',
    },
    {
      what: 'a frame over the limit',
      hello: () => ({ agentVersion: 'x'.repeat(5 * 1024 * 1024) }),
      code: 'MESSAGE_TOO_LARGE',
      text: 'larger',
    },
  ];
  for (const row of rows) {
    it(row.what, async () => {
      const bound = overlay.fake('host-a', { nodeUuid: AGENT });
      await bound.connect();
      await eventually(() => bound.welcome !== undefined);
      const before = await harness.client.nves.get('host-a', call);
      const bad = overlay.fake(row.name ?? 'host-a', { nodeUuid: AGENT });
      await bad.connect(row.hello()).catch(() => undefined);
      const error = await endedWith(bad);
      assert.equal(error.code, row.code, error.message);
      assert.ok(error.message.includes(row.text), error.message);
      assert.deepEqual((await harness.client.nves.get('host-a', call)).spec, before.spec);
      assert.equal(bound.stream.signal.aborted, false, 'the real one goes on');
    });
  }

  it('to be kept up by an NVE in the middle of the handshake when the NVA stops', async () => {
    const address = { kind: 'unix', path: harness.socket } as const;
    const stream = new NveSessionClient().connect(address, undefined);
    const incoming = stream.incoming[Symbol.asyncIterator]();
    await stream.send(overlay.fake('host-a').hello());
    const welcome = await incoming.next();
    assert.ok(welcome.done !== true && welcome.value.kind === 'welcome');
    assert.equal(welcome.value.sendHeldItems, true);
    const end = rejected(incoming.next());
    await harness.stopNva();
    // A stream that is cut ends with NVA_UNREACHABLE.
    assert.equal((await end).code, 'SHUTTING_DOWN');
    await harness.startNva();
  });

  it('a second hello', async () => {
    const nve = overlay.fake('host-a');
    await nve.connect();
    await eventually(() => nve.welcome !== undefined);
    await nve.stream.send(nve.hello());
    const error = await endedWith(nve);
    assert.equal(error.code, 'PROTOCOL_VIOLATION');
    assert.equal(error.message, 'hello in the middle of a session');
  });

  it('keys that no item can have, and more than a message may hold', async () => {
    const drift = { difference: '', action: 'REPAIRED', time: '2026-01-01T00:00:00.000Z' } as const;
    const report = { kind: 'drift_reports', total: 1, leftAlone: 0 } as const;
    const key = 'k'.repeat(257);
    const failed = { key, version: '', failure: { code: 'INTERNAL', message: '' } };
    const over: readonly FromNve[] = [
      { ...report, drifts: [{ ...drift, key }] },
      { ...report, drifts: Array.from({ length: 101 }, () => ({ ...drift, key: 'port/a' })) },
      { kind: 'item_reports', epoch: 1, settledRevision: 0, entries: [failed] },
    ];
    for (const message of over) {
      const nve = overlay.fake('host-a', { nodeUuid: AGENT });
      await nve.connect();
      await eventually(() => nve.welcome !== undefined);
      await nve.stream.send(message);
      assert.equal((await endedWith(nve)).code, 'PROTOCOL_VIOLATION');
    }
    const { status } = await harness.client.nves.get('host-a', call);
    assert.deepEqual([status.drifts, status.failures], [[], []]);
  });
});
