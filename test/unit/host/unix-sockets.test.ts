import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { ErrorCode } from '../../../src/errors.js';
import { UnixSockets } from '../../../src/host/unix-sockets.js';
import { tempDir } from '../../support/temp-dir.js';

describe('sockets of other programs', () => {
  const servers: Server[] = [];
  let dir: ReturnType<typeof tempDir>;
  let allowed: string;
  let sockets: UnixSockets;
  beforeEach(() => {
    dir = tempDir();
    allowed = join(dir.path, 'run', 'allowed');
    sockets = new UnixSockets([allowed]);
  });
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
    dir.remove();
  });

  async function listen(path: string): Promise<Server> {
    const server = createServer();
    servers.push(server);
    server.listen(path);
    await once(server, 'listening');
    return server;
  }

  /** As of a process that was killed. */
  async function leave(path: string): Promise<void> {
    const server = await listen(path);
    renameSync(path, `${path}.aside`);
    server.close();
    await once(server, 'close');
    renameSync(`${path}.aside`, path);
  }

  it('have their directory made, when one is wanted in it', async () => {
    await sockets.prepare(join(allowed, 'a'), true);
    assert.equal(lstatSync(allowed).mode & 0o022, 0);
    assert.ok(!existsSync(join(allowed, 'a')));
    await sockets.prepare(join(allowed, 'a').padEnd(107, 'a'), true);
  });

  it('may be in directories below, and reached by a link that leads there', async () => {
    mkdirSync(join(allowed, 'b'), { recursive: true });
    symlinkSync(allowed, join(dir.path, 'link'));
    await sockets.prepare(join(allowed, 'b', 'a'), true);
    await sockets.prepare(join(dir.path, 'link', 'b', 'a'), true);
    await new UnixSockets([join(dir.path, 'link')]).prepare(join(allowed, 'a'), true);
  });

  it('are replaced when nobody listens at them, and looked for by whoever connects', async () => {
    mkdirSync(allowed, { recursive: true });
    const path = join(allowed, 'a');
    await leave(path);
    await sockets.prepare(path, true);
    assert.ok(lstatSync(path).isSocket());
    await listen(join(allowed, 'b'));
    await sockets.prepare(join(allowed, 'b'), false);
  });

  it('are looked for before they are wanted, and nothing is made', async () => {
    const fault = async (path: string, willListen = true): Promise<string | undefined> =>
      (await sockets.fault(path, willListen))?.code;
    assert.equal(await fault(join(allowed, 'a')), undefined);
    assert.equal(await fault(join(allowed, 'b', 'a')), 'SOCKET_PATH_REFUSED');
    assert.equal(await fault(join(allowed, 'a').padEnd(108, 'a')), 'SOCKET_PATH_REFUSED');
    assert.equal(await fault(join(dir.path, 'a')), 'SOCKET_PATH_REFUSED');
    assert.ok(!existsSync(allowed));
    mkdirSync(allowed, { recursive: true });
    await listen(join(allowed, 'b'));
    assert.equal(await fault(join(allowed, 'b')), 'SOCKET_PATH_TAKEN');
    assert.equal(await fault(join(allowed, 'b'), false), undefined);
    assert.equal(await fault(join(allowed, 'a')), undefined);
  });

  it('are for whom they are said to be', async () => {
    mkdirSync(allowed, { recursive: true });
    const path = join(allowed, 'a');
    await listen(path);
    const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    await sockets.setAccess(path, { mode: 0o640, ...own });
    assert.deepEqual(await sockets.access(path), { mode: 0o640, ...own });
    assert.equal(lstatSync(path).mode & 0o777, 0o640);
  });

  for (const what of ['nothing', 'a file', 'a link to a socket'] as const) {
    it(`are not there where ${what} is, and nothing is changed`, async () => {
      mkdirSync(allowed, { recursive: true });
      const path = join(allowed, 'a');
      const other = join(allowed, 'b');
      await listen(other);
      const before = lstatSync(other).mode;
      if (what === 'a file') writeFileSync(path, '', { mode: 0o600 });
      if (what === 'a link to a socket') symlinkSync(other, path);
      assert.equal(await sockets.access(path), undefined);
      const access = { mode: 0o777, uid: 0, gid: 0 };
      await assert.rejects(sockets.setAccess(path, access), { code: 'SOCKET_PATH_TAKEN' });
      assert.equal(lstatSync(other).mode, before);
      if (what === 'a file') assert.equal(lstatSync(path).mode & 0o777, 0o600);
    });
  }

  describe('below a directory that others', () => {
    const isRoot = process.getuid?.() === 0;
    const refused: [how: string, change: (directory: string) => void][] = [
      [
        'may write to',
        (directory) => {
          chmodSync(directory, 0o707);
        },
      ],
      [
        'may write to, sticky or not',
        (directory) => {
          chmodSync(directory, 0o1777);
        },
      ],
      ...(isRoot
        ? ([
            [
              'own',
              (directory) => {
                chownSync(directory, 4242, 0);
              },
            ],
            [
              'of its group may write to',
              (directory) => {
                chownSync(directory, 0, 4242);
                chmodSync(directory, 0o775);
              },
            ],
          ] satisfies [string, (directory: string) => void][])
        : []),
    ];
    for (const [how, change] of refused) {
      it(`${how} are refused, and not in it`, async () => {
        const guests = join(allowed, 'guest');
        mkdirSync(join(guests, 'own'), { recursive: true });
        symlinkSync(join(guests, 'own'), join(allowed, 'link'));
        symlinkSync(allowed, join(guests, 'back'));
        change(guests);
        const error = {
          code: 'SOCKET_PATH_REFUSED',
          message: /guest, where others could have it lead elsewhere \(owner \d+:\d+, mode \d+\)$/,
        };
        await assert.rejects(sockets.prepare(join(guests, 'own', 'a'), true), error);
        await assert.rejects(sockets.prepare(join(allowed, 'link', 'a'), true), error);
        await assert.rejects(sockets.prepare(join(guests, 'back', 'a'), true), error);
        await sockets.prepare(join(guests, 'a'), true);
        await sockets.prepare(join(allowed, 'a'), true);
      });
    }

    it('may write to are no matter above the one of the configuration', async () => {
      mkdirSync(join(allowed, 'b'), { recursive: true });
      chmodSync(join(dir.path, 'run'), 0o777);
      await sockets.prepare(join(allowed, 'b', 'a'), true);
      chmodSync(allowed, 0o777);
      await sockets.prepare(join(allowed, 'a'), true);
      const below = sockets.prepare(join(allowed, 'b', 'a'), true);
      await assert.rejects(below, { code: 'SOCKET_PATH_REFUSED' });
    });
  });

  const wrong: [what: string, prepare: () => unknown, path: () => string, code: ErrorCode][] = [
    ['outside', () => undefined, () => join(dir.path, 'a'), 'SOCKET_PATH_REFUSED'],
    [
      'in a name that begins alike',
      () => {
        mkdirSync(`${allowed}2`, { recursive: true });
      },
      () => join(`${allowed}2`, 'a'),
      'SOCKET_PATH_REFUSED',
    ],
    [
      'of more bytes than the kernel takes',
      () => undefined,
      () => join(allowed, 'a').padEnd(106, 'a') + 'é',
      'SOCKET_PATH_REFUSED',
    ],
    ['in no directory', () => undefined, () => join(allowed, 'no', 'a'), 'SOCKET_PATH_REFUSED'],
    [
      'behind a link that leads out',
      () => {
        mkdirSync(allowed, { recursive: true });
        symlinkSync('/', join(allowed, 'l'));
      },
      () => join(allowed, 'l', 'a'),
      'SOCKET_PATH_REFUSED',
    ],
    [
      'behind a link that leads to itself',
      () => {
        mkdirSync(allowed, { recursive: true });
        symlinkSync('l', join(allowed, 'l'));
      },
      () => join(allowed, 'l', 'a'),
      'SOCKET_PATH_REFUSED',
    ],
    [
      'below a file',
      () => {
        mkdirSync(allowed, { recursive: true });
        writeFileSync(join(allowed, 'f'), '');
      },
      () => join(allowed, 'f', 'a'),
      'SOCKET_PATH_REFUSED',
    ],
    [
      'where a directory cannot be made',
      () => {
        writeFileSync(join(dir.path, 'run'), '');
      },
      () => join(allowed, 'a'),
      'SOCKET_PATH_REFUSED',
    ],
    [
      'where a file is',
      () => {
        mkdirSync(allowed, { recursive: true });
        writeFileSync(join(allowed, 'a'), '');
      },
      () => join(allowed, 'a'),
      'SOCKET_PATH_TAKEN',
    ],
    [
      'where a link is',
      () => {
        mkdirSync(allowed, { recursive: true });
        symlinkSync('x', join(allowed, 'a'));
      },
      () => join(allowed, 'a'),
      'SOCKET_PATH_TAKEN',
    ],
    [
      'where somebody listens',
      () => {
        mkdirSync(allowed, { recursive: true });
        return listen(join(allowed, 'a'));
      },
      () => join(allowed, 'a'),
      'SOCKET_PATH_TAKEN',
    ],
  ];
  for (const [what, prepare, path, code] of wrong) {
    it(`cannot be ${what}`, async () => {
      await prepare();
      await assert.rejects(sockets.prepare(path(), true), { code });
    });
  }
});
