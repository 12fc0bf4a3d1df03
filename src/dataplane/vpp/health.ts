/** How we stand with VPP: what the NVA shows of it. */
import { clip, NfvError } from '../../errors.js';
import type { Clock } from '../../model/clock.js';
import { timestamp } from '../../model/clock.js';
import {
  MAX_FEATURES,
  MAX_PLUGINS,
  MAX_PROBLEMS,
  type DataplaneFeature,
  type DataplanePlugin,
  type DataplaneStatus,
  type FeatureState,
} from '../../model/dataplane-status.js';
import { parsePlugins } from '../../model/vpp-plugins.js';
import type { Binding } from '../../vpp-api/client/binding.js';
import type { Boot } from '../../vpp-api/client/boot.js';
import type { SessionEvent } from '../../vpp-api/client/options.js';
import type { Vpp } from './vpp.js';

const MAX_TEXT = 500;

export class Health {
  #status: DataplaneStatus;
  #boot: number | undefined;
  #lost: NfvError | undefined;
  readonly #listeners: ((status: DataplaneStatus) => void)[] = [];

  constructor(private readonly clock: Pick<Clock, 'now'>) {
    const reason = 'VPP was not reached yet';
    this.#lost = new NfvError('VPP_UNREACHABLE', reason);
    this.#status = {
      session: 'LOST',
      since: timestamp(clock.now()),
      reasonCode: 'VPP_UNREACHABLE',
      reason,
      restarts: 0,
      boot: '',
      features: [],
      plugins: [],
    };
  }

  /** Calls back now, and whenever it changes. */
  listen(listener: (status: DataplaneStatus) => void): void {
    this.#listeners.push(listener);
    listener(this.#status);
  }

  /** What VPP can do is another, though nothing here is. */
  tellAgain(): void {
    for (const listener of this.#listeners) listener(this.#status);
  }

  /** @throws NfvError why there is no connection to VPP */
  requireSession(): void {
    if (this.#lost !== undefined) throw this.#lost;
  }

  /** What the client says of its connection. */
  told(event: SessionEvent, binding: Binding | undefined): void {
    this.#lost = event.kind === 'lost' ? event.error : undefined;
    switch (event.kind) {
      case 'ready':
        this.#connected(event.boot, binding);
        break;
      case 'recovered':
        this.#set('CONNECTED', { reasonCode: '', reason: '' });
        break;
      case 'degraded':
        this.#set('DEGRADED', {
          reasonCode: 'DATAPLANE_TIMEOUT',
          reason: 'VPP owes answers and says nothing',
        });
        break;
      case 'lost': {
        const { code, message } = event.error;
        this.#set('LOST', { reasonCode: code, reason: clip(message, MAX_TEXT) });
        break;
      }
    }
  }

  /** Which plugins that VPP has; what is not understood is left out. */
  async readPlugins(vpp: Vpp): Promise<void> {
    const plugins = await pluginsOf(vpp);
    // Another VPP may run by now.
    if (vpp.start === this.#boot) this.#change({ plugins });
  }

  #connected({ number, pid, instance }: Boot, binding: Binding | undefined): void {
    const { restarts } = this.#status;
    const isAnother = this.#boot !== undefined && this.#boot !== number;
    this.#boot = number;
    this.#set('CONNECTED', {
      reasonCode: '',
      reason: '',
      restarts: restarts + (isAnother ? 1 : 0),
      boot: `${pid} ${instance}`,
      features: binding === undefined ? [] : featuresOf(binding),
    });
  }

  #set(session: DataplaneStatus['session'], change: Partial<DataplaneStatus>): void {
    const isSame = session === this.#status.session;
    const since = isSame ? this.#status.since : timestamp(this.clock.now());
    this.#change({ ...change, session, since });
  }

  #change(change: Partial<DataplaneStatus>): void {
    const next = { ...this.#status, ...change };
    if (JSON.stringify(next) === JSON.stringify(this.#status)) return;
    this.#status = next;
    for (const listener of this.#listeners) listener(next);
  }
}

const STATES = { ok: 'OK', missing: 'MISSING', changed: 'CHANGED' } as const satisfies Record<
  string,
  FeatureState
>;

function featuresOf({ compat }: Binding): DataplaneFeature[] {
  return [...compat.features].slice(0, MAX_FEATURES).map(([name, { status, problems }]) => ({
    name,
    state: STATES[status],
    problems: problems.slice(0, MAX_PROBLEMS).map((problem) => problem.name),
  }));
}

async function pluginsOf(vpp: Vpp): Promise<DataplanePlugin[]> {
  let reply: string;
  try {
    ({ reply } = await vpp.request('cli_inband', { cmd: 'show plugins' }));
  } catch (thrown) {
    const error = NfvError.from(thrown);
    if (error.code === 'VPP_REFUSED' || error.code === 'VPP_MESSAGE_MISSING') return [];
    throw error;
  }
  return parsePlugins(reply)
    .slice(0, MAX_PLUGINS)
    .map(({ name, version }) => ({ name: clip(name, 64), version: clip(version, 64) }));
}
