import assert from 'node:assert/strict';
import { announcement } from '../../../../src/host/packets/frames.js';
import type { Libc } from '../../../../src/host/packets/libc.js';
import { Listening } from '../../../../src/host/packets/listening.js';
import type { FromListener } from '../../../../src/host/packets/messages.js';

const BELL = 3;
const PORT = 7;

describe('what comes in at an interface', () => {
  /** What is told of these frames, which are all there at once. */
  function toldOf(...frames: readonly Buffer[]): string[] {
    const waiting = [...frames];
    const libc: Libc = {
      indexOf: () => 1,
      listen: () => PORT,
      macOf: () => '02:00:00:00:00:ff',
      send: () => undefined,
      receive: () => waiting.shift(),
      wait: () => new Set([PORT]),
      bell: () => BELL,
      ring: () => undefined,
      silence: () => undefined,
      close: () => undefined,
    };
    const told: FromListener[] = [];
    const listening = new Listening(
      libc,
      (message) => told.push(message),
      () => 0,
    );
    const lookouts = [{ interface: 'p', addresses: ['10.0.0.100', '10.0.0.101'] }];
    listening.told({ kind: 'watch', lookouts });
    listening.wait(BELL);
    return told.map((each) => (each.kind === 'seen' ? `${each.ip} ${each.mac}` : each.kind));
  }

  it('is told with each MAC: of two answers of one machine one may be what counts', () => {
    const own = '02:00:00:00:00:01';
    const virtual = '00:00:5e:00:01:01';
    const frames = [own, virtual].map((mac) => announcement('10.0.0.100', mac));
    assert.deepEqual(toldOf(...frames), [`10.0.0.100 ${own}`, `10.0.0.100 ${virtual}`]);
  });

  it('is told once of each, the last one last', () => {
    const [a, b] = ['02:00:00:00:00:01', '02:00:00:00:00:02'] as const;
    const frames = [a, b, a].map((mac) => announcement('10.0.0.101', mac));
    assert.deepEqual(toldOf(...frames), [`10.0.0.101 ${b}`, `10.0.0.101 ${a}`]);
  });

  it('is left out if it is of another address', () => {
    assert.deepEqual(toldOf(announcement('10.0.0.7', '02:00:00:00:00:01')), []);
  });
});
