import type { Request } from './request.js';
import type { VppState } from './state.js';
import type { Values } from './wire.js';

/** What a handler may do besides answering. */
export interface Teller {
  /** Sends an event to one client. */
  tell(name: string, values: Values, only: number): void;
}

/** Does what VPP does with a request, and answers it. */
export type Handler = (request: Request, state: VppState, teller: Teller) => void;

/** Some messages of one API module. */
export interface Feature {
  readonly module: string;
  readonly handlers: Readonly<Record<string, Handler>>;
}
