/** `stats --watch` in the test's own time; the segment itself is in test/integration/cli/vpp. */
import assert from 'node:assert/strict';
import type { VppStat, VppStatsReader } from '../../../../../src/cli/vpp/access.js';
import { nfvctl, startNfvctl, type Running } from '../../../../support/cli.js';
import { FakeClock, settle } from '../../../../support/fake-clock.js';

/** One interface that gets `speed` packets of 100 bytes a second. */
class Traffic {
  readonly clock = new FakeClock();
  closed = 0;

  constructor(private readonly speed: number) {}

  start(...words: string[]): Running {
    const openVppStats = (): Promise<VppStatsReader> =>
      Promise.resolve({
        read: (pattern) =>
          Promise.resolve(this.#stats().filter(({ name }) => pattern?.test(name) ?? true)),
        close: () => this.closed++,
      });
    return startNfvctl(['vpp', 'stats', ...words], { clock: this.clock, openVppStats });
  }

  #stats(): VppStat[] {
    const packets = BigInt((this.clock.monotonic() / 1000) * this.speed);
    const rx = [{ packets, bytes: packets * 100n }];
    return [
      { name: '/if/names', value: { kind: 'names', names: ['eth0'] } },
      { name: '/if/rx', value: { kind: 'combined', threads: [rx] } },
      { name: '/sys/idle', value: { kind: 'simple', threads: [[5n]] } },
    ];
  }
}

describe('nfvctl vpp stats --watch', () => {
  it('shows what moves, at each interval, until it is interrupted', async () => {
    const traffic = new Traffic(50);
    const running = traffic.start('--watch=2');
    await settle();
    await traffic.clock.advance(4000);
    running.interrupt();
    assert.equal(await running.status, 130);
    assert.equal(
      running.out.text,
      [
        'TIME                       NAME     ITEM   PER-SECOND   BYTES-PER-SECOND',
        '2026-01-01T00:00:02.000Z   /if/rx   eth0   50           5000',
        '2026-01-01T00:00:04.000Z   /if/rx   eth0   50           5000',
        '',
      ].join('\n'),
    );
    assert.deepEqual([running.err.text, traffic.closed], ['', 1]);
  });

  it('shows that it looks where nothing moves', async () => {
    const traffic = new Traffic(0);
    const running = traffic.start('--watch', '--no-headers');
    await settle();
    await traffic.clock.advance(1000);
    running.interrupt();
    await running.status;
    assert.match(running.out.text, /^2026-01-01T00:00:01\.000Z +- +- +0 +-\n$/);
  });

  it('prints an object a line with -o json', async () => {
    const traffic = new Traffic(10);
    const running = traffic.start('/if/?x', '-w', '-o', 'json');
    await settle();
    await traffic.clock.advance(1000);
    running.interrupt();
    await running.status;
    assert.equal(
      running.out.text,
      '{"time":"2026-01-01T00:00:01.000Z","seconds":1,"rates":[{"name":"/if/rx","index":0,"item":"eth0","perSecond":10,"bytesPerSecond":1000}]}\n',
    );
  });

  it('takes what stands after a bare --watch for the pattern', async () => {
    const traffic = new Traffic(10);
    const running = traffic.start('--watch', 'idle', '--zeros', '-o', 'json');
    await settle();
    await traffic.clock.advance(1000);
    running.interrupt();
    await running.status;
    assert.match(running.out.text, /"rates":\[\{"name":"\/sys\/idle","perSecond":0\}\]/);
  });

  for (const watch of ['0', '0.01', '99999', '2h', 'soon']) {
    it(`refuses --watch=${watch}`, async () => {
      const { status, err } = await nfvctl(['vpp', 'stats', '/if/', `--watch=${watch}`]);
      assert.equal(status, 2);
      assert.match(err, /^error: --watch: .*: not a time between readings \(INVALID_FIELD\)\n/);
    });
  }
});
