/** What the threads of the FFI transport say to each other. */
import { z } from 'zod';

/** Given to both threads. */
export const threadData = z.object({
  library: z.string(),
  ring: z.instanceof(SharedArrayBuffer),
  marks: z.instanceof(SharedArrayBuffer),
  clientName: z.string(),
  shmPrefix: z.string().nullable(),
});
export type ThreadData = z.infer<typeof threadData>;

/** To the thread that calls. */
export const toCaller = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('connect') }),
  z.object({ kind: z.literal('resolve'), keys: z.array(z.string()) }),
  z.object({ kind: z.literal('send'), frames: z.instanceof(Uint8Array) }),
  /** Makes VPP say something, so that the thread that reads looks up. */
  z.object({ kind: z.literal('wake') }),
  z.object({ kind: z.literal('disconnect') }),
]);
export type ToCaller = z.infer<typeof toCaller>;

export const fromCaller = z.discriminatedUnion('kind', [
  /** 0: connected. */
  z.object({ kind: z.literal('connected'), code: z.number() }),
  /** In the order of the keys; -1: VPP does not have it. */
  z.object({ kind: z.literal('resolved'), ids: z.instanceof(Int32Array) }),
  /** Frames that VPP has, in bytes. */
  z.object({ kind: z.literal('sent'), bytes: z.number() }),
  z.object({ kind: z.literal('failed'), reason: z.string() }),
  z.object({ kind: z.literal('disconnected') }),
]);
export type FromCaller = z.infer<typeof fromCaller>;

export const fromReader = z.discriminatedUnion('kind', [
  /** The ring was empty and is not any more. */
  z.object({ kind: z.literal('awake') }),
  z.object({ kind: z.literal('failed'), reason: z.string() }),
]);
export type FromReader = z.infer<typeof fromReader>;
