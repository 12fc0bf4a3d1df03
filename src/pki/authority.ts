/**
 * A certificate authority in a directory, for labs: one CA, what it has signed, and what of that it has
 * revoked. Where there is another one already, nothing here is needed.
 *
 *     ca.pem ca.key crl.pem     the CA, its key, the list of what is revoked
 *     certs/NAME.pem NAME.key   what has been issued under a name, the latest
 *     issued/SERIAL.pem         all that has ever been issued
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { NfvError } from '../errors.js';
import { nodeErrno } from '../host/errno.js';
import { lockFile } from '../host/lock.js';
import { urisOf } from '../model/identity.js';
import { makeCertificate } from '../x509/certificate.js';
import { makeCrl, REASONS, type Reason, type Revocation } from '../x509/crl.js';
import { pem } from '../x509/parts.js';
import { hexOf, readCrl, type CrlSummary } from '../x509/read-crl.js';
import { create, failed, makeFolder, MODE, read, replace } from './files.js';
import { issuedOf, readIssued, type Issued } from './issued.js';
import {
  checkDays,
  checkName,
  checkTrustDomain,
  wantedOf,
  type IssueRequest,
  type Wanted,
} from './request.js';

export interface PkiOptions {
  readonly directory: string;
  /** The time, in milliseconds since 1970. */
  readonly now: () => number;
}

export interface InitRequest {
  readonly trustDomain: string;
  readonly days: number;
}

/** What was made, where. */
export interface IssuedFiles {
  readonly certificate: Issued;
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

export interface RevokeRequest {
  /** A name: all of it that is still good; or a serial number. */
  readonly which: string;
  readonly reason: Reason;
}

const DAY_MS = 86_400_000;
/** Clocks that are a little behind take a new certificate too. */
const BACKDATED_MS = 5 * 60_000;
export const MAX_CA_DAYS = 36_500;
export const MAX_DAYS = 3650;

interface Keys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

interface Ca extends Keys {
  readonly certificate: X509Certificate;
  /** Its common name. */
  readonly name: string;
  readonly trustDomain: string;
}

/** RFC 5280 §4.1.2.2: positive, at most 20 octets; CA/Browser Forum: at least 64 random bits. */
function randomSerial(): Buffer {
  const serial = randomBytes(16);
  serial.writeUInt8((serial.readUInt8(0) & 0x7f) | 0x40, 0);
  return serial;
}

const newKeys = (): Keys => generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

function keyText({ privateKey }: Keys): string {
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

export class Pki {
  readonly #directory: string;

  constructor(private readonly options: PkiOptions) {
    this.#directory = resolve(options.directory);
  }

  /**
   * Makes the directory and a CA in it: all or nothing. @returns the path of the CA's certificate
   * @throws NfvError ALREADY_EXISTS, INVALID_FIELD, FILE_UNREADABLE
   */
  async init({ trustDomain, days }: InitRequest): Promise<string> {
    checkTrustDomain(trustDomain);
    checkDays(days, MAX_CA_DAYS);
    const now = this.options.now();
    const keys = newKeys();
    const name = `nfvd CA ${trustDomain}`.slice(0, 64);
    const certificate = makeCertificate(
      {
        serial: randomSerial(),
        issuer: name,
        subject: name,
        notBefore: new Date(now - BACKDATED_MS),
        notAfter: new Date(now + days * DAY_MS),
        publicKey: keys.publicKey,
        names: { uris: [`spiffe://${trustDomain}`], dns: [], ips: [] },
        use: 'ca',
      },
      keys,
    );
    const temporary = `${this.#directory}.${process.pid}.nfvd-new`;
    await rm(temporary, { recursive: true, force: true });
    try {
      for (const folder of ['', 'certs', 'issued']) await makeFolder(join(temporary, folder));
      await create(join(temporary, 'ca.key'), keyText(keys), MODE.secret);
      const text = pem('CERTIFICATE', certificate);
      await create(join(temporary, 'ca.pem'), text, MODE.open);
      const ca = caOf(text, keys.privateKey, temporary);
      await create(join(temporary, 'crl.pem'), this.#crlText(ca, 1, []), MODE.open);
      await this.#moveIn(temporary);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
    return this.#path('ca.pem');
  }

  /** A directory that has something in it is never replaced (rename(2)). */
  async #moveIn(temporary: string): Promise<void> {
    try {
      await rename(temporary, this.#directory);
    } catch (cause) {
      if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(nodeErrno(cause))) {
        throw failed('create', this.#directory, cause);
      }
      throw new NfvError('ALREADY_EXISTS', `${this.#directory} is there, and not empty`, {
        cause,
        remedy: 'choose another directory: nothing is overwritten',
      });
    }
  }

  /** A new key and a certificate for it. @throws NfvError ALREADY_EXISTS, INVALID_FIELD, FILE_UNREADABLE */
  issue(request: IssueRequest): Promise<IssuedFiles> {
    return this.#changing(async (ca) => {
      const wanted = wantedOf(request, ca.trustDomain);
      const { cert, key } = this.#filesOf(wanted.name);
      if (
        (await readIssued(this.#path('certs'))).some(({ file }) => file === `${wanted.name}.pem`)
      ) {
        throw new NfvError('ALREADY_EXISTS', `${cert} is there`, {
          remedy: `nfvctl pki renew ${wanted.name}, or another name with --as`,
        });
      }
      const made = await this.#sign(ca, wanted, request.days);
      // A key without a certificate is what a process that was killed has left.
      await replace(key, keyText(made.keys), MODE.secret);
      await create(cert, made.text, MODE.open);
      return this.#told(wanted.name, made.text);
    });
  }

  /**
   * A new key and certificate in place of those of a name, of the same identity and names, good for as
   * long. The old one stays good until it expires or is revoked.
   * @throws NfvError NOT_FOUND, INVALID_FIELD, FILE_UNREADABLE
   */
  renew(given: string, days: number | undefined): Promise<IssuedFiles> {
    return this.#changing(async (ca) => {
      const name = checkName(given.replace('/', '-'));
      const { cert, key } = this.#filesOf(name);
      const found = (await readIssued(this.#path('certs'))).find(
        ({ file }) => file === `${name}.pem`,
      );
      if (found === undefined) throw unknown(name);
      const old = issuedOf(found.certificate);
      const asked = { identity: old.identity, name, dns: old.dns, ips: old.ips };
      const lasted = Math.round((old.notAfter.getTime() - old.notBefore.getTime()) / DAY_MS);
      const term = days ?? lasted;
      const wanted = wantedOf({ ...asked, days: term }, ca.trustDomain);
      const made = await this.#sign(ca, wanted, term);
      await replace(key, keyText(made.keys), MODE.secret);
      await replace(cert, made.text, MODE.open);
      return this.#told(name, made.text);
    });
  }

  /**
   * Puts certificates on the revocation list, and makes that anew. Those that are on it stay as they are.
   * @returns what was revoked by this. @throws NfvError NOT_FOUND, FILE_UNREADABLE
   */
  revoke({ which, reason }: RevokeRequest): Promise<readonly Issued[]> {
    return this.#changing(async (ca) => {
      const now = this.options.now();
      const crl = readCrl(await read(this.#path('crl.pem')));
      const listed = new Set(crl.entries.map(({ serial }) => serial));
      const fresh = (await this.#meant(which, now)).filter(({ serial }) => !listed.has(serial));
      const date = new Date(now);
      const added = fresh.map(({ serial }) => ({ serial, date, reason: REASONS[reason] }));
      const revocations = [...crl.entries, ...added].map((entry): Revocation => ({
        ...entry,
        serial: bytesOf(entry.serial),
      }));
      const text = this.#crlText(ca, crl.number + 1, revocations);
      await replace(this.#path('crl.pem'), text, MODE.open);
      return fresh;
    });
  }

  /** All that has been issued, by name and age, and when what was revoked. */
  async list(): Promise<readonly (Issued & { readonly revoked: Date | undefined })[]> {
    const issued = await readIssued(this.#path('issued'));
    const crl: CrlSummary = readCrl(await read(this.#path('crl.pem')));
    const revoked = new Map(crl.entries.map(({ serial, date }) => [serial, date]));
    return issued
      .map(({ certificate }) => issuedOf(certificate))
      .map((one) => ({ ...one, revoked: revoked.get(one.serial) }))
      .sort(
        (a, b) =>
          a.name.localeCompare(b.name, 'en') ||
          a.notBefore.getTime() - b.notBefore.getTime() ||
          a.serial.localeCompare(b.serial, 'en'),
      );
  }

  async #meant(which: string, now: number): Promise<readonly Issued[]> {
    const all = (await readIssued(this.#path('issued'))).map(({ certificate }) =>
      issuedOf(certificate),
    );
    const name = which.replace('/', '-');
    const bySerial = all.filter(({ serial }) => serial === which.toUpperCase().replace(/^0+/, ''));
    if (bySerial.length > 0) return bySerial;
    const named = all.filter((one) => one.name === name);
    if (named.length === 0) throw unknown(which);
    return named.filter(({ notAfter }) => notAfter.getTime() > now);
  }

  async #sign(
    ca: Ca,
    { name, names, purposes }: Wanted,
    days: number,
  ): Promise<{ readonly keys: Keys; readonly text: string }> {
    checkDays(days, MAX_DAYS);
    const now = this.options.now();
    const last = Date.parse(ca.certificate.validTo);
    if (last <= now) {
      throw new NfvError('FILE_UNREADABLE', `${this.#path('ca.pem')} has expired`, {
        remedy: 'make a new CA: nfvctl pki init in another directory',
      });
    }
    const keys = newKeys();
    const serial = randomSerial();
    const made = makeCertificate(
      {
        ...{ serial, issuer: ca.name, subject: name.slice(0, 64) },
        notBefore: new Date(Math.max(now - BACKDATED_MS, Date.parse(ca.certificate.validFrom))),
        // What outlives its CA is good for nothing.
        notAfter: new Date(Math.min(now + days * DAY_MS, last)),
        ...{ publicKey: keys.publicKey, names, use: purposes },
      },
      ca,
    );
    const text = pem('CERTIFICATE', made);
    // First: nothing that was signed is ever unknown here.
    await create(this.#path(`issued/${hexOf(serial)}.pem`), text, MODE.open);
    return { keys, text };
  }

  #told(name: string, text: string): IssuedFiles {
    const certificate = issuedOf(new X509Certificate(text));
    return { certificate, ...this.#filesOf(name), ca: this.#path('ca.pem') };
  }

  #crlText(ca: Ca, number: number, revocations: readonly Revocation[]): string {
    const content = {
      ...{ issuer: ca.name, number, revocations },
      thisUpdate: new Date(this.options.now()),
      // It is made anew when something changes: a list that expires would only cut everybody off.
      nextUpdate: new Date(ca.certificate.validTo),
    };
    return pem('X509 CRL', makeCrl(content, ca));
  }

  /** One at a time. */
  async #changing<T>(change: (ca: Ca) => Promise<T>): Promise<T> {
    const ca = caOf(
      await read(this.#path('ca.pem')),
      privateKeyOf(await read(this.#path('ca.key')), this.#path('ca.key')),
      this.#directory,
    );
    const lock = await lockFile(this.#path('lock')).catch((cause: unknown) => {
      const error = NfvError.from(cause);
      if (error.code !== 'HOST_BUSY') throw error;
      throw new NfvError('WRITE_CONFLICT', `another process is changing ${this.#directory}`, {
        cause,
      });
    });
    try {
      return await change(ca);
    } finally {
      await lock.release();
    }
  }

  #filesOf(name: string): { readonly cert: string; readonly key: string } {
    return { cert: this.#path(`certs/${name}.pem`), key: this.#path(`certs/${name}.key`) };
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}

function unknown(which: string): NfvError {
  return new NfvError('NOT_FOUND', `no certificate ${which} was issued here`, {
    remedy: 'list them: nfvctl pki list',
  });
}

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
}

function privateKeyOf(text: string, path: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (cause) {
    throw new NfvError('FILE_UNREADABLE', `${path}: ${NfvError.from(cause).message}`, { cause });
  }
}

/** @throws NfvError FILE_UNREADABLE for what `init` has not made */
function caOf(text: string, privateKey: KeyObject, directory: string): Ca {
  try {
    const certificate = new X509Certificate(text);
    const [uri = ''] = urisOf(certificate.subjectAltName ?? '');
    const trustDomain = uri.replace(/^spiffe:\/\//, '');
    checkTrustDomain(trustDomain);
    if (!certificate.checkPrivateKey(privateKey)) throw new Error('ca.key is not that of ca.pem');
    const name = certificate.subject.replace(/^CN=/, '');
    return { certificate, privateKey, publicKey: createPublicKey(privateKey), name, trustDomain };
  } catch (cause) {
    throw new NfvError('FILE_UNREADABLE', `${directory}: no CA: ${NfvError.from(cause).message}`, {
      cause,
      remedy: 'give a directory that "nfvctl pki init" has made',
    });
  }
}
