/** The host that the tests of the lab prepare: the guest they run in. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Context } from 'mocha';
import { openHost } from '../../../src/main/host-access.js';
import { Child, type Ended } from '../../support/child.js';
import { nfvctl, type Ran } from '../../support/cli.js';
import { skip } from '../../support/skip.js';
import { DISK_AT } from '../initrd.js';

/** The two 82576, on node 0 and on node 1; their names may change places from boot to boot. */
export const PF0 = '0000:41:00.0';
export const PF1 = '0000:81:00.0';
/** In one IOMMU group with the disk controller. */
export const ON_BOARD = '0000:00:1f.6';

export function isGuest(): boolean {
  return process.env['NFVD_LAB_GUEST'] === '1';
}

export function needGuest(context: Context): void {
  if (!isGuest()) skip(context, 'not in the guest of make test-lab');
}

const program = (name: string): string =>
  fileURLToPath(new URL(`../../../src/main/${name}.js`, import.meta.url));

/** One host with its state directory on the guest's disk. */
export class LabHost {
  readonly stateDir: string;
  readonly #profile: string;

  constructor(name: string) {
    this.stateDir = join(DISK_AT, name);
    this.#profile = join(DISK_AT, `${name}.yaml`);
    mkdirSync(this.stateDir, { recursive: true });
  }

  get journal(): string {
    return join(this.stateDir, 'journal');
  }

  profile(text: string): string {
    writeFileSync(this.#profile, text);
    return this.#profile;
  }

  /** `nfvctl host`, in this process: a start of Node takes ten seconds here. */
  async host(...words: readonly string[]): Promise<Ran> {
    return nfvctl(this.#argv(words), { openHost });
  }

  /** The same, and it must go well. @returns what it printed */
  async ok(...words: readonly string[]): Promise<string> {
    const { status, out, err } = await this.host(...words);
    assert.equal(status, 0, `nfvctl host ${words.join(' ')}: ${err}${out}`);
    return out;
  }

  async apply(text: string, ...flags: readonly string[]): Promise<Ran> {
    return this.host('apply', '-f', this.profile(text), ...flags);
  }

  /** A refusal, or a failure that was undone: its whole text. */
  async refused(text: string, ...flags: readonly string[]): Promise<string> {
    const { status, err } = await this.apply(text, ...flags);
    assert.notEqual(status, 0, 'it was applied');
    return err;
  }

  /** The program itself, in a process of its own. */
  start(name: 'nfvctl' | 'nfvd', ...words: readonly string[]): Child {
    return new Child(process.execPath, [program(name), ...this.#argv(words)]);
  }

  async ended(child: Child): Promise<Ended> {
    const end = await child.ended;
    assert.equal(end.status, 0, end.err + end.out);
    return end;
  }

  #argv(words: readonly string[]): string[] {
    return ['host', ...words, '--state-dir', this.stateDir];
  }
}
