/** From 0, and below 1. */
export type Random = () => number;

/** A small random generator (mulberry32) whose seed makes a run repeatable. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** A whole number from 0 to `below` - 1. */
export const upTo = (random: Random, below: number): number => Math.floor(random() * below);
