/** Why a connection was not made, out of what grpc-js says of it. */

/** How an end looks that was there for a moment: with TLS 1.3 the client has all it wants before it is refused. */
const CUT_OFF = /^(?:Failed to connect|(?:Error: )?read ECONNRESET) \(/;

/** What the system said. */
export function connectFailure(details: string): string {
  const said = /Last error: (.+?)\. Resolution note:/s.exec(details)?.[1] ?? details;
  if (!CUT_OFF.test(said)) return said.replace(/^Error(?: \[\w+\])?: /, '');
  return 'cut off at once: one end wants TLS and the other does not, refuses its certificate, or has too many of its connections';
}

/** The other end runs, and the address is right: it was talked to. A system call's failure names a path or a host. */
export function isOfTls(said: string): boolean {
  return /certificate|\bTLS\b|\bSSL\b/.test(said) && !/^[a-z]+ E[A-Z]+ /.test(said);
}

export const TLS_REMEDY =
  'check the certificates of both ends: of a CA that the other trusts, still good, not revoked, and for this address';
