import type { Command } from 'commander';
import type { Labels } from '../../model/resource.js';

/** The flags of `create` and `update` for one kind. */
export interface FlagSet<Spec> {
  /** `isNew`: for create, where what must be there is required. */
  add(command: Command, isNew: boolean): void;
  /**
   * What the flags say.
   * @param options of commander
   * @throws NfvError INVALID_FIELD
   */
  read(options: unknown): Edit<Spec>;
}

/** A change that flags ask for. */
export interface Edit<Spec> {
  /** It is told in terms of what there is. */
  readonly needsLive: boolean;
  /** @param live what there is; the kind's defaults for a new resource, or if it is not needed */
  changes(live: Spec): Partial<Spec>;
}

/** Edits of the fields that every kind has. */
export function commonChanges(
  options: { readonly displayName?: string | undefined },
  labels: Labels | undefined,
): { readonly displayName?: string; readonly labels?: Labels } {
  return {
    ...(options.displayName === undefined ? {} : { displayName: options.displayName }),
    ...(labels === undefined ? {} : { labels }),
  };
}
