/** The file of the access policy: read at the start, and again whenever it is another one. */
import { readFile, stat } from 'node:fs/promises';
import { NfvError } from '../errors.js';
import { parseAccessPolicy, type AccessPolicy } from '../model/access-policy.js';
import type { Clock } from '../model/clock.js';
import { LivePolicy } from './live-policy.js';

export interface PolicyEvents {
  replaced(path: string): void;
  /** It cannot be used; the policy before it stays. Once for each state of the file. */
  refused(path: string, error: NfvError): void;
}

/** Between looks at the file. What is new there counts once two of them have seen the same. */
const LOOK_MS = 2000;
/** Of a policy, and more than it may have. */
const MAX_BYTES = 4 * 1024 * 1024;

/** @throws NfvError FILE_UNREADABLE, CONFIG_INVALID */
export async function readPolicyFile(path: string): Promise<AccessPolicy> {
  return parse(path, await read(path));
}

async function read(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size <= MAX_BYTES) return await readFile(path, 'utf8');
    throw new NfvError('FILE_UNREADABLE', `${path} has ${size} bytes, over ${MAX_BYTES}`);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** Nobody means an empty file to take all rights and all quotas away: it was not written to its end. */
function parse(path: string, text: string): AccessPolicy {
  if (/^(?:\s|#.*|---|\.\.\.)*$/.test(text)) {
    const remedy = 'write it again; a policy that grants nothing has "bindings: []"';
    throw new NfvError('CONFIG_INVALID', `${path}: there is nothing in it`, { remedy });
  }
  return parseAccessPolicy(text, path);
}

export class PolicyFile {
  readonly #stop = new AbortController();
  #cancel: () => void = () => undefined;
  #looking: Promise<void> = Promise.resolve();
  /** Of the look before. */
  #seen: string;
  #refused = '';

  private constructor(
    private readonly path: string,
    readonly policy: LivePolicy,
    private stamp: string,
    private readonly clock: Pick<Clock, 'after'>,
    private readonly events: PolicyEvents,
  ) {
    this.#seen = stamp;
    this.#later();
  }

  /** @throws NfvError FILE_UNREADABLE, CONFIG_INVALID */
  static async open(
    path: string,
    clock: Pick<Clock, 'after'>,
    events: PolicyEvents,
  ): Promise<PolicyFile> {
    // Taken first: what is written in between is seen as new.
    const stamp = await stampOf(path);
    const policy = new LivePolicy(await readPolicyFile(path));
    return new PolicyFile(path, policy, stamp, clock, events);
  }

  /** Looks no more. Ends when nothing is being read. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#cancel();
    await this.#looking;
  }

  #later(): void {
    if (this.#stop.signal.aborted) return;
    this.#cancel = this.clock.after(LOOK_MS, () => {
      this.#looking = this.#look().finally(() => {
        this.#later();
      });
    });
  }

  async #look(): Promise<void> {
    try {
      const stamp = await stampOf(this.path);
      const isSettled = stamp === this.#seen;
      this.#seen = stamp;
      // Half of a file that is being written may be a policy, too.
      if (stamp === this.stamp || !isSettled) return;
      const text = await read(this.path);
      if ((await stampOf(this.path)) !== stamp) return;
      this.stamp = stamp;
      this.policy.replace(parse(this.path, text));
      this.#refused = '';
      this.events.replaced(this.path);
    } catch (thrown) {
      const error = NfvError.from(thrown);
      if (error.message === this.#refused) return;
      this.#refused = error.message;
      this.events.refused(this.path, error);
    }
  }
}

/** @throws NfvError FILE_UNREADABLE */
async function stampOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(':');
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): NfvError {
  if (cause instanceof NfvError) return cause;
  const { message } = NfvError.from(cause);
  return new NfvError('FILE_UNREADABLE', `${path}: ${message}`, { cause });
}
