/** The known names nearest to `name`, best first, at most `most`; none that are far from it. */
export function nearestNames(name: string, known: Iterable<string>, most = 3): string[] {
  const short = name.slice(0, MAX_LENGTH).toLowerCase();
  const limit = Math.max(2, Math.floor(short.length / 3));
  const found: { readonly candidate: string; readonly distance: number }[] = [];
  for (const candidate of known) {
    if (Math.abs(candidate.length - short.length) > limit) continue;
    const distance = editDistance(short, candidate.slice(0, MAX_LENGTH).toLowerCase());
    if (distance <= limit) found.push({ candidate, distance });
  }
  return found
    .sort((a, b) => a.distance - b.distance)
    .slice(0, most)
    .map(({ candidate }) => candidate);
}

/** The work is the product of the lengths. */
const MAX_LENGTH = 64;

/** Insertions, deletions and replacements that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
