/** Showing what exists, then every change of it: `get --watch`. */
import type { Resource, ResourceKind } from '../model/api.js';
import type { Listing } from './listing.js';
import type { Printer } from './printer.js';
import type { Session } from './session.js';
import { tellLost } from './tell-lost.js';
import { watchChanges, type Change } from './watching.js';

export interface FollowOptions {
  readonly session: Session;
  readonly printer: Printer;
  /** What was listed, of each kind. */
  readonly listings: ReadonlyMap<ResourceKind, Listing<Resource>>;
  /** What they were listed with. */
  readonly filterOf: (kind: ResourceKind) => string;
}

/** Until the session's signal aborts. */
export async function followChanges(options: FollowOptions): Promise<void> {
  const { session, printer, listings, filterOf } = options;
  const existing = [...listings.values()].flatMap(({ resources, revision }) =>
    resources.map((resource): Change => ({ type: 'PUT', revision, resource })),
  );
  await printer.printChanges(existing);
  // Each kind has a watch of its own: its filter and the revision it was listed at are its own.
  const failed = new AbortController();
  const signal = AbortSignal.any([session.signal, failed.signal]);
  const follow = async (kind: ResourceKind, startRevision: number): Promise<void> => {
    const { nva, clock } = session;
    const filter = filterOf(kind);
    const onLost = tellLost(session);
    const watch = { nva, clock, signal, kinds: [kind], filter, startRevision, onLost };
    for await (const change of watchChanges(watch)) await printer.printChanges([change]);
  };
  const watches = [...listings].map(([kind, { revision }]) => follow(kind, revision));
  try {
    await Promise.all(watches);
  } finally {
    failed.abort();
    await Promise.allSettled(watches);
  }
}
