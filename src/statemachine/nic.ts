/** One PCI function, between the kernel and VFIO. No I/O. */
import { setup } from 'xstate';
import { typed } from './typed.js';

export type NicEvent =
  /** It was looked at. */
  | { readonly type: 'SEEN_WITH_KERNEL' }
  | { readonly type: 'SEEN_WITH_VFIO' }
  | { readonly type: 'SEEN_WITHOUT_DRIVER' }
  /** A VF that its PF does not have (any more). */
  | { readonly type: 'NOT_SEEN' }
  | { readonly type: 'BIND' }
  | { readonly type: 'RESTORE' }
  | { readonly type: 'DONE' }
  | { readonly type: 'FAILED' }
  /** A write did not return: the kernel waits for whoever holds it. */
  | { readonly type: 'HUNG' }
  | { readonly type: 'FREED' };

const SEEN = {
  SEEN_WITH_KERNEL: 'kernel',
  SEEN_WITH_VFIO: 'vfio',
  SEEN_WITHOUT_DRIVER: 'driverless',
  NOT_SEEN: 'absent',
} as const;

export const nicMachine = setup({ types: { events: typed<NicEvent>() } }).createMachine({
  id: 'nic',
  initial: 'unknown',
  states: {
    unknown: { on: SEEN },
    kernel: { on: { ...SEEN, BIND: 'binding', RESTORE: 'restoring' } },
    binding: { on: { DONE: 'vfio', FAILED: 'restoring', HUNG: 'stuck' } },
    vfio: { on: { ...SEEN, BIND: 'binding', RESTORE: 'restoring' } },
    restoring: { on: { DONE: 'kernel', FAILED: 'driverless', HUNG: 'stuck' } },
    /** Never left so: it is bound, or given back. */
    driverless: { on: { ...SEEN, BIND: 'binding', RESTORE: 'restoring' } },
    stuck: { on: { FREED: 'restoring' } },
    absent: { on: { ...SEEN, BIND: 'binding' } },
  },
});
