import type { Command } from 'commander';
import type { Labels } from '../../model/resource.js';
import { editLabels } from './parse.js';

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

interface CommonOptions {
  readonly displayName?: string | undefined;
  readonly label?: readonly string[] | undefined;
}

/** Edits of the fields that every kind has. */
export function commonChanges(
  { displayName, label }: CommonOptions,
  live: { readonly labels: Labels },
): { readonly displayName?: string; readonly labels?: Labels } {
  return {
    ...(displayName === undefined ? {} : { displayName }),
    ...(label === undefined ? {} : { labels: editLabels(live.labels, label) }),
  };
}

/** Those, and `own`, which are the same whatever there is. */
export function editOf<Spec extends { readonly labels: Labels; readonly displayName: string }>(
  options: CommonOptions,
  own: Partial<Spec>,
): Edit<Spec> {
  return {
    needsLive: options.label !== undefined,
    changes: (live) => ({ ...commonChanges(options, live), ...own }),
  };
}
