/** CAs and certificates for tests, made by openssl. */
import { execFile } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Context } from 'mocha';
import type { TlsFiles } from '../../src/rpc/tls-material.js';
import { skip } from './skip.js';

const run = promisify(execFile);

export async function needOpenssl(context: Context): Promise<void> {
  try {
    await run('openssl', ['version']);
  } catch {
    skip(context, 'needs openssl to make certificates');
  }
}

/** A CA's files. */
export interface Authority {
  readonly cert: string;
  readonly key: string;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** A new CA, in `NAME.pem` and `NAME.key`. */
export async function authority(directory: string, name: string): Promise<Authority> {
  const files = { cert: join(directory, `${name}.pem`), key: join(directory, `${name}.key`) };
  const out = ['-keyout', files.key, '-out', files.cert, '-days', '1', '-subj', `/CN=${name}`];
  await run('openssl', ['req', '-x509', ...NEW_KEY, ...out]);
  return files;
}

export interface CertificateOptions {
  /** In its subjectAltName, after 127.0.0.1. */
  readonly uris?: readonly string[];
  /** It was good until yesterday. */
  readonly expired?: boolean;
  /** Its extended key usage; absent: it may be used for anything. */
  readonly extended?: 'serverAuth' | 'clientAuth';
}

/** A certificate for 127.0.0.1, signed by `ca`, in `NAME.pem` and `NAME.key`. */
export async function certificate(
  directory: string,
  name: string,
  ca: Authority,
  { uris = [], expired = false, extended }: CertificateOptions = {},
): Promise<TlsFiles> {
  const cert = join(directory, `${name}.pem`);
  const key = join(directory, `${name}.key`);
  const names = ['IP:127.0.0.1', ...uris.map((uri) => `URI:${uri}`)].join(',');
  const signer = ['-CA', ca.cert, '-CAkey', ca.key];
  const content = [
    ...['-keyout', key, '-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`],
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
    ...(extended === undefined ? [] : ['-addext', `extendedKeyUsage=${extended}`]),
  ];
  if (expired) {
    // `req -x509` makes none that is not good now.
    const request = join(directory, `${name}.csr`);
    await run('openssl', ['req', ...NEW_KEY, ...content, '-out', request]);
    const sign = ['x509', '-req', '-in', request, ...signer, '-copy_extensions', 'copy'];
    await run('openssl', [...sign, '-days', '-1', '-out', cert]);
  } else {
    const days = ['-days', '1', '-out', cert];
    await run('openssl', ['req', '-x509', ...NEW_KEY, ...signer, ...content, ...days]);
  }
  await chmod(key, 0o600);
  return { ca: ca.cert, cert, key };
}
