/**
 * How what a frame passes on one NVE stands: by what the NVE reported and, if it is asked to look, by what
 * is on its host now.
 */
import { NfvError } from '../../errors.js';
import type { ItemSight, SightState } from '../../model/query.js';
import type { NveTrace, PassedItem } from '../../model/replica.js';
import type { Hop } from '../../model/trace.js';
import type { Connected } from '../sessions/sessions.js';

/** The NVE itself, then what is passed there. @param connected undefined: it has no session here */
export async function traceNve(
  { nve, passed, reportedOnly }: NveTrace,
  connected: Connected | undefined,
  signal: AbortSignal,
): Promise<readonly Hop[]> {
  const report = new NveReport(nve, connected);
  const keys = passed.map(({ key }) => key);
  if (!reportedOnly) await report.look(keys, signal);
  return [report.itself(), ...passed.map((item) => report.of(item))];
}

/** Of an NVE whose session is with a replica that did not answer. */
export function untraced({ nve, passed }: NveTrace, { code, message }: NfvError): readonly Hop[] {
  const unknown = { nve, state: 'UNKNOWN', code } as const;
  const reason = `the replica of the NVA that it is connected to cannot be asked: ${message}`;
  return [
    { ...unknown, what: `NVE ${nve}`, key: '', reason },
    ...passed.map(({ what, key }) => ({ ...unknown, what, key, reason: '' })),
  ];
}

class NveReport {
  #sights = new Map<string, ItemSight>();
  /** Why it did not look. */
  #error: NfvError | undefined;

  constructor(
    private readonly nve: string,
    private readonly connected: Connected | undefined,
  ) {}

  async look(keys: readonly string[], signal: AbortSignal): Promise<void> {
    if (this.connected === undefined || keys.length === 0) return;
    try {
      const query = { what: 'LOOK', keys } as const;
      const { sights } = await this.connected.session.queries.ask(query, signal);
      this.#sights = new Map(sights.map((sight) => [sight.key, sight]));
    } catch (thrown) {
      this.#error = NfvError.from(thrown);
    }
  }

  itself(): Hop {
    const { nve } = this;
    const hop = { nve, what: `NVE ${nve}`, key: '' };
    if (this.connected === undefined) {
      const reason = 'its agent is not connected; the host goes on as it was';
      return { ...hop, state: 'UNKNOWN', code: 'NVE_DISCONNECTED', reason };
    }
    const { dataplane } = this.connected;
    if (dataplane !== undefined && dataplane.session !== 'CONNECTED') {
      const { session, reasonCode: code, reason } = dataplane;
      return { ...hop, state: session === 'LOST' ? 'BROKEN' : 'UNKNOWN', code, reason };
    }
    if (this.#error !== undefined) {
      const { code, message } = this.#error;
      return { ...hop, state: 'UNKNOWN', code, reason: `it did not look: ${message}` };
    }
    return { ...hop, state: 'OK', code: '', reason: '' };
  }

  of({ what, key }: PassedItem): Hop {
    const step = { nve: this.nve, what, key };
    const progress = this.connected?.session.progress;
    if (progress === undefined) {
      return { ...step, state: 'UNKNOWN', code: 'NVE_DISCONNECTED', reason: '' };
    }
    if (!progress.wants(step.key)) {
      return { ...step, state: 'BROKEN', code: '', reason: 'the NVE is not to have it' };
    }
    const reported = progress.stateOf(step.key);
    if (typeof reported === 'object') {
      return { ...step, state: 'BROKEN', code: reported.code, reason: reported.message };
    }
    if (reported === 'open') {
      return { ...step, state: 'UNKNOWN', code: 'NVE_PENDING', reason: 'not yet applied' };
    }
    const sight = this.#sights.get(step.key);
    if (sight === undefined || sight.state === 'AS_WANTED') {
      return { ...step, state: 'OK', code: '', reason: '' };
    }
    return { ...step, state: 'BROKEN', code: CODES[sight.state], reason: seen(sight) };
  }
}

const CODES: Readonly<Record<Exclude<SightState, 'AS_WANTED'>, string>> = {
  DIFFERS: 'READBACK_MISMATCH',
  MISSING: 'READBACK_MISMATCH',
  OBSTRUCTED: 'FOREIGN_OBJECT',
  UNWANTED: 'NVE_PENDING',
};

function seen({ state, detail }: ItemSight): string {
  if (state === 'DIFFERS') return `changed behind the agent's back: ${detail}`;
  if (state === 'MISSING') return "gone behind the agent's back";
  return detail;
}
