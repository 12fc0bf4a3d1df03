/** A policy that is replaced while it is in use. */
import assert from 'node:assert/strict';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NfvError } from '../../../../src/errors.js';
import type { Identity } from '../../../../src/model/identity.js';
import { PolicyFile } from '../../../../src/nva/access/policy-file.js';
import { eventually } from '../../../support/eventually.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { refusedWith } from '../../../support/refusals.js';
import { tempDir } from '../../../support/temp-dir.js';

const LOOK_MS = 2000;
const user = (name: string): Identity => ({ kind: 'user', name });
const policy = (role: string, more = ''): string =>
  `trustDomain: nfv.example\nbindings: [{ users: [alice], role: ${role} }]\n${more}`;

describe('the file of the access policy', () => {
  let dir: ReturnType<typeof tempDir>;
  let path: string;
  let clock: FakeClock;
  let told: string[];
  let file: PolicyFile;
  beforeEach(async () => {
    dir = tempDir();
    path = join(dir.path, 'policy.yaml');
    clock = new FakeClock();
    told = [];
    write(policy('viewer'));
    file = await PolicyFile.open(path, clock, {
      replaced: () => told.push('replaced'),
      refused: (_path, { code }) => told.push(code),
    });
  });
  afterEach(async () => {
    await file.close();
    dir.remove();
  });

  /** In one step, as another file. */
  const write = (text: string): void => {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  };
  const look = async (): Promise<void> => {
    // What is new counts once two looks have seen it.
    for (let n = 0; n < 2; n++) {
      await clock.advance(LOOK_MS);
      await eventually(() => clock.pending === 1);
    }
  };
  const roles = (): string[] => file.policy.callerOf(user('alice')).grants.map(({ role }) => role);

  it('holds as it is, until it is another one', async () => {
    await look();
    assert.deepEqual([roles(), told], [['viewer'], []]);
    write(policy('operator'));
    assert.deepEqual(roles(), ['viewer']);
    await look();
    assert.deepEqual([roles(), told], [['operator'], ['replaced']]);
  });

  const BAD: readonly [what: string, spoil: () => void, code: string][] = [
    [
      'is none',
      () => {
        write('bindings: 1');
      },
      'CONFIG_INVALID',
    ],
    [
      'is empty',
      () => {
        write('');
      },
      'CONFIG_INVALID',
    ],
    [
      'has but comments',
      () => {
        write('---\n# by Ansible\n\n');
      },
      'CONFIG_INVALID',
    ],
    [
      'is too large',
      () => {
        write(`# ${'x'.repeat(5_000_000)}\nbindings: []\n`);
      },
      'FILE_UNREADABLE',
    ],
    [
      'is not there',
      () => {
        rmSync(path);
      },
      'FILE_UNREADABLE',
    ],
    [
      'is of another trust domain',
      () => {
        write('trustDomain: other.example\n');
      },
      'CONFIG_INVALID',
    ],
  ];
  for (const [what, spoil, code] of BAD) {
    it(`stays what it was where the new one ${what}, which is told once`, async () => {
      spoil();
      await look();
      await look();
      assert.deepEqual([roles(), told], [['viewer'], [code]]);
      write(policy('operator'));
      await look();
      assert.deepEqual([roles(), told], [['operator'], [code, 'replaced']]);
    });
  }

  it('may begin with as many comments as one likes', async () => {
    write(`${'#'.repeat(80)}\n${'# '.repeat(80)}\n---\n${policy('operator')}`);
    await look();
    assert.deepEqual([roles(), told], [['operator'], ['replaced']]);
  });

  it('is not looked into while it is being written', async () => {
    write(policy('operator'));
    await clock.advance(LOOK_MS);
    await eventually(() => clock.pending === 1);
    write('bindings: [');
    await clock.advance(LOOK_MS);
    await eventually(() => clock.pending === 1);
    write(policy('viewer'));
    await look();
    assert.deepEqual([roles(), told], [['viewer'], ['replaced']]);
  });

  it('cuts off what is under way for those whose rights are others now, once', async () => {
    const cut: string[] = [];
    const cutter = (name: string) => (error: NfvError) => void cut.push(`${name} ${error.code}`);
    for (const name of ['alice', 'bob']) file.policy.watch(user(name), cutter(name));
    const ended = file.policy.watch(user('alice'), cutter('nobody'));
    write(policy('viewer', 'quotas: {}\n'));
    await look();
    assert.deepEqual(cut, []);
    ended();
    for (const role of ['operator', 'viewer']) {
      write(policy(role));
      await look();
    }
    assert.deepEqual(cut, ['alice RIGHTS_CHANGED']);
  });

  it('is not begun without a good one', async () => {
    const events = { replaced: () => undefined, refused: () => undefined };
    await refusedWith('FILE_UNREADABLE', PolicyFile.open(`${path}.no`, clock, events));
    write('quotas: 7');
    await refusedWith('CONFIG_INVALID', PolicyFile.open(path, clock, events));
  });
});
