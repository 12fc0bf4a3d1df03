/** Certificates that a CA has issued, read back from its directory. */
import { X509Certificate } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import ipaddr from 'ipaddr.js';
import { NfvError } from '../errors.js';
import { identityText, parseIdentity, urisOf } from '../model/identity.js';
import { failed, read } from './files.js';

export interface Issued {
  /** Of its files. */
  readonly name: string;
  /** `nve/host-a`. */
  readonly identity: string;
  /** Hexadecimal, upper case, no leading zeros. */
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly dns: readonly string[];
  readonly ips: readonly string[];
}

/** All `*.pem` of a folder. @throws NfvError FILE_UNREADABLE */
export async function readIssued(
  folder: string,
): Promise<readonly { readonly file: string; readonly certificate: X509Certificate }[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw failed('read', folder, cause);
  });
  const found: { file: string; certificate: X509Certificate }[] = [];
  for (const file of names.filter((name) => name.endsWith('.pem'))) {
    const path = join(folder, file);
    const text = await read(path);
    try {
      found.push({ file, certificate: new X509Certificate(text) });
    } catch (cause) {
      const { message } = NfvError.from(cause);
      throw new NfvError('FILE_UNREADABLE', `${path}: ${message}`, { cause });
    }
  }
  return found;
}

export function issuedOf(certificate: X509Certificate): Issued {
  const names = (certificate.subjectAltName ?? '').split(', ');
  const of = (prefix: string): string[] =>
    names.flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
  const [identity] = urisOf(certificate.subjectAltName ?? '').flatMap(
    (uri) => parseIdentity(uri) ?? [],
  );
  return {
    name: certificate.subject.replace(/^CN=/, ''),
    identity: identity === undefined ? '' : identityText(identity),
    serial: certificate.serialNumber.replace(/^0+/, ''),
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    dns: of('DNS:'),
    ips: of('IP Address:').map((ip) => ipaddr.parse(ip).toString()),
  };
}
