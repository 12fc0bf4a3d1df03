/** nfvctl in this process, with the client that the program has, and a VPP to ask. */
import { connectVpp, openVppStats } from '../../src/main/vpp-access.js';
import { nfvctl, startNfvctl, type CliOptions, type Ran, type Running } from './cli.js';

export class CliVpp {
  constructor(private readonly env: Readonly<Record<string, string>>) {}

  /** Runs `nfvctl vpp WORDS`. */
  run(words: readonly string[], options: CliOptions = {}): Promise<Ran> {
    return nfvctl(['vpp', ...words], this.#options(options));
  }

  start(words: readonly string[], options: CliOptions = {}): Running {
    return startNfvctl(['vpp', ...words], this.#options(options));
  }

  #options(options: CliOptions): CliOptions {
    return { connectVpp, openVppStats, ...options, env: { ...this.env, ...options.env } };
  }
}
