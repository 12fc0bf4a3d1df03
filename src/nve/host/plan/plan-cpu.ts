import { formatNumberList } from '../../../model/number-list.js';
import type { Chosen } from './choose.js';
import type { Planning } from './planning.js';

/** CPUs are not changed, only looked at: VPP pins its threads itself. */
export function checkCpus(planning: Planning, chosen: readonly Chosen[]): void {
  const { cpu } = planning.profile;
  if (cpu === undefined) return;
  const { cpus } = planning.inventory;
  const named = [
    { id: cpu.mainCore, path: ['cpu', 'mainCore'] },
    ...cpu.workers.map((id) => ({ id, path: ['cpu', 'workers'] })),
  ];
  for (const { id, path } of named) {
    if (cpus.find((c) => c.id === id)?.online === true) continue;
    const online = formatNumberList(cpus.filter((c) => c.online).map((c) => c.id));
    const reason = `it is not online; these are: ${online}`;
    planning.find('blocks', 'cpu-missing', `CPU ${id}`, reason, 'name one of those', path);
  }
  checkIsolation(planning, cpu.workers);
  checkSiblings(planning, [cpu.mainCore, ...cpu.workers]);
  checkNodes(planning, cpu.workers, chosen);
}

const WORKERS = ['cpu', 'workers'];

function checkIsolation(planning: Planning, workers: readonly number[]): void {
  const { cpus } = planning.inventory;
  const shared = workers.filter((id) => cpus.find((c) => c.id === id)?.isolated === false);
  if (shared.length === 0) return;
  const list = formatNumberList(shared);
  const remedy = `boot with isolcpus=${list} nohz_full=${list} rcu_nocbs=${list}`;
  const reason = 'other processes may run there and take time from a worker';
  planning.find('warns', 'cpu-not-isolated', `CPUs ${list}`, reason, remedy, WORKERS);
}

/** Two busy threads on one core have half of it each. */
function checkSiblings(planning: Planning, ids: readonly number[]): void {
  for (const id of ids) {
    const siblings = planning.inventory.cpus.find((c) => c.id === id)?.siblings ?? [];
    const other = siblings.find((sibling) => sibling > id && ids.includes(sibling));
    if (other === undefined) continue;
    const subject = `CPUs ${id} and ${other}`;
    const reason = 'they are threads of one core';
    planning.find('warns', 'cpu-siblings', subject, reason, 'use one of the two', WORKERS);
  }
}

function checkNodes(
  planning: Planning,
  workers: readonly number[],
  chosen: readonly Chosen[],
): void {
  const { cpus } = planning.inventory;
  const nodes = new Set(
    workers.flatMap((id) => {
      const node = cpus.find((c) => c.id === id)?.node;
      return node === undefined ? [] : [node];
    }),
  );
  if (nodes.size === 0) return;
  for (const { nic, name, fn, vf } of chosen) {
    const node = (vf?.pf ?? fn)?.node;
    if ((nic.role !== 'dpdk' && nic.role !== 'native') || node === undefined) continue;
    if (nodes.has(node)) continue;
    const reason = `it is on node ${node}, and no worker is: packets cross between the nodes`;
    planning.find('warns', 'cpu-node', name, reason, `add a worker of node ${node}`, WORKERS);
  }
}
