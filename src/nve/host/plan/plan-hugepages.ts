import { othersPages } from '../../../model/host/ledger.js';
import type { HugepageUser } from '../../../model/host/inventory.js';
import type { PlannedStep } from '../../../model/host/plan.js';
import { describeSize, type StepOf } from '../../../model/host/steps.js';
import { planned, type Planning } from './planning.js';

const GIGA_KB = 1024 * 1024;

/**
 * Pages that are missing are added. Those that are too many go only if we had added them: what
 * others reserved is theirs.
 */
export function planHugepages(planning: Planning): PlannedStep[] {
  const { hugepages } = planning.profile;
  const wanted = hugepages.flatMap((_, i) => planPool(planning, i));
  return [...wanted, ...planReleases(planning)];
}

function planPool(planning: Planning, index: number): PlannedStep[] {
  const entry = planning.profile.hugepages[index];
  if (entry === undefined) return [];
  const { size: sizeKb, node, pages } = entry;
  const path = ['hugepages', index];
  const size = describeSize(sizeKb);
  const { nodes, hugepageUsers } = planning.inventory;
  const found = nodes.find(({ id }) => id === node);
  if (found === undefined) {
    const ids = nodes.map(({ id }) => id).join(', ');
    const reason = `there is no node ${node}; there are ${ids}`;
    planning.find('blocks', 'node-missing', `node ${node}`, reason, 'name one of those', path);
    return [];
  }
  const pool = found.hugepages.find((p) => p.sizeKb === sizeKb);
  if (pool === undefined) {
    const sizes = found.hugepages.map((p) => describeSize(p.sizeKb)).join(', ');
    const reason = `this kernel has no hugepages of ${size}; it has ${sizes}`;
    planning.find('blocks', 'hugepage-size', `node ${node}`, reason, 'ask for one of those', path);
    return [];
  }
  const now = pool.total - pool.surplus;
  const users = hugepageUsers.filter((user) => user.node === node && user.sizeKb === sizeKb);
  const others = othersPages(pool, users, isVpp);
  const target = others + pages;
  if (target * sizeKb > found.memoryKb) {
    const reason = `${target} pages of ${size} are more than its ${describeMb(found.memoryKb)}`;
    planning.find('blocks', 'hugepage-memory', `node ${node}`, reason, 'ask for fewer', path);
    return [];
  }
  if (now >= target) {
    const uses = users.filter(isVpp).reduce((sum, user) => sum + user.pages, 0);
    if (uses <= pages) return release(planning, node, sizeKb, now, target);
    // What is missing it adds by itself when it starts, and would again.
    const reason = `VPP uses ${uses} pages of ${size}, and is to have ${pages}`;
    planning.find('warns', 'hugepage-vpp', `node ${node}`, reason, 'give it as many', path);
    return [];
  }
  if (sizeKb >= GIGA_KB) {
    const reason = `${target - now} pages of ${size} were not reserved at boot, and may not be had`;
    const remedy = `boot with hugepagesz=${size} hugepages=${node}:${target}`;
    planning.find('warns', 'gigantic', `node ${node}`, reason, remedy, path);
  }
  return [step(node, sizeKb, now, target)];
}

function isVpp({ command }: HugepageUser): boolean {
  return command === 'vpp_main';
}

function describeMb(kb: number): string {
  return `${Math.floor(kb / 1024)} MiB of memory`;
}

/** Pools that the profile does not speak of any more. */
function planReleases(planning: Planning): PlannedStep[] {
  const { ledger } = planning.input;
  return ledger.flatMap(({ node, sizeKb }) => {
    const named = planning.profile.hugepages.some((h) => h.node === node && h.size === sizeKb);
    const pool = planning.inventory.nodes
      .find(({ id }) => id === node)
      ?.hugepages.find((p) => p.sizeKb === sizeKb);
    if (named || pool === undefined) return [];
    return release(planning, node, sizeKb, pool.total - pool.surplus, 0);
  });
}

/** Gives back what we have added beyond `target`. */
function release(
  planning: Planning,
  node: number,
  sizeKb: number,
  now: number,
  target: number,
): PlannedStep[] {
  const share = planning.input.ledger.find((s) => s.node === node && s.sizeKb === sizeKb);
  const ours = Math.max(0, share?.pages ?? 0);
  const pages = Math.max(target, now - ours);
  return pages < now ? [step(node, sizeKb, now, pages)] : [];
}

function step(node: number, sizeKb: number, now: number, pages: number): PlannedStep {
  const before: StepOf<'hugepages'> = { kind: 'hugepages', node, sizeKb, pages: now };
  return planned({ ...before, pages }, before);
}
