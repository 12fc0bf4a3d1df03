/** Ports of kind vhost_user, the same on the emulator and on a real VPP. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { NEW_VHOST_USER, type VhostUserPort } from '../../src/model/vpp-ports.js';
import { skip } from './skip.js';
import { steps } from './vpp-dataplane-rig.js';
import { plugging, type PluggedWorld, GID, UID } from './vpp-plugging.js';

export function vhostUserPorts(world: PluggedWorld): void {
  const { base, wanted, client, inTheDirectory, listenAt, failuresOf, lives, refuses, stays } =
    plugging(world);
  const spec = (change: Partial<VhostUserPort> = {}): VhostUserPort => ({
    ...NEW_VHOST_USER,
    socket: world.rig.files.socket('web'),
    ownerUid: UID,
    ownerGid: GID,
    ...change,
  });
  const asClient = { role: 'CLIENT', socketMode: 0, ownerUid: 0, ownerGid: 0 } as const;

  lives(spec, {
    socket: [() => ({ socket: world.rig.files.socket('web2') }), 'update'],
    role: [() => asClient, 'update'],
    mode: [() => ({ socketMode: 0o600 }), 'update'],
    gso: [() => ({ gso: true }), 'delete create'],
    'packed ring': [() => ({ packedRing: true }), 'delete create'],
    'event index': [() => ({ eventIdx: true }), 'delete create'],
    'mergeable buffers': [() => ({ disableMrgRxbuf: true }), 'delete create'],
    'indirect descriptors': [() => ({ disableIndirectDesc: true }), 'delete create'],
  });

  stays(spec, {
    'a socket in a directory that is not there': [
      () => spec({ socket: world.rig.files.socket('none/web'), disableMrgRxbuf: true }),
      'SOCKET_PATH_REFUSED',
    ],
  });

  describe('as a client', () => {
    stays(() => spec(asClient), {
      'the role of who listens there': [
        async () => {
          await listenAt(spec().socket);
          return spec({ disableMrgRxbuf: true });
        },
        'SOCKET_PATH_TAKEN',
      ],
    });
    lives(() => spec(asClient), {
      socket: [() => ({ socket: world.rig.files.socket('web2') }), 'update'],
      gso: [() => ({ gso: true }), 'update'],
      'packed ring': [() => ({ packedRing: true }), 'update'],
      'event index': [() => ({ eventIdx: true }), 'update'],
      'mergeable buffers': [() => ({ disableMrgRxbuf: true }), 'delete create'],
    });
  });

  it('has just what it is to offer, as VPP itself shows it, and a socket for its owner', async () => {
    const { socket } = spec();
    await world.rig.converge(wanted(spec({ socketMode: 0o620 })));
    const plain = `vhost-user ${socket} server mrg-rxbuf indirect-desc`;
    assert.deepEqual(await world.eye.plugged(), [plain]);
    assert.ok(lstatSync(socket).isSocket());
    assert.equal(lstatSync(socket).mode & 0o777, 0o620);
    const all = { gso: true, packedRing: true, eventIdx: true };
    await world.rig.converge(wanted(spec({ ...all, disableMrgRxbuf: true, socketMode: 0o620 })));
    const whole = `vhost-user ${socket} server gso packed event-idx indirect-desc`;
    assert.deepEqual(await world.eye.plugged(), [whole]);
    await world.rig.converge(wanted(spec({ ...asClient, disableIndirectDesc: true })));
    assert.deepEqual(await world.eye.plugged(), [`vhost-user ${socket} client mrg-rxbuf`]);
    await world.rig.converge(base());
    assert.deepEqual(await world.eye.plugged(), []);
  });

  it('gives a socket to another user and group', async function () {
    if (UID !== 0) skip(this, 'to give files away needs root');
    await world.rig.converge(wanted(spec()));
    await world.rig.converge(wanted(spec({ ownerUid: 64055, ownerGid: 106 })));
    const { uid, gid } = lstatSync(spec().socket);
    assert.deepEqual([uid, gid], [64055, 106]);
    await world.rig.converge(wanted(spec()));
    assert.equal(lstatSync(spec().socket).uid, 0);
  });

  it('mends what somebody did to its socket', async () => {
    const { socket } = spec();
    await world.rig.converge(wanted(spec()));
    chmodSync(socket, 0o777);
    assert.deepEqual(steps(await world.rig.plan(wanted(spec()))), [
      'update port/blue-1 (socketMode 511, not 432)',
    ]);
    await world.rig.converge(wanted(spec()));
    assert.equal(lstatSync(socket).mode & 0o777, 0o660);
    rmSync(socket);
    await world.rig.converge(wanted(spec()));
    assert.ok(lstatSync(socket).isSocket());
  });

  it('does not follow a link that is put in place of its socket', async () => {
    const { socket } = spec();
    await world.rig.converge(wanted(spec()));
    const theirs = world.rig.files.outside('shadow');
    writeFileSync(theirs, 'x', { mode: 0o600 });
    rmSync(socket);
    symlinkSync(theirs, socket);
    await failuresOf(wanted(spec({ socketMode: 0o666 })));
    assert.equal(lstatSync(theirs).mode & 0o777, 0o600);
    assert.equal(readFileSync(theirs, 'utf8'), 'x');
  });

  it('takes up one that it had not put in its place yet when it was killed', async () => {
    await world.rig.converge(base());
    const { socket } = spec();
    inTheDirectory('web');
    for (const [attested, gso] of [
      ['v', false],
      ['vg', true],
    ] as const) {
      await client().request('create_vhost_user_if_v2', {
        is_server: true,
        sock_filename: socket,
        renumber: false,
        disable_mrg_rxbuf: false,
        disable_indirect_desc: false,
        enable_gso: gso,
        enable_packed: false,
        enable_event_idx: false,
        custom_dev_instance: 0,
        use_custom_mac: false,
        mac_address: '00:00:00:00:00:00',
        tag: `nfvd:port/blue-1=${attested}`,
      });
      await world.rig.settle(wanted(spec()));
      const shown = `vhost-user ${socket} server mrg-rxbuf indirect-desc`;
      assert.deepEqual(await world.eye.plugged(), [shown]);
      await world.rig.converge(base());
    }
  });

  async function somebodys(isServer: boolean): Promise<void> {
    await client().request('create_vhost_user_if', {
      is_server: isServer,
      sock_filename: inTheDirectory('web'),
      renumber: false,
      disable_mrg_rxbuf: false,
      disable_indirect_desc: false,
      enable_gso: false,
      enable_packed: false,
      custom_dev_instance: 0,
      use_custom_mac: false,
      mac_address: '00:00:00:00:00:00',
      tag: '',
    });
  }

  const isListening = async (): Promise<void> => {
    await new Promise<void>((resolve, reject) => {
      const socket = connect(spec().socket, () => {
        socket.destroy();
        resolve();
      });
      socket.once('error', reject);
    });
  };

  refuses([
    [
      'outside of the directories',
      () => spec({ socket: world.rig.files.outside('web') }),
      'SOCKET_PATH_REFUSED',
      () => {
        assert.throws(() => lstatSync(world.rig.files.outside('web')), { code: 'ENOENT' });
      },
    ],
    [
      'beside a directory whose name it begins with',
      () => spec({ socket: `${world.rig.files.sockets}2/web` }),
      'SOCKET_PATH_REFUSED',
    ],
    [
      'behind a link that leads out',
      () => {
        symlinkSync('/tmp', inTheDirectory('out'));
        return spec({ socket: world.rig.files.socket('out/web') });
      },
      'SOCKET_PATH_REFUSED',
    ],
    [
      'in a directory that is not there',
      () => spec({ socket: world.rig.files.socket('no/web') }),
      'SOCKET_PATH_REFUSED',
    ],
    [
      'where a file is',
      () => {
        writeFileSync(inTheDirectory('web'), 'theirs');
        return spec();
      },
      'SOCKET_PATH_TAKEN',
      () => {
        assert.equal(readFileSync(spec().socket, 'utf8'), 'theirs');
      },
    ],
    [
      'where a file is, as a client',
      () => {
        writeFileSync(inTheDirectory('web'), 'theirs');
        return spec(asClient);
      },
      'SOCKET_PATH_TAKEN',
    ],
    [
      'where a directory is',
      () => {
        mkdirSync(inTheDirectory('web'));
        return spec();
      },
      'SOCKET_PATH_TAKEN',
    ],
    [
      'where a link is',
      () => {
        symlinkSync('/etc/passwd', inTheDirectory('web'));
        return spec();
      },
      'SOCKET_PATH_TAKEN',
      () => {
        assert.ok(lstatSync(spec().socket).isSymbolicLink());
      },
    ],
    [
      'where another program listens',
      async () => {
        await listenAt(inTheDirectory('web'));
        return spec();
      },
      'SOCKET_PATH_TAKEN',
      () => isListening(),
    ],
    [
      'where VPP itself listens for somebody else',
      async () => {
        await somebodys(true);
        return spec();
      },
      'FOREIGN_OBJECT',
      () => isListening(),
    ],
    [
      'where VPP itself is a client for somebody else',
      async () => {
        await somebodys(false);
        return spec(asClient);
      },
      'FOREIGN_OBJECT',
    ],
  ]);
}
