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

const AT = { index: 0x0102, tags: [], isThere: () => true };
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
    await socket.open();
    await socket.ask(AT, '10.0.0.100');
    await socket.announce(AT, '10.0.0.100', '02:00:00:00:00:01', false);
    assert.equal(next(), `0201000000000000${PROBE}`);
    assert.equal(next(), `0201000000000000${GRATUITOUS}`);
    assert.equal(next(), undefined);
  });

  it('gets them with the tags of a VLAN', async () => {
    await socket.open();
    const tags = [
      { protocol: 0x88a8, id: 100 },
      { protocol: 0x8100, id: 7 },
    ];
    await socket.ask({ ...AT, tags }, '10.0.0.100');
    const tagged = `${PROBE.slice(0, 24)}88a8006481000007${PROBE.slice(24)}`;
    assert.equal(next(), `0201000000000000${tagged}`);
  });

  it('is not there, or nobody listens at it: the error has the path and the reason', async () => {
    const none = join(dir.path, 'none');
    await refused(new PuntSocket(none, systemClock).open(), none, 'ENOENT');
    listener?.close();
    listener = undefined;
    await refused(socket.open(), path, 'ECONNREFUSED');
    await rejected(socket.ask(AT, '10.0.0.100'), 'VPP_UNREACHABLE');
  });

  it('of a VPP that came later gets nothing that was meant for the one before', async () => {
    await socket.open();
    listener?.close();
    rmSync(path);
    listener = new DatagramListener(path);
    await rejected(socket.ask(AT, '10.0.0.100'), 'KERNEL_REFUSED');
    assert.equal(next(), undefined);
  });

  describe('while it is full', () => {
    let clock: FakeClock;
    const sent: string[] = [];

    beforeEach(async () => {
      clock = new FakeClock();
      sent.splice(0);
      socket = new PuntSocket(path, clock);
      await socket.open();
      let last: Promise<void>;
      do last = socket.announce(AT, '10.0.0.99', '02:00:00:00:00:01', false);
      while (clock.pending === 0);
      assert.ok(next() !== undefined);
      await clock.advance(5);
      await last;
    });

    /** What waits now, by its name. */
    const ask = (ip: string, at = AT): void => {
      socket.ask(at, ip).then(
        () => {
          sent.push(ip);
        },
        (thrown: unknown) => {
          sent.push(`${ip} ${NfvError.from(thrown).code}`);
        },
      );
    };

    it('is waited for in turn, as long as VPP reads', async () => {
      const ips = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
      for (const ip of ips) ask(ip);
      assert.equal(clock.pending, 1);
      for (let i = 0; i < ips.length; i++) {
        await clock.advance(1990);
        assert.deepEqual(sent, ips.slice(0, i));
        assert.ok(next() !== undefined);
        await clock.advance(5);
        assert.deepEqual(sent, ips.slice(0, i + 1));
      }
      assert.equal(clock.pending, 0);
    });

    it('is given up by all that wait, when VPP has read nothing for two seconds', async () => {
      ask('10.0.0.1');
      ask('10.0.0.2');
      await clock.advance(1999);
      assert.deepEqual(sent, []);
      await clock.advance(5);
      assert.deepEqual(sent, ['10.0.0.1 DEADLINE_EXCEEDED', '10.0.0.2 DEADLINE_EXCEEDED']);
      assert.equal(clock.pending, 0);
      ask('10.0.0.3');
      assert.ok(next() !== undefined);
      await clock.advance(5);
      assert.deepEqual(sent.slice(2), ['10.0.0.3']);
    });

    it('gets nothing for an interface that went meanwhile', async () => {
      let isThere = true;
      ask('10.0.0.1', { ...AT, isThere: () => isThere });
      ask('10.0.0.2');
      isThere = false;
      while (next() !== undefined);
      await clock.advance(5);
      assert.deepEqual(sent, ['10.0.0.1', '10.0.0.2']);
      assert.match(next() ?? '', /0a000002$/);
      assert.equal(next(), undefined);
    });

    it('has room for so many that wait, and no more', async () => {
      for (let i = 0; i < 10_000; i++) ask('10.0.0.1');
      assert.equal(clock.pending, 1);
      await rejected(socket.ask(AT, '10.0.0.2'), 'TOO_MANY_REQUESTS');
      socket.close();
      await clock.advance(0);
      assert.equal(sent.length, 10_000);
      assert.deepEqual([...new Set(sent)], ['10.0.0.1 VPP_UNREACHABLE']);
      assert.equal(clock.pending, 0);
    });
  });
});

async function rejected(work: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(work, (error) => error instanceof NfvError && error.code === code);
}

async function refused(work: Promise<unknown>, path: string, errno: string): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof NfvError);
    assert.deepEqual([error.code, error.metadata['errno']], ['KERNEL_REFUSED', errno]);
    assert.ok(error.message.startsWith(`${path}: `) && error.message.includes(errno));
    return true;
  });
}
