/**
 * Vrf: a network namespace with a name of ours, which forwards packets. Its loopback has our mark, for
 * a namespace cannot have one.
 */
import { hasErrno } from '../../../host/iproute2/answers.js';
import { NfvError } from '../../../errors.js';
import { vrfKey, type VrfItem } from '../../../model/routing-items.js';
import type { Sight } from '../../../reconcile/kind-table.js';
import type { Doors } from '../doors.js';
import type { LinuxKind } from '../kind.js';
import { parseLinks, type Link } from '../links.js';
import { alias, parseAlias } from '../names.js';
import { stateOf } from './read-routers.js';
import { isHalfMade } from './router-cross.js';

export const vrf: LinuxKind<VrfItem> = {
  rank: 0,
  // A namespace has no other name than its own.
  differences: () => [],
  mustRecreate: () => false,

  reads([id], _wanted, wants) {
    wants.router(Number(id)).settings = true;
  },

  observe([text], wanted, view): Sight<VrfItem> {
    const id = Number(text);
    const { state, settings } = view.router(id);
    if (state === 'foreign') return wanted && foreign(id);
    if (state === 'nothing') return undefined;
    const payload = { kind: 'vrf', id, name: wanted?.name ?? '' } as const;
    return { payload, defects: state === 'half' ? ['creation was broken off'] : settings };
  },

  *list(view) {
    for (const [id, { state }] of view.routers) {
      if (state === 'ours' || state === 'half') yield vrfKey(id);
    }
  },

  create: ({ id }, doors) => make(id, doors),
  update: ({ id }, _from, doors) => make(id, doors),

  async remove({ id }, doors) {
    const state = await stateNow(id, doors);
    if (state === 'nothing' || state === 'foreign') return;
    if (state === 'ours') await needAlone(id, doors);
    await removeName(id, doors);
  },
};

/**
 * Makes it, or puts right what there is of it.
 * @throws NfvError FOREIGN_OBJECT, COMMAND_MISSING; what it made is undone when it fails
 */
async function make(id: number, doors: Doors): Promise<void> {
  const state = await stateNow(id, doors);
  if (state === 'foreign') throw foreign(id);
  if (state === 'ours') {
    await fit(id, doors);
    return;
  }
  if (state === 'half') await removeName(id, doors);
  const name = await doors.routers.nameOf(id);
  try {
    await doors.ip.run('netns', 'add', name);
    await fit(id, doors);
  } catch (error) {
    doors.routers.release(id);
    await doors.undo('netns', 'del', name);
    throw error;
  }
}

async function stateNow(id: number, doors: Doors): Promise<ReturnType<typeof stateOf>> {
  const place = await doors.routers.place(id);
  if (place !== 'namespace') return place === 'file' ? 'half' : 'nothing';
  return stateOf(id, await doors.routers.inside(id));
}

/** The mark comes last: it says "complete". */
async function fit(id: number, doors: Doors): Promise<void> {
  const name = await doors.routers.nameOf(id);
  const inside = await doors.routers.inside(id);
  await Promise.all([number(name, doors), doors.routers.settle(id)]);
  await inside.run('link', 'set', 'dev', 'lo', 'up', 'alias', alias(vrfKey(id)));
}

/**
 * By it the kernel tells, in our namespace, of what happens in the router's. The kernel chooses it: one
 * of ours might still be that of a namespace that is on its way out.
 */
async function number(name: string, doors: Doors): Promise<void> {
  try {
    await doors.ip.run('netns', 'set', name, 'auto');
  } catch (error) {
    if (!hasErrno(error, 'EEXIST')) throw error;
  }
}

/** @throws NfvError FOREIGN_OBJECT: what is not ours would end with it */
async function needAlone(id: number, doors: Doors): Promise<void> {
  const inside = await doors.routers.inside(id);
  const stranger = parseLinks(await inside.query('link', 'show')).find((link) => !isOurs(id, link));
  if (stranger === undefined) return;
  const name = await doors.routers.nameOf(id);
  throw new NfvError(
    'FOREIGN_OBJECT',
    `the namespace ${name} has an interface ${stranger.name}, not ours`,
    { metadata: { netns: name, object: stranger.name } },
  );
}

function isOurs(id: number, link: Link): boolean {
  return link.loopback || parseAlias(link.alias) !== undefined || isHalfMade(id, link);
}

async function removeName(id: number, doors: Doors): Promise<void> {
  doors.routers.release(id);
  try {
    await doors.ip.run('netns', 'del', await doors.routers.nameOf(id));
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
  }
}

function foreign(id: number): NfvError {
  const text = `the namespace of router ${id} has a loopback without our mark, so it is not ours`;
  return new NfvError('FOREIGN_OBJECT', text, { metadata: { vrf: String(id) } });
}
