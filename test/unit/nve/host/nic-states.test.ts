import assert from 'node:assert/strict';
import type { Inventory } from '../../../../src/model/host/inventory.js';
import { NO_BLAST, type PlannedStep } from '../../../../src/model/host/plan.js';
import type { StepOf } from '../../../../src/model/host/steps.js';
import { nicStatuses } from '../../../../src/nve/host/nic-states.js';
import {
  foldRecords,
  type JournalRecord,
  type Transaction,
} from '../../../../src/nve/host/transaction.js';
import { busyHost } from '../../../support/fake-sysfs/busy-host.js';
import { MGMT, PF0, PF1 } from '../../../support/fake-sysfs/hosts.js';

const bind = (ref: string, driver: string | null): StepOf<'bind'> => ({
  kind: 'bind',
  function: ref,
  driver,
  override: null,
  owner: null,
});
const planned = (ref: string, driver: string | null, before: string | null): PlannedStep => ({
  step: bind(ref, driver),
  before: bind(ref, before),
  undo: [bind(ref, before)],
  blast: NO_BLAST,
});
const BEGIN: JournalRecord = {
  type: 'begin',
  id: 'c',
  at: 0,
  bootId: 'b',
  reason: 'apply',
  planHash: '',
  profile: { text: '', name: 'host.yaml' },
  steps: [planned(PF0, 'vfio-pci', 'igb'), planned(PF1, null, 'igb')],
  confirmMs: null,
};
const after = (...records: readonly JournalRecord[]): Transaction[] =>
  foldRecords([BEGIN, ...records]);
const start = (step: number): JournalRecord => ({ type: 'start', step });
const done = (step: number): JournalRecord => ({ type: 'done', step });
const UNDO: JournalRecord = { type: 'undo', why: 'request', message: '' };

describe('the states of NICs', () => {
  const rows: [what: string, transactions: Transaction[], pf0: string, pf1: string][] = [
    ['nothing is begun', after(), 'kernel', 'kernel'],
    ['the first is bound', after(start(0)), 'binding', 'kernel'],
    ['the first is done', after(start(0), done(0)), 'vfio', 'kernel'],
    // A driver of none is no VFIO: that is giving it up, not taking it.
    ['the second is let go', after(start(0), done(0), start(1)), 'vfio', 'restoring'],
    ['both are done', after(start(0), done(0), start(1), done(1)), 'vfio', 'driverless'],
    [
      'the first is given back',
      after(start(0), done(0), UNDO, { type: 'undo-start', step: 0, steps: [] }),
      'restoring',
      'kernel',
    ],
    [
      'the first was given back',
      after(
        start(0),
        done(0),
        UNDO,
        { type: 'undo-start', step: 0, steps: [] },
        { type: 'undo-done', step: 0 },
      ),
      'kernel',
      'kernel',
    ],
  ];
  for (const [what, transactions, pf0, pf1] of rows) {
    it(`by the journal: ${what}`, () => {
      assert.deepEqual(nicStatuses(transactions, undefined), [
        { name: '', function: PF0, state: pf0 },
        { name: '', function: PF1, state: pf1 },
      ]);
    });
  }

  it('by a look: what is there, whatever the journal says, and each NIC of the profile', async () => {
    const host = busyHost();
    try {
      const inventory: Inventory = await host.inventory();
      const nics = [
        { name: 'up', ref: PF0 },
        { name: 'mgmt', ref: MGMT },
        { name: 'vf', ref: `${PF1}/vf7` },
      ];
      const applied = after(start(0), done(0), start(1), done(1));
      assert.deepEqual(
        nicStatuses(applied, { inventory, nics }).map(({ name, function: ref, state }) => [
          name,
          ref,
          state,
        ]),
        [
          ['mgmt', MGMT, 'kernel'],
          ['up', PF0, 'kernel'],
          ['', PF1, 'kernel'],
          ['vf', `${PF1}/vf7`, 'absent'],
        ],
      );
    } finally {
      host.close();
    }
  });
});
