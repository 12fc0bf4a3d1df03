/** When an NVE counts as dead, and how many may. Pure. */
import type { Reach } from '../../model/query.js';

/** What one NVE found when it was asked for another. */
export interface Finding {
  readonly prober: string;
  /** Of the VTEP addresses of the NVE that is looked for. */
  readonly reaches: readonly Reach[];
  /** Of NVEs that have a session: who cannot reach those either says nothing of others. */
  readonly controls: readonly Reach[];
}

export type Verdict =
  | { readonly kind: 'dead'; readonly witnesses: readonly string[] }
  | { readonly kind: 'reached'; readonly by: string }
  /** Nobody could tell. */
  | { readonly kind: 'unknown' };

/**
 * Dead: nobody reaches it, and each of its addresses was tried in vain by somebody who reaches others.
 * @param remotes its VTEP addresses that its peers use
 */
export function verdictOf(remotes: ReadonlySet<string>, findings: readonly Finding[]): Verdict {
  const unreached = new Set<string>();
  const witnesses = new Set<string>();
  for (const { prober, reaches, controls } of findings) {
    for (const { local, remote, state } of reaches) {
      if (state === 'REACHABLE') return { kind: 'reached', by: prober };
      if (state !== 'UNREACHABLE') continue;
      if (!controls.some((other) => other.local === local && other.state === 'REACHABLE')) continue;
      unreached.add(remote);
      witnesses.add(prober);
    }
  }
  const isSure = remotes.size > 0 && [...remotes].every((remote) => unreached.has(remote));
  return isSure ? { kind: 'dead', witnesses: [...witnesses] } : { kind: 'unknown' };
}

/**
 * How many NVEs may be without a session for any of them to be withdrawn: a share of all, but at least so
 * many. More at once are rather a fault of the NVA's own, or of its network.
 */
export function mostLost(total: number, share: number, atLeast: number): number {
  return Math.max(atLeast, Math.floor(total * share));
}
