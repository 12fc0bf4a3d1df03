/** How a session begins. */
import { MAX_ENTRIES, PROTOCOL_VERSION } from '../../model/southbound.js';
import type { Case } from '../case.js';
import type { Conversation } from '../conversation.js';
import { basis, domain, impossible, vtep } from '../items.js';
import type { Lab } from '../lab.js';
import { violation } from '../violation.js';

const DIGEST = /^[0-9a-f]{16}$/;
/** More than one message has room for. */
const MANY = MAX_ENTRIES + 500;

export const GREETING: readonly Case[] = [
  {
    id: 'greeting/hello',
    about: 'says hello first: id, version, identity, digest, what it can do',
    async run(lab) {
      const { greeting } = await lab.meet();
      const { protocolVersions, nodeUuid, digest, capabilities } = greeting;
      if (!protocolVersions.includes(PROTOCOL_VERSION)) {
        throw violation(
          `it speaks versions ${protocolVersions.join(', ')}, not ${PROTOCOL_VERSION}`,
        );
      }
      if (nodeUuid === '') throw violation('no node_uuid');
      if (!DIGEST.test(digest)) throw violation(`the digest "${digest}" is not 16 hex digits`);
      for (const kind of ['vtep', 'bridge_domain'] as const) {
        if (!capabilities.itemKinds.includes(kind)) throw violation(`it has no ${kind}`);
      }
    },
  },
  {
    id: 'greeting/identity',
    about: 'has one node_uuid, in every session',
    async run(lab) {
      const first = (await lab.meet()).greeting.nodeUuid;
      const second = (await lab.meet()).greeting.nodeUuid;
      if (first !== second) throw violation(`node_uuid ${first}, then ${second}`);
    },
  },
  {
    id: 'greeting/held-items',
    about: 'tells what it holds when it is asked, each item once, before anything else',
    async run(lab) {
      const items = basis(lab);
      await lab.inStep(items);
      const session = await lab.meet();
      await session.welcome({ revision: lab.nextRevision() });
      const told = (await session.heldItems()).map(({ key, version }) => `${key} ${version}`);
      const wanted = items.map(({ key, version }) => `${key} ${version}`);
      if (told.sort().join() !== wanted.sort().join()) {
        throw violation(`it tells ${told.join(', ')}, not ${wanted.join(', ')}`);
      }
      const early = session.received.slice(1).find(({ kind }) => kind !== 'held_items');
      if (early !== undefined) throw violation(`${early.kind} before held_items`);
      await session.stored(await session.delta([], { revision: lab.revision }));
    },
  },
  {
    id: 'greeting/held-items-in-parts',
    about: `tells many items in messages of at most ${MAX_ENTRIES}, the last one marked`,
    async run(lab) {
      const many = Array.from({ length: MANY }, (_, n) => impossible(lab, n));
      await lab.inStep([vtep(lab), domain(lab), ...many]);
      const session = await lab.meet();
      await session.welcome({ revision: lab.nextRevision() });
      const entries = await session.heldItems();
      if (new Set(entries.map(({ key }) => key)).size !== MANY + 2) {
        throw violation(`it tells ${entries.length} items, not ${MANY + 2}`);
      }
      const lasts = session.of('held_items').map(({ last }) => last);
      if (lasts.indexOf(true) !== lasts.length - 1) throw violation('more follows the last one');
      await session.stored(await session.delta([], { revision: lab.revision }));
      await lab.inStep(basis(lab));
    },
  },
  {
    id: 'greeting/version',
    about: 'ends a session in a version that it did not offer, and keeps what it has',
    run: (lab) =>
      keepsWhatItHas(lab, 'another version', (session) =>
        session.welcome({ protocolVersion: 99, sendHeldItems: false }),
      ),
  },
  {
    id: 'greeting/no-welcome',
    about: 'ends a session that begins with something other than a welcome',
    run: (lab) =>
      keepsWhatItHas(lab, 'a delta before welcome', async (session) => {
        await session.delta([domain(lab, 1)]);
      }),
  },
  {
    id: 'greeting/second-welcome',
    about: 'ends a session with a second welcome',
    run: (lab) =>
      keepsWhatItHas(lab, 'a second welcome', async (session) => {
        await session.synchronize(basis(lab));
        await session.welcome();
      }),
  },
];

async function keepsWhatItHas(
  lab: Lab,
  why: string,
  act: (session: Conversation) => Promise<void>,
): Promise<void> {
  const items = basis(lab);
  await lab.inStep(items);
  const session = await lab.meet();
  await act(session);
  await session.ended(why);
  lab.checkHolding((await lab.meet()).greeting, items, `after ${why}`);
}
