/** What a caller may plan, apply and see of changes. */
import type { Resource } from '../../model/api.js';
import type { Specified } from '../../model/changes.js';
import type { Owner } from '../access/rights.js';

/** A resource on its way, and whose it is on both ends. */
export interface Judged {
  readonly kind: Resource['kind'];
  readonly id: string;
  readonly before: { readonly is: Specified; readonly owner: Owner } | undefined;
  readonly after: { readonly is: Specified; readonly owner: Owner } | undefined;
}

export interface Owners {
  /** As the plan would have it. */
  ofSubnet(id: string): Promise<Owner>;
}

export interface Warden {
  /**
   * @returns false: to the caller it does not exist, and it is let alone
   * @throws NfvError ACCESS_DENIED, REFERENCE_NOT_FOUND, ALREADY_EXISTS
   */
  allows(judged: Judged, owners: Owners): Promise<boolean>;
  /** @param tenant empty: nobody's */
  reads(tenant: string): boolean;
  writes(tenant: string): boolean;
  /** Whether the caller is told what NVEs are sent. */
  readonly readsNves: boolean;
}

/** Who may do all. */
export const ANYTHING: Warden = {
  allows: () => Promise.resolve(true),
  reads: () => true,
  writes: () => true,
  readsNves: true,
};
