/** Ports of kind memif, the same on the emulator and on a real VPP. */
import assert from 'node:assert/strict';
import { chmodSync, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { NfvError } from '../../src/errors.js';
import { NEW_MEMIF, NEW_VHOST_USER, type MemifPort } from '../../src/model/vpp-ports.js';
import { socketIdOf } from '../../src/dataplane/vpp/ports/memif-sockets.js';
import { steps } from './vpp-dataplane-rig.js';
import { everything } from './vpp-eye.js';
import { plugging, type PluggedWorld, GID, MAC, port, UID } from './vpp-plugging.js';

export function memifPorts(world: PluggedWorld): void {
  const {
    base,
    wanted,
    client,
    inTheDirectory,
    listenAt,
    setTag,
    failuresOf,
    lives,
    refuses,
    stays,
  } = plugging(world);
  const spec = (change: Partial<MemifPort> = {}): MemifPort => ({
    ...NEW_MEMIF,
    socket: world.rig.files.socket('cnf'),
    ...change,
  });

  const withSecret = (text: string, name = 'cnf'): Partial<MemifPort> => {
    world.rig.files.writeSecret(name, text);
    return { secretName: name };
  };

  lives(spec, {
    socket: [() => ({ socket: world.rig.files.socket('cnf2') }), 'delete create'],
    role: [() => ({ role: 'SLAVE' as const }), 'delete create'],
    id: [() => ({ id: 0xffff_ffff }), 'delete create'],
    ring: [() => ({ ringSize: 32 }), 'delete create'],
    buffer: [() => ({ bufferSize: 65_535 }), 'delete create'],
    secret: [() => withSecret('sesame\n'), 'delete create'],
  });

  const files = (): PluggedWorld['rig']['files'] => world.rig.files;
  const nowhere = (): string => files().socket('none/cnf');
  const impossible: Parameters<typeof stays>[1] = {
    'a socket in a directory that is not there': [
      () => spec({ socket: nowhere() }),
      'SOCKET_PATH_REFUSED',
    ],
    'a socket elsewhere': [() => spec({ socket: files().outside('cnf') }), 'SOCKET_PATH_REFUSED'],
    'a socket where a file is': [
      () => {
        writeFileSync(inTheDirectory('file'), 'theirs');
        return spec({ socket: files().socket('file') });
      },
      'SOCKET_PATH_TAKEN',
    ],
  };
  stays(spec, impossible);
  stays(() => spec(withSecret('sesame')), {
    'another id while its secret is away': [
      () => {
        rmSync(files().secret('cnf'));
        return spec({ secretName: 'cnf', id: 1 });
      },
      'FILE_UNREADABLE',
    ],
  });
  stays(() => spec({ role: 'SLAVE' }), {
    'the role of who listens there': [
      async () => {
        await listenAt(spec().socket);
        return spec();
      },
      'SOCKET_PATH_TAKEN',
    ],
  });
  describe('that was a vhost-user port', () => {
    const guest = { ownerUid: UID, ownerGid: GID };
    stays(() => ({ ...NEW_VHOST_USER, socket: files().socket('web'), ...guest }), {
      ...impossible,
      'a secret that is not there': [() => spec({ secretName: 'none' }), 'FILE_UNREADABLE'],
    });
  });

  it('is on a socket that goes with the last one on it', async () => {
    const { socket } = spec();
    const two = [port(spec()), port(spec({ id: 1 }), { endpoint: 'blue-2' })];
    await world.rig.converge([...base(), ...two]);
    assert.deepEqual(await world.eye.plugged(), [
      `memif ${socket} 0 master`,
      `memif ${socket} 1 master`,
      `memif-socket ${socket}`,
    ]);
    await world.rig.converge([...base(), ...two.slice(1)]);
    assert.deepEqual(await world.eye.plugged(), [
      `memif ${socket} 1 master`,
      `memif-socket ${socket}`,
    ]);
    await world.rig.converge(base());
    assert.deepEqual(await world.eye.plugged(), []);
  });

  it('notices another secret, and keeps the one it has while there is none', async () => {
    const secret = withSecret('sesame');
    await world.rig.converge(wanted(spec(secret)));
    withSecret('open');
    assert.deepEqual(steps(await world.rig.plan(wanted(spec(secret)))).slice(0, 1), [
      `delete mac/10/${MAC} (port/blue-1 is recreated)`,
    ]);
    await world.rig.converge(wanted(spec(secret)));
    rmSync(world.rig.files.secret('cnf'));
    await world.rig.assertConverged(wanted(spec(secret)));
  });

  it('adopts what a version before this has made', async () => {
    await world.rig.converge(wanted(spec()));
    const [memif] = await client().dump('memif_dump', {});
    await setTag(memif?.sw_if_index ?? assert.fail(), 'nfvd:port/blue-1=ma0800000000');
    await world.rig.assertConverged(wanted(spec()));
    assert.notDeepEqual(steps(await world.rig.plan(wanted(spec({ ringSize: 32 })))), []);
  });

  it('is made anew for another name of the same secret, whose file may go then', async () => {
    await world.rig.converge(wanted(spec(withSecret('sesame'))));
    const other = withSecret('sesame', 'b');
    assert.notDeepEqual(steps(await world.rig.plan(wanted(spec(other)))), []);
    await world.rig.converge(wanted(spec(other)));
    rmSync(world.rig.files.secret('b'));
    await world.rig.assertConverged(wanted(spec(other)));
  });

  it('does not take the secret it has for another that cannot be read, and keeps it', async () => {
    const secret = withSecret('sesame');
    await world.rig.converge(wanted(spec(secret)));
    const before = await everything(world.eye);
    const other = wanted(spec({ secretName: 'none' }));
    const plan = await world.rig.plan(other);
    assert.equal(NfvError.from(plan.verdicts.get('port/blue-1')).code, 'FILE_UNREADABLE');
    await world.rig.apply(plan);
    assert.deepEqual(await everything(world.eye), before);
    await world.rig.assertConverged(wanted(spec(secret)));
    withSecret('open', 'none');
    await world.rig.converge(other);
  });

  const name = async (path: string, id: number): Promise<void> => {
    await client().request('memif_socket_filename_add_del_v2', {
      is_add: true,
      socket_id: id,
      socket_filename: path,
    });
  };
  const make = async (id: number, socketId: number, isMaster = true): Promise<number> => {
    const { sw_if_index: index } = await client().request('memif_create', {
      role: isMaster ? 'MEMIF_ROLE_API_MASTER' : 'MEMIF_ROLE_API_SLAVE',
      mode: 'MEMIF_MODE_API_ETHERNET',
      rx_queues: 1,
      tx_queues: 1,
      id,
      socket_id: socketId,
      ring_size: 64,
      buffer_size: 2048,
      no_zero_copy: false,
      hw_addr: '00:00:00:00:00:00',
      secret: '',
    });
    return index;
  };

  it('takes up what it had not named yet when it was killed', async () => {
    await world.rig.converge(base());
    const path = inTheDirectory('cnf');
    await name(path, socketIdOf(path));
    await world.rig.converge(wanted(spec()));
    await world.rig.converge(base());
    await name(path, socketIdOf(path));
    await make(0, socketIdOf(path));
    await world.rig.converge(wanted(spec()));
    assert.deepEqual(await world.eye.plugged(), [`memif ${path} 0 master`, `memif-socket ${path}`]);
  });

  it('comes when the file is gone that VPP could not open its socket for', async () => {
    const path = inTheDirectory('cnf');
    await world.rig.converge(base());
    writeFileSync(path, 'theirs');
    await name(path, socketIdOf(path));
    await assert.rejects(make(0, socketIdOf(path)), { code: 'VPP_REFUSED' });
    assert.deepEqual(
      (await failuresOf(wanted(spec()))).filter((each) => each.includes('port/')),
      ['create port/blue-1: SOCKET_PATH_TAKEN'],
    );
    assert.equal(readFileSync(path, 'utf8'), 'theirs');
    rmSync(path);
    await world.rig.converge(wanted(spec()));
    assert.ok(lstatSync(path).isSocket());
  });

  refuses([
    [
      'outside of the directories',
      () => spec({ socket: world.rig.files.outside('cnf') }),
      'SOCKET_PATH_REFUSED',
    ],
    [
      'where a file is',
      () => {
        writeFileSync(inTheDirectory('cnf'), 'theirs');
        return spec();
      },
      'SOCKET_PATH_TAKEN',
      async () => {
        assert.equal(readFileSync(spec().socket, 'utf8'), 'theirs');
        assert.deepEqual(await world.eye.plugged(), []);
      },
    ],
    ['with a secret that there is none of', () => spec({ secretName: 'no' }), 'FILE_UNREADABLE'],
    [
      'with a secret that is too long',
      () => spec(withSecret('x'.repeat(24), 'long')),
      'FILE_UNREADABLE',
    ],
    [
      'with a secret that everybody may read',
      () => {
        const secret = withSecret('sesame', 'open');
        chmodSync(world.rig.files.secret('open'), 0o644);
        return spec(secret);
      },
      'FILE_UNREADABLE',
    ],
    [
      'on a number that somebody else gave to another socket',
      async () => {
        await name(inTheDirectory('theirs'), socketIdOf(spec().socket));
        return spec();
      },
      'FOREIGN_OBJECT',
      async () => {
        assert.deepEqual(await world.eye.plugged(), [
          `memif-socket ${world.rig.files.socket('theirs')}`,
        ]);
      },
    ],
    [
      'where somebody else is on it with that id',
      async () => {
        const id = socketIdOf(spec().socket);
        await name(inTheDirectory('cnf'), id);
        await setTag(await make(0, id), 'theirs');
        return spec();
      },
      'FOREIGN_OBJECT',
    ],
    [
      'where somebody else is on it in the other role',
      async () => {
        const id = socketIdOf(spec().socket);
        await name(inTheDirectory('cnf'), id);
        await setTag(await make(1, id, false), 'theirs');
        return spec();
      },
      'SOCKET_PATH_TAKEN',
      async () => {
        assert.equal((await world.eye.plugged()).length, 2);
      },
    ],
    [
      'where VPP listens for somebody else by another number',
      async () => {
        await name(inTheDirectory('cnf'), 5);
        await setTag(await make(0, 5), 'theirs');
        return spec();
      },
      'SOCKET_PATH_TAKEN',
    ],
  ]);
}
