/** One start of VPP. Interface indices, and whatever else VPP numbers, mean something only in it. */
export interface Boot {
  /** 1 for the first that this client met, and one more for each restart. */
  readonly number: number;
  /** VPP's process id, in its own namespace. */
  readonly pid: number;
  /** When VPP bound its API socket, which it does once: what the link says of it. */
  readonly instance: string;
}

/** The boot of a new session: the last one if VPP was not restarted for certain, else a new one. */
export function nextBoot(last: Boot | undefined, pid: number, instance: string): Boot {
  if (last?.pid === pid && last.instance === instance) return last;
  return { number: (last?.number ?? 0) + 1, pid, instance };
}
