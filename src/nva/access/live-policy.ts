/** The access policy that holds now: it may be replaced while calls are under way. */
import { isDeepStrictEqual } from 'node:util';
import { NfvError } from '../../errors.js';
import { callerOf, type AccessPolicy, type Caller } from '../../model/access-policy.js';
import { identityText, type Identity } from '../../model/identity.js';

interface Watched {
  readonly identity: Identity;
  readonly cut: (error: NfvError) => void;
}

export class LivePolicy {
  readonly #watched = new Set<Watched>();

  constructor(private policy: AccessPolicy) {}

  get current(): AccessPolicy {
    return this.policy;
  }

  callerOf(identity: Identity): Caller {
    return callerOf(this.policy, identity);
  }

  /**
   * What is under way for somebody whose rights are others now is cut off.
   * @throws NfvError CONFIG_INVALID for another trust domain: sessions that are up are of the old one
   */
  replace(policy: AccessPolicy): void {
    const { trustDomain = '' } = this.policy;
    if ((policy.trustDomain ?? '') !== trustDomain) {
      const text = 'trustDomain cannot be another one while this runs';
      throw new NfvError('CONFIG_INVALID', text, { remedy: 'start it again' });
    }
    const before = this.policy;
    this.policy = policy;
    for (const watched of [...this.#watched]) {
      const { identity, cut } = watched;
      const [was, is] = [before, policy].map((each) => callerOf(each, identity).grants);
      if (isDeepStrictEqual(was, is)) continue;
      this.#watched.delete(watched);
      const who = identityText(identity);
      cut(new NfvError('RIGHTS_CHANGED', `what ${who} may do has changed`));
    }
  }

  /**
   * For what goes on for long. The answer ends that.
   * @param cut called once, when what somebody may do changes
   */
  watch(identity: Identity, cut: (error: NfvError) => void): () => void {
    const watched = { identity, cut };
    this.#watched.add(watched);
    return () => {
      this.#watched.delete(watched);
    };
  }
}
