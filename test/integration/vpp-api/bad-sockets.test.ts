/** Paths that lead to no VPP. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '../../../src/model/clock.js';
import { NfvError } from '../../../src/errors.js';
import { SocketTransport } from '../../../src/vpp-api/transport/socket.js';
import { EmulatedVpp } from '../../support/emulated-vpp.js';
import { skip } from '../../support/skip.js';
import { tempDir } from '../../support/temp-dir.js';
import { ClientUnderTest } from '../../support/vpp-under-test.js';

const CONNECTOR = new URL('../../support/vpp-connector.js', import.meta.url).pathname;

describe('VPP client, paths that lead to no VPP', () => {
  const dir = tempDir();
  const servers: Server[] = [];

  after(async () => {
    for (const server of servers) {
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    }
    dir.remove();
  });

  const at = (name: string): string => join(dir.path, name);

  const listen = async (path: string, onSocket: (socket: Socket) => void): Promise<void> => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      // Or it would not see the other end go.
      socket.resume();
      onSocket(socket);
    });
    servers.push(server);
    server.listen(path);
    await once(server, 'listening');
  };

  const connect = async (path: string): Promise<never> => {
    const transport = new SocketTransport({
      path,
      clientName: 't',
      timers: systemClock,
      connectMs: 100,
    });
    const events = {
      message: () => undefined,
      drain: () => undefined,
      owed: 0,
      closed: () => undefined,
    };
    await transport.connect(events, new AbortController().signal);
    assert.fail('it connected');
  };

  const rows: readonly (readonly [string, () => string | Promise<string>, string, RegExp])[] = [
    ['nothing', () => at('nothing'), 'VPP_UNREACHABLE', /there is no such file/],
    [
      'a file where a directory should be',
      () => {
        writeFileSync(at('file'), '');
        return at('file/api.sock');
      },
      'VPP_UNREACHABLE',
      /a part of the path is not a directory/,
    ],
    [
      'a file',
      () => {
        writeFileSync(at('plain'), '');
        return at('plain');
      },
      'VPP_UNREACHABLE',
      /is not a socket/,
    ],
    [
      'a directory',
      () => {
        mkdirSync(at('directory'));
        return at('directory');
      },
      'VPP_UNREACHABLE',
      /is not a socket/,
    ],
    [
      'a socket that a VPP which was killed has left',
      async () => {
        const script = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
        await once(spawn(process.execPath, ['-e', script, at('left')]), 'exit');
        return at('left');
      },
      'VPP_UNREACHABLE',
      /nobody listens on the socket/,
    ],
    [
      'one that closes at once',
      async () => {
        await listen(at('closes'), (socket) => socket.destroy());
        return at('closes');
      },
      'VPP_UNREACHABLE',
      /closed the connection before it answered|broke|ECONNRESET|EPIPE/,
    ],
    [
      'one that says nothing',
      async () => {
        await listen(at('mute'), () => undefined);
        return at('mute');
      },
      'DEADLINE_EXCEEDED',
      /did not answer to sockclnt_create in 100 ms/,
    ],
    [
      // What VPP's CLI socket greets with: telnet options, then a banner and a prompt.
      'VPP’s command line',
      async () => {
        const greeting = Buffer.concat([
          Buffer.from('fffb03fffb01fffd1ffffd18', 'hex'),
          Buffer.from('    _______    _        _   _____  ___ \nvpp# '),
        ]);
        await listen(at('cli'), (socket) => socket.write(greeting));
        return at('cli');
      },
      'VPP_PROTOCOL',
      /a frame of \d+ bytes/,
    ],
    [
      'a web server',
      async () => {
        const answer = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n';
        await listen(at('web'), (socket) => socket.end(answer));
        return at('web');
      },
      'VPP_PROTOCOL',
      /a frame of \d+ bytes/,
    ],
    [
      'one that answers another message',
      async () => {
        const frame = Buffer.from('0000000000000000000000040000000000110000', 'hex');
        await listen(at('other'), (socket) => socket.write(frame));
        return at('other');
      },
      'VPP_PROTOCOL',
      /message 17 where sockclnt_create_reply/,
    ],
    [
      'one that answers for ever, very slowly',
      async () => {
        const header = Buffer.from('00000000000000000010000000000000', 'hex');
        await listen(at('slow'), (socket) => {
          socket.write(header);
          const timer = setInterval(() => socket.write('.'), 10);
          socket.once('close', () => {
            clearInterval(timer);
          });
        });
        return at('slow');
      },
      'DEADLINE_EXCEEDED',
      /did not answer/,
    ],
  ];
  for (const [name, path, code, message] of rows) {
    it(`${name}: ${code}`, async () => {
      await assert.rejects(connect(await path()), { code, message });
    });
  }

  const paths: readonly (readonly [string, string])[] = [
    ['an empty path', ''],
    ['a path of 108 bytes', `/${'x'.repeat(107)}`],
    ['a path with a zero', '/run/\0/api.sock'],
  ];
  for (const [name, path] of paths) {
    it(`${name} is refused before anything is tried`, () => {
      assert.throws(() => new SocketTransport({ path, clientName: 't', timers: systemClock }), {
        code: 'INVALID_FIELD',
      });
    });
  }

  it('a path of 107 bytes is tried', async () => {
    await assert.rejects(connect(`/${'x'.repeat(106)}`), { code: 'VPP_UNREACHABLE' });
  });

  it('a socket that this process may not use: NOT_PRIVILEGED', async function () {
    if (process.getuid?.() !== 0) skip(this, 'needs root, to become somebody else');
    const vpp = new EmulatedVpp();
    try {
      await vpp.start();
      chmodSync(vpp.path, 0o600);
      chmodSync(join(vpp.path, '..'), 0o755);
      const child = spawn(process.execPath, [CONNECTOR, vpp.path], {
        uid: 65534,
        gid: 65534,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
      await once(child, 'close');
      assert.match(said, /^NOT_PRIVILEGED: .*this process may not use the socket$/m);
    } finally {
      await vpp.remove();
    }
  });

  it('an attempt ends with its signal', async () => {
    await listen(at('patient'), () => undefined);
    const transport = new SocketTransport({
      path: at('patient'),
      clientName: 't',
      timers: systemClock,
    });
    const abort = new AbortController();
    const events = {
      message: () => undefined,
      drain: () => undefined,
      owed: 0,
      closed: () => undefined,
    };
    const connecting = transport.connect(events, abort.signal);
    setImmediate(() => {
      abort.abort();
    });
    await assert.rejects(connecting, { code: 'CANCELLED' });
    await assert.rejects(transport.connect(events, abort.signal), { code: 'CANCELLED' });
  });

  it('the client goes on trying, and tells why each time', async () => {
    const transport = new SocketTransport({ path: at('no'), clientName: 't', timers: systemClock });
    const made = new ClientUnderTest(transport, { retry: { initialMs: 1, maxMs: 2 } });
    try {
      for (let n = 1; n < 6; n++) await made.told('lost', n);
      for (const event of made.events) {
        assert.ok(event.kind === 'lost' && !event.wasOpen);
        assert.equal(NfvError.from(event.error).code, 'VPP_UNREACHABLE');
      }
      await assert.rejects(made.client.request('control_ping', {}), {
        code: 'VPP_UNREACHABLE',
        message: /no connection to .*: .*there is no such file/,
      });
    } finally {
      await made.client.close();
    }
  });
});
