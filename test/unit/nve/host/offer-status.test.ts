import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import { profileHash, type HostPhase } from '../../../../src/model/host/offer.js';
import type { ChangeStatus, HostState } from '../../../../src/model/host/status.js';
import { hostStatusOf } from '../../../../src/nve/host/offer-status.js';

const TEXT = 'nics: []\n';
const OFFER = { profile: 'edge', text: TEXT, takes: 'nva' } as const;
const change = (text: string, profile = 'hostProfiles/edge'): ChangeStatus => ({
  id: 'c',
  phase: 'confirmed',
  profile,
  profileHash: profileHash(text),
  planHash: '',
  steps: [],
  confirmWithinMs: undefined,
});
const OWN = change(TEXT);
const OTHER = change('hugepages: []\n', 'host.yaml');
const BLOCKED = new NfvError('PLAN_BLOCKED', 'it is in use');
const REBOOT = new NfvError('REBOOT_NEEDED', 'the kernel has no IOMMU');

describe('what the NVA is told of its host profile', () => {
  const rows: [
    state: HostState['state'],
    applied: ChangeStatus | undefined,
    takes: 'local' | 'nva',
    failure: NfvError | undefined,
    phase: HostPhase,
    reason: string,
  ][] = [
    ['idle', undefined, 'nva', undefined, 'OFFERED', ''],
    ['idle', undefined, 'nva', BLOCKED, 'FAILED', 'it is in use'],
    ['idle', undefined, 'nva', REBOOT, 'WAITING_FOR_REBOOT', 'the kernel has no IOMMU'],
    [
      'idle',
      undefined,
      'local',
      undefined,
      'NOT_TAKEN',
      "the agent's configuration says host.profileFrom: local",
    ],
    ['applying', OWN, 'nva', undefined, 'APPLYING', ''],
    ['undoing', OWN, 'nva', undefined, 'APPLYING', ''],
    ['unconfirmed', OWN, 'nva', undefined, 'UNCONFIRMED', ''],
    ['ready', OWN, 'nva', undefined, 'APPLIED', ''],
    ['ready', OWN, 'local', undefined, 'APPLIED', ''],
    ['drifted', OWN, 'nva', BLOCKED, 'APPLIED', ''],
    ['rebooted', OWN, 'nva', undefined, 'OFFERED', 'the host is rebooted'],
    ['interrupted', OWN, 'nva', undefined, 'OFFERED', 'the host is interrupted'],
    ['ready', OTHER, 'nva', undefined, 'OFFERED', 'the host is prepared with host.yaml'],
    [
      'ready',
      OTHER,
      'local',
      undefined,
      'NOT_TAKEN',
      "the agent's configuration says host.profileFrom: local; the host is prepared with host.yaml",
    ],
  ];
  for (const [state, applied, takes, failure, phase, reason] of rows) {
    const what = `${state}, ${applied?.profile ?? 'nothing'}, ${takes}, ${failure?.code ?? 'no failure'}`;
    it(`${what}: ${phase}`, () => {
      assert.deepEqual(hostStatusOf({ ...OFFER, takes }, { state, change: applied }, failure), {
        profile: 'edge',
        wantedHash: profileHash(TEXT),
        appliedProfile: applied?.profile ?? '',
        appliedHash: applied?.profileHash ?? '',
        phase,
        reasonCode:
          phase === 'FAILED' || phase === 'WAITING_FOR_REBOOT' ? (failure?.code ?? '') : '',
        reason,
      });
    });
  }

  it('says what the host has also when nothing is offered', () => {
    const none = { profile: '', text: '', takes: 'nva' } as const;
    const status = hostStatusOf(none, { state: 'ready', change: OWN }, undefined);
    assert.deepEqual(
      [status.phase, status.wantedHash, status.appliedProfile],
      ['NONE', '', 'hostProfiles/edge'],
    );
  });
});
