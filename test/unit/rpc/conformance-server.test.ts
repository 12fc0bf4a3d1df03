import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { NfvError } from '../../../src/errors.js';
import { ConformanceServer, type ExaminerStream } from '../../../src/rpc/conformance-server.js';
import { tempDir } from '../../support/temp-dir.js';

const asIs = (bytes: Buffer): Buffer => bytes;

/** A stream at whose other end an NVE says what is not of the protocol's messages. */
async function failureOf(...said: readonly Buffer[]): Promise<unknown> {
  const dir = tempDir();
  const path = join(dir.path, 'nva.sock');
  let took: (stream: ExaminerStream) => void = () => undefined;
  const opened = new Promise<ExaminerStream>((resolve) => (took = resolve));
  const server = new ConformanceServer((stream) => {
    took(stream);
  });
  await server.start({ address: { kind: 'unix', path } });
  const client = new Client(`unix:${path}`, credentials.createInsecure());
  try {
    const call = client.makeBidiStreamRequest('/nfv.v1.NveSessionService/Connect', asIs, asIs);
    // It hears why, too.
    call.on('error', () => undefined).resume();
    // An underlay report without addresses, so that the stream has begun.
    call.write(Buffer.from([0x32, 0x00]));
    const incoming = (await opened).incoming[Symbol.asyncIterator]();
    assert.equal((await incoming.next()).done, false);
    for (const bytes of said) call.write(bytes);
    return await incoming.next().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  } finally {
    client.close();
    server.stop();
    dir.remove();
  }
}

describe('the server of an examiner', () => {
  for (const [what, bytes] of [
    ['cannot be decoded', Buffer.from([0xff, 0xff, 0xff])],
    ['has more than 4 MiB', Buffer.alloc(5 * 1024 * 1024)],
  ] as const) {
    it(`says of a message that ${what} that it may have been one`, async () => {
      const thrown = await failureOf(bytes);
      const { code, message } = NfvError.from(thrown);
      assert.match(message, /cut off: .* a message that cannot be decoded or has more than 4 MiB$/);
      assert.equal(code, 'CANCELLED');
    });
  }
});
