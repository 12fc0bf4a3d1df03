/** Host preparation on a host with a fake kernel. */
import { HostPreparation } from '../../src/nve/host/preparation.js';
import type { ApplyRequest } from '../../src/nve/host/apply-request.js';
import type { HostReport } from '../../src/nve/host/status.js';
import type { FakeHost } from './fake-sysfs/host.js';
import { nullLog } from './null-log.js';

export class Preparing {
  readonly reports: HostReport[] = [];
  #preparation: HostPreparation | undefined;

  constructor(readonly host: FakeHost) {}

  /** Starts it, as the service does: with what is to be recovered. */
  async start(): Promise<HostPreparation> {
    const preparation = await this.open();
    await preparation.recover(this.host.signal);
    return preparation;
  }

  async open(): Promise<HostPreparation> {
    let ids = 0;
    this.#preparation = await HostPreparation.open({
      doors: this.host.doors,
      clock: this.host.clock,
      log: nullLog,
      stateDir: this.host.stateDir,
      nva: [],
      makeId: () => `change-${++ids}`,
      onReport: (report) => {
        this.reports.push(report);
      },
    });
    return this.#preparation;
  }

  async stop(): Promise<void> {
    await this.#preparation?.close();
    this.#preparation = undefined;
  }

  /** A kill -9: nothing of the process goes on, and the lock is free. */
  async crashed(): Promise<void> {
    await this.stop();
    this.host.restart();
  }
}

export function request(text: string, more: Partial<ApplyRequest> = {}): ApplyRequest {
  return { profile: { text, name: 'host.yaml' }, iKnow: false, ...more };
}
