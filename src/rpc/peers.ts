/** Who is connected by a certificate, and may not be any more since that has been revoked. */
import { NfvError } from '../errors.js';
import type { TlsSource } from './tls-keeper.js';

interface Watched {
  readonly certificate: Buffer;
  readonly cut: (error: NfvError) => void;
}

export class Peers {
  readonly #sources = new Set<TlsSource>();
  readonly #watched = new Set<Watched>();

  /** Revocation lists that count from now on: whatever one of them has is revoked. */
  add(source: TlsSource): void {
    if (this.#sources.has(source)) return;
    this.#sources.add(source);
    source.onChange(() => {
      this.#cutRevoked();
    });
  }

  /** @param certificate DER */
  isRevoked(certificate: Buffer): boolean {
    return [...this.#sources].some(({ current }) => current.isRevoked(certificate));
  }

  /**
   * For what goes on for longer than a check at its beginning holds. The answer ends that.
   * @param certificate DER; undefined: there is none that could be revoked
   * @param cut called once, when it is; at once if it is already
   */
  watch(certificate: Buffer | undefined, cut: (error: NfvError) => void): () => void {
    if (certificate === undefined) return () => undefined;
    const watched = { certificate, cut };
    if (this.isRevoked(certificate)) cut(revokedError('this connection'));
    else this.#watched.add(watched);
    return () => {
      this.#watched.delete(watched);
    };
  }

  #cutRevoked(): void {
    for (const watched of [...this.#watched]) {
      if (!this.isRevoked(watched.certificate)) continue;
      this.#watched.delete(watched);
      watched.cut(revokedError('this connection'));
    }
  }
}

export function revokedError(whose: string): NfvError {
  return new NfvError('ACCESS_DENIED', `the certificate of ${whose} has been revoked`);
}
