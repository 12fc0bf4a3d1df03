/** A VPP, or what sits between, that does not keep to the protocol. */
import assert from 'node:assert/strict';
import { NfvError } from '../../../src/errors.js';
import { bundled } from '../../../src/vpp-api/client/fallbacks.js';
import { EmulatedVpp } from '../../support/emulated-vpp.js';
import { eventually } from '../../support/eventually.js';
import type { EmulatorOptions } from '../../support/vpp-emulator/emulator.js';
import type { Faults } from '../../support/vpp-emulator/peer.js';
import type { Request } from '../../support/vpp-emulator/request.js';
import { ALL_INTERFACES, ClientUnderTest, overSocket } from '../../support/vpp-under-test.js';

const QUICK = { retry: { initialMs: 5, maxMs: 20 }, fallbacks: [bundled()] };

describe('VPP client, faults of the other end', () => {
  let vpp: EmulatedVpp;
  let made: ClientUnderTest;

  /** Without its own definitions, which would be long to bring in small pieces. */
  const start = async (options: Partial<EmulatorOptions> = {}, client = {}): Promise<void> => {
    vpp = new EmulatedVpp({ withoutJson: true, ...options });
    await vpp.start();
    made = new ClientUnderTest(overSocket(vpp), { ...QUICK, ...client });
  };
  const ready = (): Promise<void> => made.client.ready(AbortSignal.timeout(30_000));
  const ping = (options = {}): Promise<unknown> => made.client.request('control_ping', {}, options);
  const isPing = ({ name }: Request): boolean => name === 'control_ping';

  afterEach(async () => {
    await made.client.close();
    await vpp.remove();
  });

  /** The connection ends for `code`, what was under way fails, and the next connection serves. */
  const endsAndRecovers = async (code: string, cause: () => void): Promise<void> => {
    await ready();
    vpp.emulator.gate = (request) => !isPing(request);
    const calls = [ping(), made.client.request('show_version', {}), ping()];
    await calls[1];
    const from = made.events.length;
    const failures = Promise.allSettled([calls[0], calls[2]]);
    cause();
    for (const result of await failures) {
      assert.ok(result.status === 'rejected');
      const error = NfvError.from(result.reason);
      assert.equal(error.code, 'VPP_CONNECTION_LOST');
      assert.equal(NfvError.from(error.cause ?? error).code, code);
    }
    vpp.emulator.gate = () => true;
    await made.told('ready', from);
    const lost = made.events.slice(from).find(({ kind }) => kind === 'lost');
    assert.ok(lost?.kind === 'lost' && lost.wasOpen);
    assert.equal(lost.error.code, code);
    await ping();
    const after = made.events.at(-1);
    assert.ok(after?.kind === 'ready' && !after.restarted, 'VPP was not restarted');
  };

  describe('on the stream', () => {
    for (const size of [7, 16, 17, 26, 1_000]) {
      it(`bytes come ${size} at a time`, async () => {
        await start();
        vpp.emulator.faults = { cut: () => size };
        await ready();
        const calls = Array.from({ length: 50 }, () => ping());
        calls.push(made.client.dump('sw_interface_dump', ALL_INTERFACES));
        await Promise.all(calls);
      });
    }

    it('bytes come in pieces of any size', async () => {
      await start();
      let seed = 12345;
      const next = (): number => (seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff);
      vpp.emulator.faults = { cut: () => 1 + (next() % 3_000) };
      await ready();
      await Promise.all(Array.from({ length: 2_000 }, () => ping()));
    });

    const frames: readonly (readonly [string, () => Buffer])[] = [
      ['a frame without a message', () => Buffer.alloc(16)],
      ['a frame of 4 GiB', () => Buffer.alloc(16, 0xff)],
      ['text', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
      ['an id that is no message’s', () => frame(Buffer.from('fff0000000010000', 'hex'))],
      ['a message cut to its id', () => frame(idOf('control_ping_reply'))],
      [
        'a reply to a context that was never used',
        () => frame(vpp.emulator.encode('control_ping_reply', 0x7fff_ffff, { vpe_pid: 1 })),
      ],
      [
        'a reply to context 0',
        () => frame(vpp.emulator.encode('control_ping_reply', 0, { vpe_pid: 1 })),
      ],
      [
        'another request’s reply',
        () => frame(vpp.emulator.encode('show_version_reply', lastPing(), {})),
      ],
      [
        'a reply that is a request',
        () => frame(vpp.emulator.encode('control_ping', lastPing(), {})),
      ],
    ];
    for (const [name, bytes] of frames) {
      it(`${name} ends the connection`, async () => {
        await start();
        await endsAndRecovers('VPP_PROTOCOL', () => {
          vpp.emulator.tellRaw(bytes());
        });
      });
    }

    it('a reply that is cut ends the connection', async () => {
      await start();
      await endsAndRecovers('VPP_MESSAGE_MALFORMED', () => {
        const whole = vpp.emulator.encode('control_ping_reply', lastPing(), {});
        vpp.emulator.tellRaw(frame(whole.subarray(0, whole.length - 1)));
      });
    });

    it('an end in mid-message is one', async () => {
      await start();
      await endsAndRecovers('VPP_CONNECTION_LOST', () => {
        const whole = frame(vpp.emulator.encode('control_ping_reply', lastPing(), {}));
        vpp.emulator.tellRaw(whole.subarray(0, 20));
        setImmediate(() => {
          vpp.emulator.dropClients();
        });
      });
      assert.ok(
        made.events.some((e) => e.kind === 'lost' && e.error.message.endsWith('in mid-message')),
      );
    });

    it('the connection may end after any number of bytes', async () => {
      await start();
      await ready();
      // The frame of sockclnt_create_reply.
      const table = 16 + 20 + 66 * vpp.emulator.messageCount;
      const ends = [0, 1, 15, 16, 17, 22, 100, table - 1, table, table + 1, table + 20, table + 36];
      for (const closeAfter of ends) {
        const from = made.events.length;
        vpp.emulator.faults = { closeAfter };
        vpp.emulator.dropClients();
        await made.told('lost', from);
        // Twice: the first was the end of the connection before.
        await eventually(() => made.kinds.slice(from).filter((kind) => kind === 'lost').length > 1);
        vpp.emulator.faults = {};
        // A connection of before may still come to its end.
        await eventually(async () => {
          await ready();
          await ping();
        });
      }
    });
  });

  describe('on single messages', () => {
    it('late replies are dropped, whatever they answer', async () => {
      await start();
      await ready();
      const held: Request[] = [];
      vpp.emulator.gate = (request) => {
        held.push(request);
        return false;
      };
      const calls = [
        ping({ deadlineMs: 20 }),
        made.client.dump('sw_interface_dump', ALL_INTERFACES, { deadlineMs: 20 }),
        made.client.request('delete_loopback', { sw_if_index: 9 }, { deadlineMs: 20 }),
      ];
      for (const call of calls) await assert.rejects(call, { code: 'DEADLINE_EXCEEDED' });
      vpp.emulator.gate = () => true;
      for (const request of held) vpp.emulator.answer(request);
      await Promise.all(Array.from({ length: 10 }, () => ping()));
      assert.deepEqual(made.kinds, ['ready']);
    });

    it('replies that come twice are taken once', async () => {
      await start();
      await ready();
      vpp.emulator.faults = twice;
      vpp.emulator.dropClients();
      await made.told('lost');
      await ready();
      await Promise.all(Array.from({ length: 1_000 }, () => ping()));
      const interfaces = await made.client.dump('sw_interface_dump', ALL_INTERFACES);
      // Within a dump nothing tells a message that comes twice from two.
      assert.equal(interfaces.length, 2);
    });

    it('replies in another order find their calls', async () => {
      await start();
      await ready();
      const held: Request[] = [];
      vpp.emulator.gate = (request) => {
        held.push(request);
        return false;
      };
      const calls = [
        made.client.request('show_version', {}),
        made.client.dump('sw_interface_dump', ALL_INTERFACES),
        ping(),
        made.client.request('cli_inband', { cmd: 'show version' }),
      ];
      await eventually(() => held.length === 5);
      // The dump before its ping, or there is no end to it; the rest backwards.
      const [version, dump, barrier, second, cli] = held;
      for (const request of [cli, second, dump, barrier, version]) {
        if (request !== undefined) vpp.emulator.answer(request);
      }
      const answers = (await Promise.all(calls)).map((answer) => JSON.stringify(answer));
      const signs = ['"program":"vpe"', '"interface_name":"local0"', '"vpe_pid"', '"reply":"vpp v'];
      signs.forEach((sign, i) => {
        assert.ok(answers[i]?.includes(sign), answers[i]);
      });
    });

    it('a call without an answer holds up nothing, and its place is given back', async () => {
      await start({}, { window: 2, probeMs: 20 });
      await ready();
      vpp.emulator.gate = ({ name }) => name !== 'show_version';
      const lost = Array.from({ length: 2 }, () =>
        made.client.request('show_version', {}, { deadlineMs: 30 }),
      );
      for (const call of lost) await assert.rejects(call, { code: 'DEADLINE_EXCEEDED' });
      // Both places are taken until a ping shows that no answer will come.
      await Promise.all(Array.from({ length: 10 }, () => ping()));
      assert.deepEqual(made.kinds, ['ready']);
    });

    it('a keepalive is answered in its context', async () => {
      await start();
      await ready();
      vpp.emulator.tell('memclnt_keepalive', {}, undefined, 0xfeed_0001);
      await eventually(() =>
        vpp.emulator.received.some(
          ({ name, context }) => name === 'memclnt_keepalive_reply' && context === 0xfeed_0001,
        ),
      );
    });

    it('an event that nobody asked for is dropped', async () => {
      await start();
      await ready();
      vpp.emulator.tell('sw_interface_event', { sw_if_index: 1 });
      await ping();
      assert.deepEqual(made.kinds, ['ready']);
    });

    it('an event that is cut ends the connection', async () => {
      await start();
      await ready();
      const want = { enable_disable: 1, pid: 1 };
      await made.client.subscribe('want_interface_events', want);
      await endsAndRecovers('VPP_MESSAGE_MALFORMED', () => {
        const event = vpp.emulator.encode('sw_interface_event', 0, {});
        vpp.emulator.tellRaw(frame(event.subarray(0, 12)));
      });
    });
  });

  const twice: Faults = {
    replace: (message, name) =>
      ['control_ping_reply', 'sw_interface_details'].includes(name)
        ? [message, message]
        : [message],
  };

  const lastPing = (): number =>
    vpp.emulator.received.findLast(({ name }) => name === 'control_ping')?.context ?? 0;

  const idOf = (name: string): Buffer => {
    const id = Buffer.alloc(2);
    id.writeUInt16BE(vpp.emulator.idOf(name));
    return id;
  };
});

function frame(message: Buffer): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32BE(message.length, 8);
  return Buffer.concat([header, message]);
}
