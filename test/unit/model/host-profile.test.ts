import assert from 'node:assert/strict';
import { NfvError } from '../../../src/errors.js';
import {
  checkHostProfile,
  hostProfileState,
  NEW_HOST_PROFILE,
  NO_HOST_PROFILE_STATUS,
  selects,
  type HostProfileSpec,
} from '../../../src/model/host-profile.js';
import { profileHash } from '../../../src/model/host/offer.js';
import { HOST_PROFILE } from '../../support/samples.js';

const GOOD = HOST_PROFILE.spec;

describe('checkHostProfile', () => {
  it('takes what is right as it is', () => {
    assert.equal(checkHostProfile(GOOD), GOOD);
  });

  const rows: [what: string, change: Partial<HostProfileSpec>, faults: RegExp[]][] = [
    ['no text', { profile: ' \n' }, [/^host_profile\.profile: .*: empty$/]],
    [
      'faults in the text, all of them with their lines',
      { profile: 'nics:\n  - { name: a, role: dpdk, match: { bdf: "41:00" } }\nspeed: 3\n' },
      [
        /^host_profile\.profile: .*: line 2:\d+: nics\[0\]\.match\.bdf: not a PCI address$/,
        /^host_profile\.profile: .*: line 3:1: speed: /,
      ],
    ],
    ['what is no YAML', { profile: 'a: [' }, [/^host_profile\.profile: .*: line 1:\d+: /]],
    [
      'two documents',
      { profile: '{}\n---\n{}\n' },
      [/^host_profile\.profile: .*: line 3:1: a second document$/],
    ],
    [
      'a text that is too large',
      { profile: `#${'x'.repeat(65_536)}` },
      [/^host_profile\.profile: 65537 bytes: too large$/],
    ],
    [
      'NVEs that are none, or given twice',
      { nves: ['host-a', 'Host', 'host-a'] },
      [
        /^host_profile\.nves\[1\]: Host: not an id$/,
        /^host_profile\.nves\[2\]: host-a: given twice$/,
      ],
    ],
    [
      'labels that are none',
      { nveLabels: { 'a b': '' }, labels: { k: '-' } },
      [/^host_profile\.labels\.k: /, /^host_profile\.nve_labels: a b: not a label key$/],
    ],
  ];
  for (const [what, change, faults] of rows) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => checkHostProfile({ ...GOOD, ...change }),
        (thrown: unknown) => {
          const { code, violations } = NfvError.from(thrown);
          assert.equal(code, 'INVALID_FIELD');
          const texts = violations.map(
            ({ field, value, reason }) => `${field}: ${value}: ${reason}`,
          );
          assert.equal(texts.length, faults.length, texts.join('\n'));
          for (const [i, fault] of faults.entries()) assert.match(texts[i] ?? '', fault);
          return true;
        },
      );
    });
  }
});

describe('selects', () => {
  const spec = { ...NEW_HOST_PROFILE, nves: ['host-a'], nveLabels: { rack: 'r1', tier: 'edge' } };
  const rows = [
    ['host-a', {}, 'by-name'],
    ['host-b', { rack: 'r1', tier: 'edge', more: 'x' }, 'by-labels'],
    ['host-b', { rack: 'r1' }, undefined],
    ['host-b', {}, undefined],
  ] as const;
  for (const [nve, labels, by] of rows) {
    it(`${nve} with ${JSON.stringify(labels)}: ${by ?? 'no'}`, () => {
      assert.equal(selects(spec, nve, labels), by);
    });
  }

  it('nobody without names and labels', () => {
    assert.equal(selects(NEW_HOST_PROFILE, 'host-a', {}), undefined);
  });
});

describe('hostProfileState', () => {
  const failed = HOST_PROFILE.status.targets;
  const rows = [
    [NO_HOST_PROFILE_STATUS, 'UNUSED'],
    [{ selected: 2, applied: 2, targets: [] }, 'APPLIED'],
    [{ selected: 2, applied: 1, targets: failed }, 'FAILED'],
    [{ selected: 2, applied: 1, targets: [] }, 'PENDING'],
  ] as const;
  for (const [status, state] of rows) {
    it(state, () => {
      assert.equal(hostProfileState(status), state);
    });
  }
});

it('profileHash is SHA-256 of the text', () => {
  // printf abc | sha256sum
  assert.equal(
    profileHash('abc'),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});
