/** CAs and certificates for tests, made by openssl. */
import { execFile } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Context } from 'mocha';
import type { TlsFiles } from '../../src/rpc/tls.js';
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

/** A certificate for 127.0.0.1, signed by `ca`, in `NAME.pem` and `NAME.key`. */
export async function certificate(
  directory: string,
  name: string,
  ca: Authority,
): Promise<TlsFiles> {
  const cert = join(directory, `${name}.pem`);
  const key = join(directory, `${name}.key`);
  await run('openssl', [
    ...['req', '-x509', ...NEW_KEY, '-CA', ca.cert, '-CAkey', ca.key, '-days', '1'],
    ...['-keyout', key, '-out', cert, '-subj', `/CN=${name}`],
    ...['-addext', 'subjectAltName=IP:127.0.0.1', '-addext', 'basicConstraints=critical,CA:FALSE'],
  ]);
  await chmod(key, 0o600);
  return { ca: ca.cert, cert, key };
}
