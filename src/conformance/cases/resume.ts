/** Sessions that end, and those that follow. */
import type { Case } from '../case.js';
import { basis, domain, impossible, extra } from '../items.js';
import { digestOf } from '../lab.js';
import { violation } from '../violation.js';

/** Cuts in the middle of a delta. */
const CUTS = 5;
/** So long nobody takes it. */
const REFUSING_MS = 1000;
/** So often it may come meanwhile: whoever waits 2 ms, and twice as long each time, comes ten times. */
const MAX_COMING = 20;

export const RESUME: readonly Case[] = [
  {
    id: 'resume/in-step',
    about: 'comes back with what it has stored, and goes on from there',
    async run(lab) {
      const items = basis(lab);
      await lab.inStep(items);
      const session = await lab.meet();
      const { epoch, revision } = session.greeting;
      lab.checkHolding(session.greeting, items, 'after the session');
      if (epoch.number !== lab.epoch || revision !== lab.revision) {
        const text = `epoch ${epoch.number} and revision ${revision}`;
        throw violation(`hello tells ${text}, not ${lab.epoch} and ${lab.revision}`);
      }
      await session.welcome({ sendHeldItems: false });
      await session.change([extra(lab, 1)]);
      if (session.of('held_items').length > 0) throw violation('held_items, and nobody asked');
      lab.checkHolding((await lab.meet()).greeting, [...items, extra(lab, 1)], 'in step');
    },
  },
  {
    id: 'resume/cut',
    about: 'holds a delta wholly or not at all, when the session breaks before its answer',
    async run(lab) {
      let items = basis(lab);
      for (let n = 1; n <= CUTS; n++) {
        const session = await lab.inStep(items);
        const after = [...items, domain(lab, n), extra(lab, n)];
        await session.delta([domain(lab, n), extra(lab, n)]);
        const { digest } = (await lab.meet()).greeting;
        if (digest === digestOf(after)) items = after;
        else if (digest !== digestOf(items)) {
          throw violation(`the digest ${digest} is that of neither the old nor the new items`);
        }
      }
      await lab.inStep(basis(lab));
    },
  },
  {
    id: 'resume/unanswered',
    about: 'holds what it has answered for',
    async run(lab) {
      const session = await lab.inStep(basis(lab));
      await session.stored(await session.delta([domain(lab, 1)]));
      const items = [...basis(lab), domain(lab, 1)];
      lab.checkHolding((await lab.meet()).greeting, items, 'after an answer');
    },
  },
  {
    id: 'resume/removed-meanwhile',
    about: 'removes what went while it was away',
    async run(lab) {
      const removed = domain(lab, 1);
      await lab.inStep([...basis(lab), removed]);
      const session = await lab.inStep(basis(lab));
      const [sight] = (await session.query('LOOK', [removed.key])).sights;
      if (sight?.state !== 'UNWANTED') {
        throw violation(`${removed.key} is ${sight?.state ?? 'not told of'}, not UNWANTED`);
      }
    },
  },
  {
    id: 'resume/failures',
    about: 'tells in each session what is failed, before it tells a settled revision',
    async run(lab) {
      const bad = [0, 1, 2].map((n) => impossible(lab, n));
      await lab.inStep([...basis(lab), ...bad]);
      const session = await lab.meet();
      await session.welcome({ sendHeldItems: false });
      await session.until('a settled revision', () => session.settledRevision > 0);
      const silent = bad.find(({ key }) => session.reportOf(key)?.failure === undefined);
      if (silent === undefined) return;
      throw violation(
        `${silent.key} is not reported failed in the session after, before a settled revision`,
      );
    },
  },
  {
    id: 'resume/many-times',
    about: 'comes back as often as sessions end',
    async run(lab) {
      await lab.inStep(basis(lab));
      for (let n = 0; n < 5; n++) {
        const session = await lab.meet();
        await session.welcome({ sendHeldItems: false });
        await session.stored(await session.delta([]));
      }
    },
  },
  {
    id: 'resume/backoff',
    about: 'waits longer and longer before it comes again to an NVA that does not take it',
    async run(lab) {
      const { clock } = lab.options;
      const end = clock.monotonic() + REFUSING_MS;
      let came = 0;
      for (; clock.monotonic() < end; came++) await lab.meet();
      if (came > MAX_COMING) {
        throw violation(`it came ${came} times in ${REFUSING_MS / 1000} s, and was not taken`);
      }
      await lab.inStep(basis(lab));
    },
  },
];
