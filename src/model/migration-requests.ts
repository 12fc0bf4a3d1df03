/** Requests of the northbound API about migrations, in domain terms. */
import type { Port } from './endpoint.js';

export interface MigrateRequest {
  /** Id of the endpoint. */
  readonly id: string;
  /** Id of the NVE to move it to. */
  readonly nve: string;
  readonly port: Port;
  /** Empty: whatever the current one is. */
  readonly etag: string;
  /** UUID of AIP-155; empty: none. */
  readonly requestId: string;
  readonly validateOnly: boolean;
  /** Stay associated until `finish`. */
  readonly hold: boolean;
  /** Milliseconds for each phase, 1 s to 1 h; 0: 60 s. */
  readonly timeoutMs: number;
}

export interface FinishRequest {
  readonly id: string;
  readonly etag: string;
  readonly validateOnly: boolean;
  /** NVEs without a session are not waited for. */
  readonly force: boolean;
}

export type CancelRequest = Omit<FinishRequest, 'force'>;
