/** What has to be so whenever nothing is wrong any more. */
import assert from 'node:assert/strict';
import type { Specified } from '../../../src/model/changes.js';
import { NFVD } from '../daemon.js';
import { eventually } from '../eventually.js';
import { differences, expectedOn } from './eye.js';
import { seenOn } from './kernel-lines.js';
import { exec } from '../netns.js';
import type { Follower } from './follower.js';
import { within } from './process.js';
import type { Holder } from './virtual-addresses.js';
import { hostName, nth, type ChaosWorld } from './world.js';
import { listAll, readAll, textOf } from './writer.js';

const SETTLE_MS = 90_000;
const CALL_MS = 10_000;

/** Every replica answers. */
export async function answering(world: ChaosWorld): Promise<void> {
  await world.leader();
  await Promise.all(
    world.replicas.map(({ client }) => eventually(() => readAll(client), SETTLE_MS, 100)),
  );
}

/** Nothing ended by itself, and nothing wrote on standard error what is no warning of its own making. */
export function running(world: ChaosWorld): void {
  const ended = world.nodes.filter(({ process }) => process.endedByItself);
  const told = ended.map(({ process }) => `${process.name}: ${process.log.slice(-1500)}`);
  assert.deepEqual(told, [], 'ended by itself');
}

/** Every replica has the model, no more and no less. @returns how many resources */
export async function modelHeld(
  world: ChaosWorld,
  model: ReadonlyMap<string, Specified>,
): Promise<number> {
  const wanted = new Map([...model].map(([key, each]) => [key, textOf(each)]));
  for (const { client, machine } of world.replicas) {
    const found = new Map(
      [...(await readAll(client))].filter(
        ([key]) => !key.startsWith('Nve/') && !key.startsWith('VirtualNetwork/register'),
      ),
    );
    assert.deepEqual(ordered(found), ordered(wanted), `what ${machine.name} answers`);
  }
  return wanted.size;
}

const ordered = <T>(map: ReadonlyMap<string, T>): Map<string, T> =>
  new Map([...map].sort(([a], [b]) => (a < b ? -1 : 1)));

/** All NVEs have applied the latest revision, and every endpoint says so. */
export async function applied(world: ChaosWorld): Promise<void> {
  let replica = 0;
  await eventually(
    async () => {
      const { client } = nth(world.replicas, replica++ % world.replicas.length);
      const call = { signal: AbortSignal.timeout(CALL_MS) };
      const result = await client.waitApplied({ revision: 0, timeoutMs: 3000 }, call);
      assert.deepEqual(result.laggards, []);
      assert.ok(result.applied);
      const all = await listAll(client);
      const wrong = all.flatMap((each) => {
        if (each.kind !== 'Endpoint') return [];
        const wanted = each.spec.adminState === 'UP' ? 'ACTIVE' : 'DOWN';
        return each.status.state === wanted ? [] : [`${each.id} ${each.status.state}`];
      });
      assert.deepEqual(wrong, []);
    },
    SETTLE_MS,
    100,
  );
}

/** By two eyes: the agent's own plan, and iproute2 against what follows from the resources. @returns lines */
export async function dataplanesEqual(world: ChaosWorld): Promise<number> {
  const resources = await listAll(nth(world.replicas, 0).client);
  const counts = await Promise.all(
    world.hosts.map(async ({ machine, config }, i) => {
      const expected = expectedOn(hostName(i), resources);
      assert.deepEqual(differences(expected, await seenOn(machine.ns)), [], machine.name);
      const nfvd = [process.execPath, NFVD, 'nve', '--config', config, 'plan'];
      const [file = '', ...args] = [...within(machine.ns), ...nfvd];
      const plan = await exec(file, args);
      assert.equal(plan.code, 0, plan.stderr);
      assert.match(plan.stdout, /nothing to do/i, machine.name);
      return expected.length;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Watches bring everybody to the same. */
export async function followersEqual(
  world: ChaosWorld,
  followers: readonly Follower[],
): Promise<void> {
  const wanted = ordered(await readAll(nth(world.replicas, 0).client));
  for (const [i, follower] of followers.entries()) {
    await eventually(
      () => {
        follower.check();
        assert.deepEqual(ordered(follower.held), wanted, `the watch at nva-${i}`);
      },
      SETTLE_MS / 3,
      100,
    );
  }
}

/** Every replica tells of each virtual address that the guest's endpoint has it, and no other. */
export async function holdersTold(world: ChaosWorld, holders: readonly Holder[]): Promise<void> {
  const wanted = holders.filter(({ spec }) => spec.adminState === 'UP');
  for (const { client, machine } of world.replicas) {
    await eventually(
      async () => {
        const endpoints = (await listAll(client)).filter((each) => each.kind === 'Endpoint');
        for (const { id, ip, spec } of wanted) {
          const found = endpoints
            .filter((each) => each.spec.network === spec.network)
            .flatMap((each) =>
              each.status.held.filter((held) => held.ip === ip).map(({ mac }) => [each.id, mac]),
            );
          assert.deepEqual(found, [[id, spec.mac]], `who has ${ip} by ${machine.name}`);
        }
      },
      SETTLE_MS,
      100,
    );
  }
}
