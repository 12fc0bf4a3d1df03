/** etcd's authentication by name and password: a token that is sent with each call. */
import { readFileSync } from 'node:fs';
import { Metadata } from '@grpc/grpc-js';
import { NfvError } from '../../errors.js';

export interface EtcdUser {
  readonly username: string;
  /** A file with the password, in one line; read whenever a token is fetched. */
  readonly passwordFile: string;
}

/** @throws NfvError FILE_UNREADABLE */
export function readPassword(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    const { message } = NfvError.from(cause);
    throw new NfvError('FILE_UNREADABLE', `${path}: ${message}`, { cause });
  }
}

export class Token {
  #token = '';

  constructor(private readonly user: EtcdUser | undefined) {}

  get isUsed(): boolean {
    return this.user !== undefined;
  }

  get isMissing(): boolean {
    return this.isUsed && this.#token === '';
  }

  /** For a call. */
  metadata(): Metadata {
    const metadata = new Metadata();
    if (this.#token !== '') metadata.set('token', this.#token);
    return metadata;
  }

  /** @throws NfvError FILE_UNREADABLE */
  credentials(): { readonly name: string; readonly password: string } {
    const { username: name = '', passwordFile = '' } = this.user ?? {};
    return { name, password: readPassword(passwordFile) };
  }

  set(token: string): void {
    this.#token = token;
  }
}
