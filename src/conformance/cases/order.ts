/** Deltas: in their order, each stored or refused as a whole. */
import { MAX_ENTRIES } from '../../model/southbound.js';
import { BAD_ITEMS, type BadItem } from '../../rpc/convert/malformed.js';
import type { Case } from '../case.js';
import { basis, domain, impossible, extra, vtep } from '../items.js';
import { violation } from '../violation.js';

export const ORDER: readonly Case[] = [
  {
    id: 'order/replies',
    about: 'answers deltas that are on their way together one by one, in their order',
    async run(lab) {
      const session = await lab.inStep(basis(lab));
      const sent: number[] = [];
      for (let n = 1; n <= 4; n++) sent.push(await session.delta([extra(lab, n)]));
      for (const sequence of sent) await session.stored(sequence);
      const order = session.of('delta_reply').map(({ sequence }) => sequence);
      const wanted = order.map((_, at) => at + 1);
      if (order.join() !== wanted.join()) throw violation(`replies to ${order.join(', ')}`);
      await session.settled();
      const items = [...basis(lab), ...[1, 2, 3, 4].map((n) => extra(lab, n))];
      lab.checkHolding((await lab.meet()).greeting, items, 'after four deltas');
    },
  },
  {
    id: 'order/gap',
    about: 'ends a session in which a delta is missing, and stores nothing after the gap',
    async run(lab) {
      const session = await lab.inStep(basis(lab));
      const next = session.nextSequence() + 1;
      await session.delta([domain(lab, 1)], { sequence: next });
      await session.ended('a delta is missing');
      lab.checkHolding((await lab.meet()).greeting, basis(lab), 'after a gap');
    },
  },
  {
    id: 'order/repeated',
    about: 'ends a session in which a delta comes twice',
    async run(lab) {
      const session = await lab.inStep(basis(lab));
      const sequence = await session.delta([extra(lab, 1)]);
      await session.stored(sequence);
      await session.delta([domain(lab, 1)], { sequence });
      await session.ended('a delta came twice');
      const items = [...basis(lab), extra(lab, 1)];
      lab.checkHolding((await lab.meet()).greeting, items, 'after a delta that came twice');
    },
  },
  {
    id: 'order/key-twice',
    about: 'refuses a delta that has a key twice, as a whole',
    async run(lab) {
      const session = await lab.inStep(basis(lab));
      const removes = [extra(lab, 0).key];
      const sequence = await session.delta([extra(lab, 1), extra(lab, 0)], { removes });
      await session.refused(sequence, 'a delta that makes and removes one key');
      lab.checkHolding((await lab.meet()).greeting, basis(lab), 'after a key that came twice');
    },
  },
  {
    id: 'order/refused',
    about: 'goes on after it has refused a delta, and reports nothing of that',
    async run(lab) {
      const refused = extra(lab, 1);
      const session = await lab.inStep(basis(lab));
      const sequence = await session.delta([refused], { removes: [refused.key] });
      await session.refused(sequence, 'a delta that makes and removes one key');
      await session.change([extra(lab, 2)]);
      const report = session.reportOf(refused.key);
      if (report !== undefined && report.failure === undefined) {
        throw violation(`${refused.key} is reported applied, and its delta was refused`);
      }
      const items = [...basis(lab), extra(lab, 2)];
      lab.checkHolding((await lab.meet()).greeting, items, 'after a refused delta');
    },
  },
  ...BAD_ITEMS.map(badItem),
  {
    id: 'order/no-message',
    about: 'survives a message of a kind that it does not know, and keeps what it has',
    async run(lab) {
      const session = await lab.inStep(basis(lab));
      await session.send({ kind: 'unknown_message' });
      lab.checkHolding((await lab.meet()).greeting, basis(lab), 'after an unknown message');
    },
  },
  {
    id: 'order/dependencies',
    about: 'reports as failed what comes before that on which it depends, and applies it with that',
    async run(lab) {
      const { key } = domain(lab);
      const session = await lab.inStep([]);
      await session.change([domain(lab)]);
      if (session.reportOf(key)?.failure === undefined) throw violation(`${key} without its VTEP`);
      await session.change([vtep(lab)]);
      await session.until(`${key} as wanted`, () => session.reportOf(key)?.failure === undefined);
    },
  },
  {
    id: 'order/large',
    about: `takes a delta of ${MAX_ENTRIES} items`,
    async run(lab) {
      const session = await lab.inStep(basis(lab));
      const items = Array.from({ length: MAX_ENTRIES }, (_, n) => impossible(lab, n));
      await session.change(items);
      const after = [...basis(lab), ...items];
      lab.checkHolding((await lab.meet()).greeting, after, 'after a thousand items');
      await lab.inStep(basis(lab));
    },
  },
];

function badItem(what: BadItem): Case {
  return {
    id: `order/bad-item/${what.replaceAll(' ', '-')}`,
    about: `refuses a delta with an item that has ${what}, as a whole`,
    async run(lab) {
      const session = await lab.inStep(basis(lab));
      const sequence = session.nextSequence();
      await session.send({
        kind: 'malformed_delta',
        sequence,
        epoch: lab.epoch,
        revision: lab.nextRevision(),
        items: [what],
      });
      await session.refused(sequence, `an item with ${what}`);
      lab.checkHolding((await lab.meet()).greeting, basis(lab), `after an item with ${what}`);
    },
  };
}
