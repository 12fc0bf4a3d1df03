/** What `nfvctl pki` needs of a certificate authority; src/main has it from src/pki. */

export interface IssueRequest {
  /** `nva`, `nve/ID` or `user/NAME`. */
  readonly identity: string;
  /** Of its files; empty: made of the identity. */
  readonly name: string;
  readonly dns: readonly string[];
  readonly ips: readonly string[];
  readonly days: number;
}

export interface IssuedCertificate {
  readonly name: string;
  readonly identity: string;
  /** Hexadecimal, upper case, no leading zeros. */
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly dns: readonly string[];
  readonly ips: readonly string[];
}

/** Paths of what was made. */
export interface IssuedFiles {
  readonly certificate: IssuedCertificate;
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

export const REASONS = [
  'unspecified',
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
] as const;

/** One that changes is refused with WRITE_CONFLICT while another one does. */
export interface PkiAccess {
  /** @returns the path of the CA's certificate @throws NfvError ALREADY_EXISTS, INVALID_FIELD */
  init(request: { readonly trustDomain: string; readonly days: number }): Promise<string>;
  /** @throws NfvError ALREADY_EXISTS, INVALID_FIELD */
  issue(request: IssueRequest): Promise<IssuedFiles>;
  /** @param days undefined: as long as the old one @throws NfvError NOT_FOUND, INVALID_FIELD */
  renew(name: string, days: number | undefined): Promise<IssuedFiles>;
  /** @returns what was revoked by this @throws NfvError NOT_FOUND */
  revoke(request: {
    readonly which: string;
    readonly reason: (typeof REASONS)[number];
  }): Promise<readonly IssuedCertificate[]>;
  list(): Promise<readonly (IssuedCertificate & { readonly revoked: Date | undefined })[]>;
}

export type OpenPki = (directory: string) => Promise<PkiAccess>;
