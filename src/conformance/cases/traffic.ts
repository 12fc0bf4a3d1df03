/** Queries, offers, and an NVA that is slow. */
import { MAX_QUERIES } from '../../model/query.js';
import type { Case } from '../case.js';
import { basis, domain, impossible, vtep } from '../items.js';
import { violation } from '../violation.js';

/** So many that what is reported of them fills every buffer on the way: some 300 KB. */
const MANY = 2000;

export const TRAFFIC: readonly Case[] = [
  {
    id: 'traffic/look',
    about: 'answers how items stand: as wanted, or not wanted',
    async run(lab) {
      const session = await lab.inStep(basis(lab));
      const keys = [domain(lab).key, domain(lab, 7).key];
      const { sights } = await session.query('LOOK', keys);
      const told = keys.map((key) => sights.find((each) => each.key === key)?.state ?? 'nothing');
      if (told.join() !== 'AS_WANTED,UNWANTED') throw violation(`it sees ${told.join(', ')}`);
    },
  },
  {
    id: 'traffic/counters',
    about: 'answers for the counters of ports that there are not: none',
    async run(lab) {
      const session = await lab.inStep(basis(lab));
      const { counters, error } = await session.query('COUNTERS', ['port/nfvd-conformance-nobody']);
      if (error === undefined && counters.length > 0)
        throw violation('it counts at a port of nobody');
    },
  },
  {
    id: 'traffic/queries',
    about: `answers ${MAX_QUERIES} queries that are on their way together, each once`,
    async run(lab) {
      const session = await lab.inStep(basis(lab));
      const ids = Array.from({ length: MAX_QUERIES }, () => session.nextQuery());
      for (const id of ids) {
        await session.send({ kind: 'query', id, what: 'LOOK', keys: [domain(lab).key], paths: [] });
      }
      for (const id of ids) await session.answer(id);
      await session.query('LOOK', [domain(lab).key]);
      const answered = session.of('query_reply').map(({ id }) => id);
      const twice = answered.find((id, at) => answered.indexOf(id) !== at);
      if (twice !== undefined) throw violation(`query ${twice} is answered twice`);
    },
  },
  {
    id: 'traffic/unknown-query',
    about: 'survives a query for what it does not know',
    async run(lab) {
      const session = await lab.inStep(basis(lab));
      await session.send({ kind: 'unknown_query', id: session.nextQuery() });
      lab.checkHolding((await lab.meet()).greeting, basis(lab), 'after an unknown query');
    },
  },
  {
    id: 'traffic/host-offer',
    about: 'answers an offer of a host profile, if its hello says that it takes them',
    exempt: ({ takesHostOffers }) => (takesHostOffers ? undefined : 'it takes no host offers'),
    async run(lab) {
      const session = await lab.inStep(basis(lab));
      await session.send({ kind: 'host_offer', offer: { profile: '', text: '' } });
      await session.until('host_report', () => session.of('host_report').length > 0);
    },
  },
  {
    id: 'traffic/slow-reader',
    about: 'waits for an NVA that reads slowly, and then tells it all',
    async run(lab) {
      const session = await lab.inStep([vtep(lab), domain(lab)]);
      const goOn = session.pause();
      const items = Array.from({ length: MANY }, (_, n) => impossible(lab, n));
      const before = lab.revision;
      const revision = lab.nextRevision();
      await session.delta(items.slice(0, MANY / 2), { revision: before, complete: false });
      await session.delta(items.slice(MANY / 2), { revision });
      // It has time to fill what is between us: that a session lasts is all that can be seen.
      await lab.pass(500);
      if (session.isOver) throw violation('it ended the session when nobody read');
      goOn();
      await session.settled(revision);
      const silent = items.filter(({ key }) => session.reportOf(key)?.failure === undefined);
      if (silent.length > 0) throw violation(`${silent.length} of ${MANY} failures are not told`);
      await lab.inStep(basis(lab));
    },
  },
];
