import { callerOf } from '../../src/model/access-policy.js';
import type { CallHooks } from '../../src/rpc/handlers.js';

/** Of a server, where rights are not what a test is about. */
export const ANYBODY: CallHooks = {
  callerOf: (identity) => callerOf(undefined, identity),
  onCallEnd: () => undefined,
};
