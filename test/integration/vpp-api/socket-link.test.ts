/** The link over a socket, and who is behind it: servers of sockets that answer as VPP does. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { renameSync, statSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '../../../src/model/clock.js';
import { NfvError } from '../../../src/errors.js';
import type { Timers } from '../../../src/vpp-api/timers.js';
import { SocketTransport } from '../../../src/vpp-api/transport/socket.js';
import type { Link, LinkEvents } from '../../../src/vpp-api/transport/transport.js';
import { eventually } from '../../support/eventually.js';
import { tempDir } from '../../support/temp-dir.js';

/** id 16, client_index, context 1, response 0, index, no entries; behind a frame's header. */
function createReply(index: number): Buffer {
  const hex = `0010 00000000 00000001 00000000 ${index.toString(16).padStart(8, '0')} 0000`;
  return framed(hex);
}

function framed(hex: string): Buffer {
  const message = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  const header = Buffer.alloc(16);
  header.writeUInt32BE(message.length, 8);
  return Buffer.concat([header, message]);
}

const NOTHING: LinkEvents = {
  message: () => undefined,
  drain: () => undefined,
  closed: () => undefined,
  owed: 0,
};

describe('VPP client, link over a socket', () => {
  const dir = tempDir();
  const servers: Server[] = [];
  const sockets: Socket[] = [];
  const links: Link[] = [];

  after(async () => {
    for (const link of links) link.close(new NfvError('SHUTTING_DOWN', 'the test is over'));
    for (const socket of sockets) socket.destroy();
    for (const server of servers) await new Promise((resolve) => server.close(resolve));
    dir.remove();
  });

  /** Answers to whatever comes first as VPP does to sockclnt_create. */
  const serve = async (
    name: string,
    index: number,
    answered: (socket: Socket) => void = () => undefined,
  ): Promise<string> => {
    const path = join(dir.path, name);
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => {
        answered(socket);
        socket.write(createReply(index));
      });
    });
    servers.push(server);
    server.listen(path);
    await once(server, 'listening');
    return path;
  };

  const connect = async (
    path: string,
    events: LinkEvents = NOTHING,
    timers: Timers = systemClock,
  ): Promise<Link> => {
    const transport = new SocketTransport({ path, clientName: 't', timers });
    const link = await transport.connect(events, AbortSignal.timeout(10_000));
    links.push(link);
    return link;
  };

  it('never names another start of VPP than the one that answers', async () => {
    const path = await serve('0.sock', 0);
    const instances: string[] = [];
    for (let n = 1; n < 40; n++) await serve(`${n}.sock`, n);
    for (let n = 0; n < 40; n++) {
      const { dev, ino, mtimeNs } = statSync(join(dir.path, `${n}.sock`), { bigint: true });
      instances.push(`${dev}:${ino}:${mtimeNs}`);
    }
    let now = 0;
    let wrong = 0;
    const attempts: Promise<void>[] = [];
    for (let turn = 0; turn < 400; turn++) {
      attempts.push(
        connect(path).then(
          ({ instance, clientIndex }) => {
            if (instance !== instances[clientIndex]) wrong++;
          },
          (thrown: unknown) => {
            assert.equal(NfvError.from(thrown).code, 'VPP_UNREACHABLE');
          },
        ),
      );
      // Now one VPP listens at the path, then the next.
      if (turn % 10 === 9 && now < 39) renameSync(join(dir.path, `${++now}.sock`), path);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(attempts);
    assert.equal(wrong, 0);
    const { clientIndex } = await connect(path);
    assert.equal(clientIndex, 39);
  });

  /** A link whose time the test owns, and what came over it. */
  const gathering = async (name: string, owed: number) => {
    const due: (() => void)[] = [];
    const timers: Timers = {
      monotonic: () => 0,
      after: (ms, callback) => {
        if (ms === 1) due.push(callback);
        return () => undefined;
      },
    };
    let vpp: Socket | undefined;
    const path = await serve(name, 7, (socket) => {
      vpp = socket;
    });
    const came: number[] = [];
    const events = {
      ...NOTHING,
      message: (message: Buffer) => {
        came.push(message.readUInt16BE(0));
      },
      owed: 0,
    };
    const link = await connect(path, events, timers);
    events.owed = owed;
    assert.ok(vpp !== undefined);
    return { link, vpp, came, due };
  };

  /** So often that what a socket has would have been read. */
  const turns = async (): Promise<void> => {
    for (let n = 0; n < 50; n++) await new Promise((resolve) => setImmediate(resolve));
  };

  it('reads at once what comes while few answers are owed', async () => {
    const { vpp, came, due } = await gathering('few.sock', 255);
    for (let n = 1; n < 5; n++) {
      vpp.write(framed(`000${n}`));
      await eventually(() => came.length === n);
    }
    assert.deepEqual([came, due.length], [[1, 2, 3, 4], 0]);
  });

  it('gathers what comes while many are', async () => {
    const { vpp, came, due } = await gathering('many.sock', 256);
    vpp.write(framed('0001'));
    await eventually(() => due.length === 1);
    for (let n = 2; n < 6; n++) vpp.write(framed(`000${n}`));
    await turns();
    assert.deepEqual(came, [1]);
    due[0]?.();
    await eventually(() => came.length === 5);
    assert.deepEqual(came, [1, 2, 3, 4, 5]);
  });

  it('stays paused when it has gathered, if its owner paused it', async () => {
    const { link, vpp, came, due } = await gathering('paused.sock', 256);
    vpp.write(framed('0001'));
    await eventually(() => due.length === 1);
    link.pause();
    due[0]?.();
    vpp.write(framed('0002'));
    await turns();
    assert.deepEqual(came, [1]);
    link.resume();
    await eventually(() => came.length === 2);
  });

  it('goes on gathering when its owner lets it go on', async () => {
    const { link, vpp, came, due } = await gathering('resumed.sock', 256);
    vpp.write(framed('0001'));
    await eventually(() => due.length === 1);
    link.pause();
    link.resume();
    vpp.write(framed('0002'));
    await turns();
    assert.deepEqual(came, [1]);
    due[0]?.();
    await eventually(() => came.length === 2);
  });
});
