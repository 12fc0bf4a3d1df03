/** How a host's preparation stands, for whoever asks: reads, and locks nothing. */
import { join } from 'node:path';
import { NfvError } from '../../errors.js';
import type { ReadDoors } from '../../host/doors.js';
import { Journal } from '../../host/journal.js';
import { isLocked } from '../../host/lock.js';
import { readBootId } from '../../dpdk/machine.js';
import type { DriftReport, HostState } from '../../model/host/status.js';
import { describeStep } from '../../model/host/steps.js';
import { offerState, readOffer } from './offered.js';
import { nicStatuses } from './nic-states.js';
import { HostPlanner, type Planned } from './planner.js';
import { changeStatus } from './status.js';
import { foldRecords, ledgerOf, parseRecord, type Transaction } from './transaction.js';

export interface StateOptions {
  readonly doors: ReadDoors;
  /** Where the journal is. */
  readonly stateDir: string;
  /** IP addresses of the NVA's replicas. */
  readonly nva: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Changes that are not undone, the newest last. @throws NfvError JOURNAL_DAMAGED, FILE_UNREADABLE */
export async function readTransactions(stateDir: string): Promise<Transaction[]> {
  const records = await Journal.read(join(stateDir, 'journal'));
  return foldRecords(records.map(parseRecord));
}

/**
 * @param looks also plans once more, to see whether the host is still as its profile wants it
 * @throws NfvError JOURNAL_DAMAGED, FILE_UNREADABLE; with `looks` those of the readers
 */
export async function readHostState(
  options: StateOptions,
  looks: boolean,
  signal: AbortSignal,
): Promise<HostState> {
  const { doors, stateDir, now } = options;
  const transactions = await readTransactions(stateDir);
  const bootId = await readBootId(doors.files);
  const last = transactions.at(-1);
  const hugepages = ledgerOf(transactions, bootId);
  const offered = offerState(await readOffer(stateDir));
  if (last === undefined) {
    const nothing = { change: undefined, drift: undefined, nics: [] };
    return { state: 'idle', ready: false, hugepages, offered, ...nothing };
  }
  const state = await stateOf(last, bootId, stateDir);
  // What is being changed is not looked at meanwhile.
  const isStill = state !== 'applying' && state !== 'undoing';
  const planned =
    looks && isStill ? await look(last, transactions, bootId, options, signal) : undefined;
  const drift = planned !== undefined && state === 'ready' ? driftOf(planned) : undefined;
  return {
    state: drift !== undefined && drift.steps.length > 0 ? 'drifted' : state,
    ready: state === 'ready',
    change: changeStatus(last, now),
    drift,
    hugepages,
    nics: nicStatuses(transactions, planned),
    offered,
  };
}

async function stateOf(
  last: Transaction,
  bootId: string,
  stateDir: string,
): Promise<HostState['state']> {
  switch (last.phase) {
    case 'applying':
    case 'undoing': {
      const isUnderWay = await isLocked(join(stateDir, 'lock'));
      return isUnderWay ? last.phase : 'interrupted';
    }
    case 'applied':
      return last.bootId === bootId ? 'unconfirmed' : 'interrupted';
    case 'confirmed':
      return last.bootId === bootId ? 'ready' : 'rebooted';
    case 'undone':
      throw new NfvError('INTERNAL', 'a change that is undone is still there');
  }
}

function look(
  last: Transaction,
  transactions: readonly Transaction[],
  bootId: string,
  { doors, nva }: StateOptions,
  signal: AbortSignal,
): Promise<Planned> {
  return new HostPlanner(doors, nva, bootId).plan(last.profile, transactions, signal);
}

function driftOf({ plan }: Planned): DriftReport {
  const steps = plan.steps.map(({ step }) => describeStep(step));
  return { steps, findings: plan.findings, repaired: false };
}
