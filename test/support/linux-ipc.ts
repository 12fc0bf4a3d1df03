/** What `LinuxHost` and its agent say to each other. */
import type { ErrorCode } from '../../src/errors.js';
import type { Item } from '../../src/model/item.js';
import type { Capabilities, Underlay } from '../../src/model/nve.js';
import type { Observed, Scope, Step } from '../../src/reconcile/dataplane.js';

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export type Question =
  | { readonly method: 'capabilities' | 'underlays' | 'watch' | 'close' }
  | { readonly method: 'abort'; readonly of: number }
  | {
      readonly method: 'observe';
      readonly scope: Scope;
      readonly wanted: ReadonlyMap<string, Item>;
    }
  | { readonly method: 'apply'; readonly steps: readonly Step[] };

export type Request = Question & { readonly id: number };

export type Answer =
  | { readonly method: 'capabilities'; readonly value: Capabilities }
  | { readonly method: 'underlays'; readonly value: readonly Underlay[] }
  | {
      readonly method: 'observe';
      readonly objects: ReadonlyMap<string, Observed>;
      readonly obstacles: ReadonlyMap<string, Failure>;
    }
  | { readonly method: 'apply'; readonly value: readonly (Failure | undefined)[] }
  | { readonly method: 'watch' | 'close' | 'abort' }
  | { readonly method: 'failed'; readonly error: Failure };

export type Reply =
  | (Answer & { readonly id: number })
  | { readonly method: 'changed'; readonly keys: ReadonlySet<string> | 'unknown' };

/** Both ends are ours; this only tells a message from what is none. */
export function isRequest(message: unknown): message is Request {
  return typeof message === 'object' && message !== null && 'id' in message;
}

export function isReply(message: unknown): message is Reply {
  return typeof message === 'object' && message !== null && 'method' in message;
}
