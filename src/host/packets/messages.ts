/** What the two threads tell each other. */
import { z } from 'zod';

/** An interface, and the addresses to look for at it. */
export interface Lookout {
  readonly interface: string;
  /** Canonical. */
  readonly addresses: readonly string[];
}

export type ToListener =
  | { readonly kind: 'watch'; readonly lookouts: readonly Lookout[] }
  | { readonly kind: 'ask'; readonly interfaces: readonly string[] }
  | {
      readonly kind: 'announce';
      readonly id: number;
      readonly interface: string;
      readonly ip: string;
      readonly mac: string;
      readonly isRouter: boolean;
    }
  | { readonly kind: 'stop' };

const lookout = z.object({ interface: z.string(), addresses: z.array(z.string()) });

export const toListener: z.ZodType<ToListener> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('watch'), lookouts: z.array(lookout) }),
  z.object({ kind: z.literal('ask'), interfaces: z.array(z.string()) }),
  z.object({
    kind: z.literal('announce'),
    id: z.number(),
    interface: z.string(),
    ip: z.string(),
    mac: z.string(),
    isRouter: z.boolean(),
  }),
  z.object({ kind: z.literal('stop') }),
]);

export const fromListener = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('seen'),
    interface: z.string(),
    ip: z.string(),
    mac: z.string(),
  }),
  /** Empty: it was sent. */
  z.object({ kind: z.literal('announced'), id: z.number(), reason: z.string() }),
  /** An interface cannot be listened at; it is tried again. */
  z.object({ kind: z.literal('deaf'), interface: z.string(), reason: z.string() }),
]);
export type FromListener = z.infer<typeof fromListener>;

export const listenerData = z.object({ bell: z.number() });
