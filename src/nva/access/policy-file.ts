/** The file of the access policy: read at the start, and again whenever it is another one. */
import { NfvError } from '../../errors.js';
import { parseAccessPolicy, type AccessPolicy } from '../../model/access-policy.js';
import type { Clock } from '../../model/clock.js';
import { fileStamp, readBytes } from '../../rpc/watched-file.js';
import { LivePolicy } from './live-policy.js';

export interface PolicyEvents {
  replaced(path: string): void;
  /** It cannot be used; the policy before it stays. Once for each state of the file. */
  refused(path: string, error: NfvError): void;
}

/** Between looks at the file. What is new there counts once two of them have seen the same. */
const LOOK_MS = 2000;

/** @throws NfvError FILE_UNREADABLE, CONFIG_INVALID */
export async function readPolicyFile(path: string): Promise<AccessPolicy> {
  return parse(path, String(await readBytes(path)));
}

/** Nobody means an empty file to take all rights and all quotas away: it was not written to its end. */
function parse(path: string, text: string): AccessPolicy {
  if (!text.split('\n').some(saysSomething)) {
    const remedy = 'write it again; a policy that grants nothing has "bindings: []"';
    throw new NfvError('CONFIG_INVALID', `${path}: there is nothing in it`, { remedy });
  }
  return parseAccessPolicy(text, path);
}

function saysSomething(line: string): boolean {
  const said = line.trim();
  return said !== '' && !said.startsWith('#') && said !== '---' && said !== '...';
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
    const stamp = await fileStamp(path);
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
      const stamp = await fileStamp(this.path);
      const isSettled = stamp === this.#seen;
      this.#seen = stamp;
      // Half of a file that is being written may be a policy, too.
      if (stamp === this.stamp || !isSettled) return;
      const text = String(await readBytes(this.path));
      if ((await fileStamp(this.path)) !== stamp) return;
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
