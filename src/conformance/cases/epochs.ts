/** Whose word counts: epochs, revisions, and whose store it is. */
import type { Case } from '../case.js';
import type { Lab } from '../lab.js';
import { basis, domain } from '../items.js';
import { STORE_ID } from '../store-id.js';
import { violation } from '../violation.js';

export const EPOCHS: readonly Case[] = [
  {
    id: 'epoch/stale-delta',
    about: 'refuses a delta of a lower epoch than its session has',
    async run(lab) {
      lab.takeOver();
      const session = await lab.inStep(basis(lab));
      const sequence = await session.delta([domain(lab, 1)], { epoch: lab.epoch - 1 });
      await session.refused(sequence, 'a delta of a lower epoch');
      lab.checkHolding((await lab.meet()).greeting, basis(lab), 'after a stale delta');
    },
  },
  {
    id: 'epoch/stale-welcome',
    about: 'ends a session of a lower epoch than it has seen',
    async run(lab) {
      lab.takeOver();
      await lab.inStep(basis(lab));
      await refusesWelcome(lab, 'a lower epoch', STORE_ID, lab.epoch - 1);
    },
  },
  {
    id: 'epoch/other-store',
    about: 'ends a session with an NVA that has another store',
    async run(lab) {
      await lab.inStep(basis(lab));
      await refusesWelcome(lab, 'another store', `${STORE_ID}-2`, lab.epoch + 1);
    },
  },
  {
    id: 'epoch/higher',
    about: 'takes a higher epoch over, also when it is in step',
    async run(lab) {
      await lab.inStep(basis(lab));
      lab.takeOver();
      const session = await lab.meet();
      await session.welcome({ sendHeldItems: false });
      // Nothing but the welcome has told it of the epoch; it has read that when it answers.
      await session.query('LOOK', [domain(lab).key]);
      const { epoch } = (await lab.meet()).greeting;
      if (epoch.number !== lab.epoch) {
        throw violation(`hello tells epoch ${epoch.number}, not ${lab.epoch}`);
      }
    },
  },
  {
    id: 'epoch/revision',
    about: 'refuses a delta of a lower revision than the one before it',
    async run(lab) {
      const session = await lab.inStep(basis(lab));
      await session.change([]);
      const sequence = await session.delta([domain(lab, 1)], { revision: lab.revision - 1 });
      await session.refused(sequence, 'a delta of a lower revision');
      lab.checkHolding((await lab.meet()).greeting, basis(lab), 'after a lower revision');
    },
  },
  {
    id: 'epoch/below-welcome',
    about:
      'refuses a delta that makes the configuration whole at a lower revision than that of the welcome',
    async run(lab) {
      await lab.inStep(basis(lab));
      const session = await lab.meet();
      const below = lab.nextRevision();
      await session.welcome({ revision: lab.nextRevision() });
      await session.heldItems();
      const sequence = await session.delta([domain(lab, 1)], { revision: below });
      await session.refused(sequence, "a delta of a lower revision than the welcome's");
      lab.checkHolding(
        (await lab.meet()).greeting,
        basis(lab),
        'after a revision below the welcome',
      );
    },
  },
];

async function refusesWelcome(
  lab: Lab,
  why: string,
  storeId: string,
  number: number,
): Promise<void> {
  const session = await lab.meet();
  await session.welcome({ epoch: { storeId, number }, sendHeldItems: false });
  await session.ended(why);
  const { greeting } = await lab.meet();
  lab.checkHolding(greeting, basis(lab), `after ${why}`);
  const { epoch } = greeting;
  if (epoch.storeId === STORE_ID && epoch.number === lab.epoch) return;
  throw violation(`hello tells epoch ${epoch.number} of ${epoch.storeId} after ${why}`);
}
