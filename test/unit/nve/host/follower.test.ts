import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NfvError } from '../../../../src/errors.js';
import { profileHash, type HostStatus } from '../../../../src/model/host/offer.js';
import type { ChangeStatus } from '../../../../src/model/host/status.js';
import { HostFollower, type FollowedHost } from '../../../../src/nve/host/follower.js';
import { readOffer } from '../../../../src/nve/host/offered.js';
import type { ProfileSource } from '../../../../src/nve/host/planner.js';
import { eventually } from '../../../support/eventually.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { MemoryLog } from '../../../support/null-log.js';
import { tempDir } from '../../../support/temp-dir.js';

const ONE = { profile: 'edge', text: 'nics: []\n' };
const TWO = { profile: 'edge', text: 'hugepages: []\n' };

/** A host that does what it is told, or fails so. */
class Host implements FollowedHost {
  readonly asked: ProfileSource[] = [];
  failures: NfvError[] = [];
  #change: ChangeStatus | undefined;

  status(): ReturnType<FollowedHost['status']> {
    const state = this.#change === undefined ? 'idle' : 'ready';
    return Promise.resolve({ state, change: this.#change });
  }

  apply(profile: ProfileSource): Promise<void> {
    this.asked.push(profile);
    const failure = this.failures.shift();
    if (failure !== undefined) return Promise.reject(failure);
    const hash = profileHash(profile.text);
    const rest = { id: 'c', phase: 'confirmed', planHash: '', steps: [] } as const;
    const { name } = profile;
    this.#change = { ...rest, profile: name, profileHash: hash, confirmWithinMs: undefined };
    return Promise.resolve();
  }
}

describe('an agent that follows the NVA’s host profile', () => {
  const dir = tempDir();
  let count = 0;
  let stateDir: string;
  let host: Host;
  let clock: FakeClock;
  let log: MemoryLog;
  let told: HostStatus[];
  let follower: HostFollower;

  const start = async (apply: 'auto' | 'manual' = 'auto'): Promise<void> => {
    const policy = { profileFrom: 'nva', apply } as const;
    follower = await HostFollower.start({ host, stateDir, ...policy, clock, log });
    follower.onStatus((status) => told.push(status));
  };
  const phase = (wanted: string): Promise<unknown> =>
    eventually(() => told.at(-1)?.phase === wanted);

  beforeEach(() => {
    stateDir = join(dir.path, String(count++));
    host = new Host();
    clock = new FakeClock();
    log = new MemoryLog();
    told = [];
  });
  afterEach(() => follower.stop());
  after(() => {
    dir.remove();
  });

  it('has it on the disk when it says that it has taken it', async () => {
    await start('manual');
    await follower.take(ONE);
    assert.deepEqual(await readOffer(stateDir), { ...ONE, takes: 'nva' });
    await phase('OFFERED');
    assert.deepEqual(host.asked, []);
  });

  it('applies each once, and says so on the way', async () => {
    await start();
    await follower.take(ONE);
    await phase('APPLIED');
    assert.deepEqual(
      told.map((status) => status.phase),
      ['NONE', 'OFFERED', 'APPLYING', 'APPLIED'],
    );
    await follower.take(ONE);
    await clock.advance(20_000);
    await follower.take(TWO);
    await eventually(() => told.at(-1)?.appliedHash === profileHash(TWO.text));
    assert.deepEqual(
      host.asked.map(({ name, text }) => [name, text]),
      [
        ['hostProfiles/edge', ONE.text],
        ['hostProfiles/edge', TWO.text],
      ],
    );
  });

  it('tries again what somebody else was in the way of, and nothing else', async () => {
    host.failures = [
      new NfvError('HOST_BUSY', 'a change is under way'),
      new NfvError('PLAN_BLOCKED', 'it is in use'),
    ];
    await start();
    await follower.take(ONE);
    await eventually(() => host.asked.length === 1 && clock.pending === 1);
    await clock.advance(5000);
    await phase('FAILED');
    assert.deepEqual(
      [told.at(-1)?.reasonCode, told.at(-1)?.reason],
      ['PLAN_BLOCKED', 'it is in use'],
    );
    for (let i = 0; i < 5; i++) {
      await eventually(() => clock.pending === 1);
      await clock.advance(5000);
    }
    assert.equal(host.asked.length, 2);
  });

  it('waits for a boot where that is what it takes', async () => {
    host.failures = [new NfvError('REBOOT_NEEDED', 'the kernel has no IOMMU')];
    await start();
    await follower.take(ONE);
    await phase('WAITING_FOR_REBOOT');
    await follower.stop();
    told = [];
    await start();
    await phase('APPLIED');
  });

  it('keeps the old one where the new one cannot be stored', async () => {
    await start('manual');
    await follower.take(ONE);
    // A directory in the place of the file that is written first.
    mkdirSync(join(stateDir, 'offered.json.nfvd-new'));
    await assert.rejects(follower.take(TWO), { code: 'FILE_UNREADABLE' });
    assert.deepEqual(await readOffer(stateDir), { ...ONE, takes: 'nva' });
  });

  it('takes nothing from a file that is not its own', async () => {
    await start('manual');
    await follower.take(ONE);
    writeFileSync(join(stateDir, 'offered.json'), '{"profile":"edge"}');
    await assert.rejects(readOffer(stateDir), { code: 'STORE_DAMAGED' });
    await follower.stop();
    await start();
    assert.deepEqual(
      log.lines.flatMap(({ level, message }) => (level === 'warn' ? [message] : [])),
      ['the host profile that was offered is lost'],
    );
    await follower.take(ONE);
    await phase('APPLIED');
  });

  it('tells once that it cannot look at the host', async () => {
    await start('manual');
    host.status = () => Promise.reject(new NfvError('JOURNAL_DAMAGED', 'line 3'));
    await follower.take(ONE);
    for (let i = 0; i < 3; i++) {
      await eventually(() => clock.pending === 1);
      await clock.advance(5000);
    }
    const warnings = log.lines.filter(({ level }) => level === 'warn');
    assert.deepEqual(
      warnings.map(({ message }) => message),
      ['cannot look at how the host is prepared'],
    );
  });
});
