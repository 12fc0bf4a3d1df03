/** The ways over the underlay that lead to an NVE. Pure. */
import type { UnderlayPath } from '../../model/query.js';
import type { Tables } from './tables.js';

/** From each NVE that shares a network with it; one path for each pair of VTEP addresses in use. */
export function pathsTo(tables: Tables, nve: string): Map<string, UnderlayPath[]> {
  const paths = new Map<string, UnderlayPath[]>();
  for (const network of tables.joined(nve)) {
    if (tables.network(network)?.spec?.provider !== undefined) continue;
    const members = tables.view(network)?.members;
    const remote = members?.get(nve);
    if (members === undefined || remote === undefined) continue;
    for (const [peer, local] of members) {
      if (peer !== nve) add(paths, peer, { local, remote });
    }
  }
  return paths;
}

function add(paths: Map<string, UnderlayPath[]>, peer: string, path: UnderlayPath): void {
  const known = paths.get(peer);
  if (known === undefined) paths.set(peer, [path]);
  else if (!known.some(({ remote }) => remote === path.remote)) known.push(path);
}
