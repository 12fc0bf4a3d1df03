import assert from 'node:assert/strict';
import { laggardsText } from '../../../src/cli/await-applied.js';
import { NO_PAINT } from '../../../src/cli/style.js';
import { NfvError } from '../../../src/errors.js';
import { connectTo, nfvctl, startNfvctl } from '../../support/cli.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { MemoryNva } from '../../support/memory-nva.js';

const LAGGARDS = [
  {
    nve: 'host-a',
    code: 'NVE_DISCONNECTED',
    reason: 'not heard of since 2026-01-01',
    appliedRevision: 3,
    failures: [],
  },
  {
    nve: 'host-bbb',
    code: 'NETNS_MISSING',
    reason: '1 item failed',
    appliedRevision: 41,
    failures: [
      { key: 'port/web-2', code: 'NETNS_MISSING', message: 'no network namespace "w\u001b"' },
    ],
  },
];

describe('laggardsText', () => {
  it('names who lags, why, and what to do', () => {
    const result = { applied: false, revision: 42, laggards: LAGGARDS };
    assert.equal(
      laggardsText(result, '30s', NO_PAINT),
      `error: 2 NVEs have not applied revision 42 after 30s
NVE        CODE               APPLIED   REASON
host-a     NVE_DISCONNECTED   3         not heard of since 2026-01-01
host-bbb   NETNS_MISSING      41        1 item failed
  host-bbb: port/web-2: no network namespace "w\\u001b" (NETNS_MISSING)
remedy: NVE_DISCONNECTED: check the agent on that host
remedy: NETNS_MISSING: create the network namespace: ip netns add NAME
`,
    );
  });

  it('says what failed once', () => {
    const failures = [{ key: 'port/a', code: 'NETNS_MISSING', message: 'no namespace a' }];
    const reason = 'port/a: no namespace a';
    const laggards = [{ nve: 'b', code: 'NETNS_MISSING', reason, appliedRevision: 1, failures }];
    const text = laggardsText({ applied: false, revision: 7, laggards }, '1s', NO_PAINT);
    assert.equal(text.match(/no namespace a/g)?.length, 1);
  });

  it('tells ten failures of an NVE, and how many more there are', () => {
    const failures = Array.from({ length: 13 }, (_, i) => ({
      key: `port/${i}`,
      code: 'NETNS_MISSING',
      message: 'none',
    }));
    const laggards = [
      { nve: 'b', code: 'NETNS_MISSING', reason: 'r', appliedRevision: 1, failures },
    ];
    const lines = laggardsText({ applied: false, revision: 7, laggards }, '1s', NO_PAINT)
      .split('\n')
      .filter((line) => line.startsWith('  '));
    assert.equal(lines.length, 11);
    assert.equal(lines.at(-1), '  b: 3 more: see "nfvctl describe nve b"');
  });

  it('counts one', () => {
    const result = { applied: false, revision: 7, laggards: LAGGARDS.slice(0, 1) };
    assert.match(laggardsText(result, '1s', NO_PAINT), /^error: 1 NVE has not applied revision 7/);
  });

  it('knows no remedy for a code of a newer NVA', () => {
    const laggards = [{ nve: 'a', code: 'NEW', reason: 'r', appliedRevision: 0, failures: [] }];
    const text = laggardsText({ applied: false, revision: 7, laggards }, '1s', NO_PAINT);
    assert.doesNotMatch(text, /remedy/);
  });
});

describe('nfvctl wait', () => {
  let clock: FakeClock;
  let nva: MemoryNva;
  beforeEach(() => {
    clock = new FakeClock();
    nva = new MemoryNva(clock);
  });
  const start = (...argv: string[]): ReturnType<typeof startNfvctl> =>
    startNfvctl(['wait', ...argv], { connect: connectTo(nva), clock });

  it('ends when everything is applied', async () => {
    nva.laggards = LAGGARDS;
    const { status, out, err } = start('--timeout', '1m');
    await settle();
    await clock.advance(1500);
    nva.laggards = [];
    nva.settle();
    assert.equal(await status, 0);
    assert.equal(out.text, 'applied by every NVE at revision 0 after 1.5s\n');
    assert.equal(err.text, '');
    assert.equal(clock.pending, 0);
  });

  it('names the laggards when the time is up', async () => {
    nva.laggards = LAGGARDS;
    const { status, err } = start();
    await settle();
    await clock.advance(30_000);
    assert.equal(await status, 6);
    assert.match(err.text, /^error: 2 NVEs have not applied revision 0 after 30s\n/);
  });

  it('asks again when the NVA starts anew in the meantime', async () => {
    nva.failNext('waitApplied', new NfvError('NVA_UNREACHABLE', 'gone'), 2);
    const { status } = start();
    await settle();
    await clock.advance(1000);
    assert.equal(await status, 0);
    assert.equal(nva.calls.length, 3);
  });

  it('gives up when the NVA stays away', async () => {
    nva.failNext('waitApplied', new NfvError('NVA_UNREACHABLE', 'gone'), 100);
    const { status, err } = start('--timeout', '3s');
    await settle();
    await clock.advance(5000);
    assert.equal(await status, 5);
    assert.match(err.text, /^error: gone \(NVA_UNREACHABLE\)\nremedy: /);
  });

  it('ends quietly when it is interrupted', async () => {
    nva.laggards = LAGGARDS;
    const running = start();
    await settle();
    running.interrupt();
    assert.equal(await running.status, 130);
    assert.equal(running.out.text + running.err.text, '');
  });

  const wrong: [argv: string[], message: string][] = [
    [['--revision', '7'], 'error: 7 is after 0 (REVISION_IN_FUTURE)'],
    [['--revision', 'x'], 'error: --revision: x: not a whole number (INVALID_FIELD)'],
    [['--timeout', '1d'], 'error: --timeout: 1d: not a duration (INVALID_FIELD)'],
  ];
  for (const [argv, message] of wrong) {
    it(`refuses ${argv.join(' ')}`, async () => {
      const ran = await nfvctl(['wait', ...argv], { connect: connectTo(nva), clock });
      assert.equal(ran.status, 2);
      assert.equal(ran.err.split('\n')[0], message);
    });
  }
});
