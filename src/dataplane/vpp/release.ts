import type { Vpp } from './vpp.js';

/** What VPP calls its version; asked once of each of its starts, so that it is known while VPP hangs. */
export class Release {
  #known: { readonly start: number; readonly version: string } | undefined;

  /** @throws NfvError as Vpp.request */
  async of(vpp: Vpp): Promise<string> {
    if (this.#known?.start !== vpp.start) {
      const { version } = await vpp.request('show_version', {});
      this.#known = { start: vpp.start, version };
    }
    return this.#known.version;
  }
}
