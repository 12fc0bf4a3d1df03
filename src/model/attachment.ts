/** A tenant system interface on one NVE, as that NVE reported it (RFC 8394 §3.2, figure 6). */

export const ATTACHMENT_STATES = ['INIT', 'ASSOCIATED', 'ACTIVATED'] as const;
export type AttachmentState = (typeof ATTACHMENT_STATES)[number];

export const ATTACHMENT_CAUSES = ['CREATE', 'MIGRATE', 'RESUME'] as const;
export type AttachmentCause = (typeof ATTACHMENT_CAUSES)[number];

export interface Attachment {
  /** Id. */
  readonly nve: string;
  readonly state: AttachmentState;
  /** What brought it there; RESUME: it was administratively down since. */
  readonly cause: AttachmentCause;
  /** UUID, with MIGRATE; empty: it never migrated to this NVE. */
  readonly migrationId: string;
}
