/** What the NVA knows of every resource besides its specification. */
export interface Meta {
  /** Strong validator of the specification (AIP-154). */
  readonly etag: string;
  /** Store revision of the last change that is visible in the resource. */
  readonly revision: number;
  /** RFC 3339, UTC. */
  readonly createTime: string;
  /** RFC 3339, UTC: the last change of the specification. */
  readonly updateTime: string;
}

export type Labels = Readonly<Record<string, string>>;
