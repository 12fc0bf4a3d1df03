import assert from 'node:assert/strict';
import { NfvError } from '../../../src/errors.js';
import type { FromNva, Hello } from '../../../src/model/southbound.js';
import { parseAddress, type Address } from '../../../src/rpc/address.js';
import { NveSessionClient } from '../../../src/rpc/nve-client.js';
import type { NvaSideStream } from '../../../src/rpc/session-service.js';
import { eventually } from '../../support/eventually.js';
import { MemoryNva } from '../../support/memory-nva.js';
import { startServer, type TestServer } from '../../support/nva-server.js';
import { refusedWith } from '../../support/refusals.js';
import { NVE } from '../../support/samples.js';

const { capabilities } = NVE.status;
assert.ok(capabilities !== undefined);

const HELLO: Hello = {
  kind: 'hello',
  protocolVersions: [1],
  nve: 'host-a',
  nodeUuid: NVE.spec.nodeUuid,
  agentVersion: '0.1.0',
  capabilities,
  underlays: NVE.status.underlays,
  epoch: { storeId: '', number: 0 },
  revision: 0,
  digest: '0000000000000000',
  itemCount: 0,
  takesHostOffers: true,
  probesUnderlay: true,
};

const WELCOME: FromNva = {
  kind: 'welcome',
  protocolVersion: 1,
  epoch: { storeId: 's', number: 1 },
  revision: 7,
  sendHeldItems: false,
  maxInFlight: 4,
};

function delta(sequence: number): FromNva {
  const removes = Array.from({ length: 1000 }, (_, i) => `vtep/10.0.${i >> 8}.${i & 255}`);
  return { kind: 'delta', sequence, epoch: 1, revision: 7, upserts: [], removes, complete: false };
}

async function drain(incoming: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const message of incoming) all.push(message);
  return all;
}

describe('a session', () => {
  let server: TestServer;
  let address: Address;
  let handle: (stream: NvaSideStream) => Promise<void>;
  const client = new NveSessionClient();

  beforeEach(async () => {
    server = await startServer(new MemoryNva(), (stream) => handle(stream));
    const parsed = parseAddress(server.target);
    assert.ok(parsed !== undefined);
    address = parsed;
  });
  afterEach(() => server.stop());

  it('carries messages both ways, and ends when the NVA is done', async () => {
    const heard: unknown[] = [];
    handle = async (stream) => {
      for await (const message of stream.incoming) {
        heard.push(message);
        await stream.send(WELCOME);
        break;
      }
    };
    const stream = client.connect(address, undefined);
    await stream.send(HELLO);
    assert.deepEqual(await drain(stream.incoming), [WELCOME]);
    assert.deepEqual(heard, [HELLO]);
    assert.ok(stream.signal.aborted);
  });

  it('ends when the NVE is done', async () => {
    let ended = false;
    handle = async (stream) => {
      assert.deepEqual(await drain(stream.incoming), [HELLO]);
      ended = true;
    };
    const stream = client.connect(address, undefined);
    await stream.send(HELLO);
    stream.end();
    assert.deepEqual(await drain(stream.incoming), []);
    assert.ok(ended);
  });

  it("ends with the NVA's error at the NVE", async () => {
    handle = () => Promise.reject(new NfvError('NVE_IDENTITY_MISMATCH', 'another host'));
    const stream = client.connect(address, undefined);
    const error = await refusedWith('NVE_IDENTITY_MISMATCH', drain(stream.incoming));
    assert.equal(error.message, 'another host');
  });

  it('is broken at the NVA when the NVE goes with an error', async () => {
    let broken: unknown;
    let signal: AbortSignal | undefined;
    handle = async (stream) => {
      signal = stream.signal;
      await drain(stream.incoming).catch((error: unknown) => (broken = error));
    };
    const stream = client.connect(address, undefined);
    await stream.send(HELLO);
    await eventually(() => signal !== undefined);
    stream.end(new NfvError('PROTOCOL_VIOLATION', 'nonsense'));
    await eventually(() => signal?.aborted === true);
    await eventually(() => broken instanceof NfvError || broken === undefined);
  });

  it('is broken at the NVE when the NVA is killed', async () => {
    let opened = false;
    handle = async (stream) => {
      opened = true;
      await drain(stream.incoming);
    };
    const stream = client.connect(address, undefined);
    await stream.send(HELLO);
    const broken = refusedWith('NVA_UNREACHABLE', drain(stream.incoming));
    await eventually(() => opened);
    await server.stop();
    await broken;
    assert.ok(stream.signal.aborted);
  });

  it('sends nothing once it is over', async () => {
    handle = () => Promise.resolve();
    const stream = client.connect(address, undefined);
    await drain(stream.incoming);
    await refusedWith('CANCELLED', stream.send(HELLO));
  });

  it('holds back an NVA whose NVE is slow', async () => {
    let sent = 0;
    handle = async (stream) => {
      while (!stream.signal.aborted && sent < 2000) {
        await stream.send(delta(sent + 1));
        sent++;
      }
    };
    const stream = client.connect(address, undefined);
    const incoming = stream.incoming[Symbol.asyncIterator]();
    await incoming.next();
    let before = -1;
    await eventually(
      () => {
        const still = sent === before;
        before = sent;
        return still;
      },
      10_000,
      100,
    );
    assert.ok(sent < 500, `${sent} deltas of 20 KB were sent to an NVE that reads none`);
    stream.end(new NfvError('CANCELLED', 'enough'));
  });

  it('says which NVA could not be reached', async () => {
    const nowhere = { kind: 'unix', path: '/nonexistent/nva.sock' } as const;
    const stream = client.connect(nowhere, undefined);
    const error = await refusedWith('NVA_UNREACHABLE', drain(stream.incoming));
    assert.ok(error.message.startsWith('unix:/nonexistent/nva.sock: '), error.message);
  });
});
