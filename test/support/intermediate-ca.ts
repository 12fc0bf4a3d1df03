/** A root CA, a CA below it that signs what peers show, and the revocation lists of both, made by openssl. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TlsFiles } from '../../src/rpc/tls-material.js';
import { authority, certificate, type Authority } from './certificates.js';

const run = promisify(execFile);
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export class IntermediateCa {
  private constructor(
    private readonly directory: string,
    private readonly root: Authority,
    private readonly own: Authority,
    /** The list of the root alone. */
    readonly rootList: string,
    /** Those of both. */
    readonly bothLists: string,
  ) {}

  static async create(directory: string): Promise<IntermediateCa> {
    const root = await authority(directory, 'root');
    const own = { cert: join(directory, 'mid.pem'), key: join(directory, 'mid.key') };
    const out = ['-keyout', own.key, '-out', own.cert, '-days', '1', '-subj', '/CN=mid'];
    const signer = ['-CA', root.cert, '-CAkey', root.key];
    const may = [
      '-addext',
      'basicConstraints=critical,CA:TRUE',
      '-addext',
      'keyUsage=keyCertSign,cRLSign',
    ];
    await run('openssl', ['req', '-x509', ...NEW_KEY, ...out, ...signer, ...may]);
    const rootList = await listOf(directory, 'root', root);
    const bothLists = join(directory, 'both.crl');
    const ownList = await readFile(await listOf(directory, 'mid', own), 'utf8');
    await writeFile(bothLists, (await readFile(rootList, 'utf8')) + ownList);
    return new IntermediateCa(directory, root, own, rootList, bothLists);
  }

  /** A certificate with its chain; the CA that counts is the root. */
  async issue(name: string, ...uris: readonly string[]): Promise<TlsFiles> {
    const { cert, key } = await certificate(this.directory, name, this.own, { uris });
    await writeFile(cert, (await readFile(cert, 'utf8')) + (await readFile(this.own.cert, 'utf8')));
    return { ca: this.root.cert, cert, key };
  }
}

async function listOf(directory: string, name: string, { cert, key }: Authority): Promise<string> {
  const path = (end: string): string => join(directory, `${name}.${end}`);
  await writeFile(path('index'), '');
  const lines = ['[ca]', 'default_ca=own', '[own]', `database=${path('index')}`];
  await writeFile(path('cnf'), [...lines, 'default_md=sha256', ''].join('\n'));
  const of = ['-config', path('cnf'), '-cert', cert, '-keyfile', key];
  await run('openssl', ['ca', '-gencrl', ...of, '-crldays', '1', '-out', path('crl')]);
  return path('crl');
}
