/**
 * Changes of a host as the journal has them. A transaction is one plan on its way: applied, and
 * confirmed where that is asked for, or undone. The journal's records, in order, give all of them.
 */
import { z } from 'zod';
import { NfvError } from '../../errors.js';
import type { Bdf } from '../../model/host/inventory.js';
import type { HugepageShare } from '../../model/host/ledger.js';
import { plannedStep } from '../../model/host/plan.js';
import { step, survivesReboot, type Step } from '../../model/host/steps.js';

const index = z.int().min(0);

const begin = z.strictObject({
  type: z.literal('begin'),
  id: z.string(),
  /** Milliseconds since the epoch. */
  at: z.number(),
  bootId: z.string(),
  /** `apply`: somebody asked for it; `boot`, `repair`: the same profile once more. */
  reason: z.enum(['apply', 'boot', 'repair']),
  planHash: z.string(),
  /** The profile as it was given, and what it was called. */
  profile: z.strictObject({ text: z.string(), name: z.string() }),
  steps: z.array(plannedStep),
  /** It has to be confirmed within so many milliseconds after it was applied; null: not at all. */
  confirmMs: z.number().nullable(),
});

const record = z.discriminatedUnion('type', [
  begin,
  z.strictObject({ type: z.literal('start'), step: index }),
  z.strictObject({ type: z.literal('done'), step: index }),
  /** `confirmBy`: milliseconds since the epoch; null: it need not be. */
  z.strictObject({ type: z.literal('applied'), confirmBy: z.number().nullable() }),
  z.strictObject({ type: z.literal('confirmed') }),
  z.strictObject({
    type: z.literal('undo'),
    why: z.enum(['failure', 'request', 'unconfirmed', 'reboot']),
    message: z.string(),
  }),
  /** What is done to undo a step, worked out from the host at that moment. */
  z.strictObject({ type: z.literal('undo-start'), step: index, steps: z.array(step) }),
  z.strictObject({ type: z.literal('undo-done'), step: index }),
  z.strictObject({ type: z.literal('undone') }),
  /** A summary takes the place of a transaction of an earlier boot. */
  z.strictObject({ type: z.literal('kept'), transaction: begin, confirmed: z.boolean() }),
]);
export type JournalRecord = z.infer<typeof record>;

export type Phase = 'applying' | 'applied' | 'confirmed' | 'undoing' | 'undone';

export interface Transaction extends Omit<z.infer<typeof begin>, 'type'> {
  readonly phase: Phase;
  /** Steps that were begun: 0 to this, less one. */
  readonly started: number;
  readonly done: ReadonlySet<number>;
  readonly confirmBy: number | null;
  /** Why it is undone. */
  readonly undoing: { readonly why: string; readonly message: string } | undefined;
  readonly undoSteps: ReadonlyMap<number, readonly Step[]>;
  readonly undone: ReadonlySet<number>;
}

/** @throws NfvError JOURNAL_DAMAGED: a record that this version does not know */
export function parseRecord(value: unknown): JournalRecord {
  const parsed = record.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new NfvError(
    'JOURNAL_DAMAGED',
    'the journal has a record that this version does not know',
    {
      cause: parsed.error,
      remedy: 'use the version of nfvd that wrote it',
    },
  );
}

/** All transactions that are not undone, the newest last. */
export function foldRecords(records: Iterable<JournalRecord>): Transaction[] {
  let transactions: Transaction[] = [];
  for (const r of records) transactions = applyRecord(transactions, r);
  return transactions;
}

/** Each record but `begin` and `kept` is about the newest transaction. */
export function applyRecord(transactions: readonly Transaction[], r: JournalRecord): Transaction[] {
  if (r.type === 'begin') return [...transactions, fresh(r)];
  if (r.type === 'kept') return [...transactions, keptTransaction(r.transaction, r.confirmed)];
  const last = transactions.at(-1);
  if (last === undefined) {
    throw new NfvError('JOURNAL_DAMAGED', `a record "${r.type}" without a transaction`);
  }
  const others = transactions.slice(0, -1);
  return r.type === 'undone' ? others : [...others, change(last, r)];
}

function fresh(b: z.infer<typeof begin>): Transaction {
  const { id, at, bootId, reason, planHash, profile, steps, confirmMs } = b;
  return {
    ...{ id, at, bootId, reason, planHash, profile, steps, confirmMs },
    phase: 'applying',
    started: 0,
    done: new Set(),
    confirmBy: null,
    undoing: undefined,
    undoSteps: new Map(),
    undone: new Set(),
  };
}

function keptTransaction(transaction: z.infer<typeof begin>, confirmed: boolean): Transaction {
  const { steps } = transaction;
  const done = new Set(steps.keys());
  const phase = confirmed ? 'confirmed' : 'applied';
  return { ...fresh(transaction), phase, started: steps.length, done };
}

type Change = Exclude<JournalRecord, { readonly type: 'begin' | 'kept' | 'undone' }>;

function change(t: Transaction, r: Change): Transaction {
  switch (r.type) {
    case 'start':
      return { ...t, started: Math.max(t.started, r.step + 1) };
    case 'done':
      return { ...t, done: new Set([...t.done, r.step]) };
    case 'applied': {
      const { confirmBy } = r;
      return { ...t, phase: confirmBy === null ? 'confirmed' : 'applied', confirmBy };
    }
    case 'confirmed':
      return { ...t, phase: 'confirmed', confirmBy: null };
    case 'undo':
      return { ...t, phase: 'undoing', undoing: { why: r.why, message: r.message } };
    case 'undo-start':
      return { ...t, undoSteps: new Map([...t.undoSteps, [r.step, r.steps]]) };
    case 'undo-done':
      return { ...t, undone: new Set([...t.undone, r.step]) };
  }
}

/** The fewest records that give these transactions again; those under way are not given so. */
export function summarize(transactions: readonly Transaction[]): JournalRecord[] {
  return transactions.flatMap((t): JournalRecord[] => {
    const { id, at, bootId, reason, planHash, profile, steps, confirmMs } = t;
    const body = {
      type: 'begin',
      id,
      at,
      bootId,
      reason,
      planHash,
      profile,
      steps,
      confirmMs,
    } as const;
    return [{ type: 'kept', transaction: body, confirmed: t.phase === 'confirmed' }];
  });
}

/**
 * Indexes of the steps that are to be undone, in that order. Of a transaction of an earlier boot
 * only what outlives a boot is still there.
 */
export function stepsToUndo(t: Transaction, bootId: string): number[] {
  return [...t.steps.entries()]
    .filter(([i]) => i < t.started && !t.undone.has(i))
    .filter(([, { step: s }]) => t.bootId === bootId || survivesReboot(s))
    .map(([i]) => i)
    .reverse();
}

/** Pages added by steps of this boot that are not undone. */
export function ledgerOf(transactions: readonly Transaction[], bootId: string): HugepageShare[] {
  const shares = new Map<string, HugepageShare>();
  for (const t of transactions) {
    if (t.bootId !== bootId) continue;
    for (const [i, { step: s, before }] of t.steps.entries()) {
      if (s.kind !== 'hugepages' || before?.kind !== 'hugepages') continue;
      if (!t.done.has(i) || t.undone.has(i)) continue;
      const key = `${s.node} ${s.sizeKb}`;
      // What others have taken of ours since is not ours any more.
      const left = Math.min(shares.get(key)?.pages ?? 0, before.pages);
      const pages = left + s.pages - before.pages;
      shares.set(key, { node: s.node, sizeKb: s.sizeKb, pages });
    }
  }
  return [...shares.values()];
}

/** MACs that functions had when the kernel last had them. */
export function knownMacs(transactions: readonly Transaction[]): Map<Bdf, string> {
  const macs = new Map<Bdf, string>();
  for (const { steps } of transactions) {
    for (const s of steps.flatMap(({ undo }) => undo)) {
      if (s.kind === 'netdev') macs.set(s.function, s.values.mac);
    }
  }
  return macs;
}
