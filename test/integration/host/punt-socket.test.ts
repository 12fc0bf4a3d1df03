/** What an agent writes to VPP's punt socket: `punt_packetdesc_t` of vnet/ip/punt.h, then the frame. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { NfvError } from '../../../src/errors.js';
import { PuntSocket } from '../../../src/host/packets/punt-socket.js';
import { systemClock } from '../../../src/model/clock.js';
import { FakeClock } from '../../support/fake-clock.js';
import { tempDir } from '../../support/temp-dir.js';
import { DatagramListener } from '../../support/unix-datagrams.js';

const AT = { index: 0x0102, tags: [] };
const PROBE =
  'ffffffffffff026e6676640008060001080006040001036e66766400000000000000000000000a000064';
const GRATUITOUS =
  'ffffffffffff020000000001080600010800060400010200000000010a0000640000000000000a000064';

describe('the punt socket', () => {
  let dir: ReturnType<typeof tempDir>;
  let path: string;
  let listener: DatagramListener | undefined;
  let socket: PuntSocket;

  beforeEach(() => {
    dir = tempDir();
    path = join(dir.path, 'punt.sock');
    listener = new DatagramListener(path);
    socket = new PuntSocket(path, systemClock);
  });
  afterEach(() => {
    socket.close();
    listener?.close();
    dir.remove();
  });

  const next = (): string | undefined => listener?.next()?.toString('hex');

  it('gets frames for an interface', async () => {
    assert.ok(await socket.open());
    await socket.ask(AT, '10.0.0.100');
    await socket.announce(AT, '10.0.0.100', '02:00:00:00:00:01');
    assert.equal(next(), `0201000000000000${PROBE}`);
    assert.equal(next(), `0201000000000000${GRATUITOUS}`);
    assert.equal(next(), undefined);
  });

  it('gets them with the tags of a VLAN', async () => {
    assert.ok(await socket.open());
    const tags = [
      { protocol: 0x88a8, id: 100 },
      { protocol: 0x8100, id: 7 },
    ];
    await socket.ask({ ...AT, tags }, '10.0.0.100');
    const tagged = `${PROBE.slice(0, 24)}88a8006481000007${PROBE.slice(24)}`;
    assert.equal(next(), `0201000000000000${tagged}`);
  });

  it('is not there, or nobody listens at it', async () => {
    assert.equal(await new PuntSocket(join(dir.path, 'none'), systemClock).open(), false);
    listener?.close();
    listener = undefined;
    assert.equal(await socket.open(), false);
    await assert.rejects(
      socket.ask(AT, '10.0.0.100'),
      (error) => error instanceof NfvError && error.code === 'VPP_UNREACHABLE',
    );
  });

  it('of a VPP that came later gets nothing that was meant for the one before', async () => {
    assert.ok(await socket.open());
    listener?.close();
    rmSync(path);
    listener = new DatagramListener(path);
    await assert.rejects(
      socket.ask(AT, '10.0.0.100'),
      (error) => error instanceof NfvError && error.code === 'KERNEL_REFUSED',
    );
    assert.equal(next(), undefined);
  });

  it('is waited for while it is full, and not for ever', async () => {
    const clock = new FakeClock();
    socket = new PuntSocket(path, clock);
    assert.ok(await socket.open());
    let last: Promise<void>;
    do last = socket.ask(AT, '10.0.0.100');
    while (clock.pending === 0);
    assert.ok(next() !== undefined);
    await clock.advance(5);
    await last;
    const late = assert.rejects(
      socket.ask(AT, '10.0.0.100'),
      (error) => error instanceof NfvError && error.code === 'VPP_UNREACHABLE',
    );
    await clock.advance(2000);
    await late;
  });
});
