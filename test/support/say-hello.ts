/** An agent that says its hello, and no more. */
import { randomUUID } from 'node:crypto';
import assert from 'node:assert/strict';
import type { Address } from '../../src/rpc/address.js';
import { NveSessionClient } from '../../src/rpc/nve-client.js';
import type { TlsFiles } from '../../src/rpc/tls-material.js';
import { NVE } from './samples.js';

/** The kind of the first answer to an agent that says it is `nve`. */
export async function sayHello(address: Address, tls: TlsFiles, nve: string): Promise<string> {
  const stream = new NveSessionClient().connect(address, tls);
  const { capabilities } = NVE.status;
  assert.ok(capabilities);
  await stream.send({
    ...{ kind: 'hello', protocolVersions: [1], nve, nodeUuid: randomUUID() },
    ...{ agentVersion: '0.1.0', capabilities, underlays: [], revision: 0, itemCount: 0 },
    ...{
      epoch: { storeId: '', number: 0 },
      digest: '0000000000000000',
      takesHostOffers: true,
      probesUnderlay: false,
    },
  });
  try {
    for await (const { kind } of stream.incoming) return kind;
    return 'nothing';
  } finally {
    stream.end();
  }
}
