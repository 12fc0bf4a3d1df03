/** What becomes of items. */
import type { Case } from '../case.js';
import { CODE, type Conversation } from '../conversation.js';
import { basis, domain, impossible, extra } from '../items.js';
import { violation } from '../violation.js';

export const REPORTS: readonly Case[] = [
  {
    id: 'reports/applied',
    about: 'reports what is applied, of this version and this epoch, or nothing but the revision',
    async run(lab) {
      const item = domain(lab, 1);
      const session = await lab.inStep(basis(lab));
      await session.change([item]);
      checkApplied(session, item.key, item.version);
      const odd = session.of('item_reports').find(({ epoch }) => epoch !== lab.epoch);
      if (odd !== undefined) throw violation(`reports of epoch ${odd.epoch}, not ${lab.epoch}`);
      await looks(session, item.key, 'AS_WANTED');
    },
  },
  {
    id: 'reports/partial-failure',
    about: 'applies what it can of a delta, and reports the rest as failed, with a code',
    async run(lab) {
      const [good, bad] = [extra(lab, 1), impossible(lab)];
      const session = await lab.inStep(basis(lab));
      await session.change([bad, good]);
      const failure = session.reportOf(bad.key)?.failure;
      if (failure === undefined)
        throw violation(`${bad.key} cannot be, and is not reported failed`);
      if (!CODE.test(failure.code)) throw violation(`the code "${failure.code}"`);
      checkApplied(session, good.key, good.version);
      await looks(session, good.key, 'AS_WANTED');
    },
  },
  {
    id: 'reports/mended',
    about: 'reports that a failed item is gone, when it is',
    async run(lab) {
      const bad = impossible(lab);
      const session = await lab.inStep([...basis(lab), bad]);
      await session.change([], [bad.key]);
      const report = session.reportOf(bad.key);
      if (report?.version === '' && report.failure !== undefined) {
        throw violation(`the removal of ${bad.key} is reported failed`);
      }
      await looks(session, bad.key, 'UNWANTED');
    },
  },
  {
    id: 'reports/changed',
    about: 'changes an item to its new version',
    async run(lab) {
      const [old, changed] = [domain(lab, 1, 1400), domain(lab, 1, 1300)];
      const session = await lab.inStep([...basis(lab), old]);
      await session.change([changed]);
      checkApplied(session, changed.key, changed.version);
      await looks(session, changed.key, 'AS_WANTED');
      lab.checkHolding((await lab.meet()).greeting, [...basis(lab), changed], 'after a change');
    },
  },
  {
    id: 'reports/same-again',
    about: 'takes an item in the version that it has already, and changes nothing',
    async run(lab) {
      const session = await lab.inStep(basis(lab));
      await session.change(basis(lab));
      for (const { key, version } of basis(lab)) checkApplied(session, key, version);
      lab.checkHolding((await lab.meet()).greeting, basis(lab), 'after the same again');
    },
  },
  {
    id: 'reports/absent-removed',
    about: 'removes what is not there',
    async run(lab) {
      const session = await lab.inStep(basis(lab));
      await session.change([], [domain(lab, 1).key, impossible(lab).key]);
      lab.checkHolding((await lab.meet()).greeting, basis(lab), 'after removals of nothing');
    },
  },
  {
    id: 'reports/settled',
    about: 'never tells a revision that it was not sent, nor a lower one than before',
    async run(lab) {
      const session = await lab.inStep(basis(lab));
      for (let n = 1; n <= 3; n++) await session.change([extra(lab, n)]);
      let last = 0;
      for (const { settledRevision } of session.of('item_reports')) {
        if (settledRevision < last) throw violation(`revision ${settledRevision} after ${last}`);
        last = settledRevision;
      }
      if (last > lab.revision) throw violation(`revision ${last}, and ${lab.revision} was sent`);
    },
  },
  {
    id: 'reports/of-what-is-known',
    about: 'reports only versions that it was sent',
    async run(lab) {
      const items = [...basis(lab), domain(lab, 1), extra(lab, 1)];
      const session = await lab.inStep(items);
      await session.change([], [domain(lab, 1).key]);
      const known = new Map(items.map(({ key, version }) => [key, version]));
      for (const { key, version } of session.of('item_reports').flatMap(({ entries }) => entries)) {
        if (version !== '' && known.has(key) && known.get(key) !== version) {
          throw violation(`${key} is reported of version ${version}, which it was not sent`);
        }
      }
    },
  },
];

/** What is not reported failed is applied, once its revision is settled. */
function checkApplied(session: Conversation, key: string, version: string): void {
  const report = session.reportOf(key);
  if (report === undefined || (report.version === version && report.failure === undefined)) return;
  const { failure } = report;
  const what = failure === undefined ? 'applied' : `failed: ${failure.code} ${failure.message}`;
  throw violation(`${key} is reported ${what}, as version "${report.version}", not ${version}`);
}

async function looks(session: Conversation, key: string, wanted: string): Promise<void> {
  const { sights, error } = await session.query('LOOK', [key]);
  if (error !== undefined) throw violation(`no look at ${key}: ${error.code} ${error.message}`);
  const sight = sights.find((each) => each.key === key);
  if (sight?.state === wanted) return;
  throw violation(
    `${key} is ${sight?.state ?? 'not told of'}, not ${wanted}: ${sight?.detail ?? ''}`,
  );
}
