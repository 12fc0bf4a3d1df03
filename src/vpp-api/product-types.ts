/** Types over the generated messages: what goes out with a request, and what comes back. */
import type { ProductMessages, ProductServices } from './generated/messages.js';

/** Requests of the product, whose fields the compiler checks. */
export type ProductRequest = keyof ProductServices & keyof ProductMessages;

/** Those with one reply, and those that are answered by details. */
export type ProductCall = {
  [N in ProductRequest]: ProductServices[N]['reply'] extends never ? never : N;
}[ProductRequest];
export type ProductDump = {
  [N in ProductRequest]: ProductServices[N]['details'] extends never ? never : N;
}[ProductRequest];

/** `MessageFields<'control_ping'>`: what `encode` takes. */
export type MessageFields<N extends keyof ProductMessages> = ProductMessages[N];

/** The decoded reply of a call. */
export type ReplyOf<N extends ProductRequest> = DecodedMessage<ProductServices[N]['reply']>;

/** One decoded details message of a dump. */
export type DetailsOf<N extends ProductRequest> = DecodedMessage<ProductServices[N]['details']>;

export type DecodedMessage<N> = N extends keyof ProductMessages
  ? Decoded<ProductMessages[N]>
  : never;

/**
 * A message as the codec decodes it, from its generated type: every field is there, and a value that
 * the definition of an enum does not have is a number (of flags: one number at the end).
 */
export type Decoded<T> = T extends Uint8Array
  ? T
  : T extends readonly unknown[]
    ? { readonly [I in keyof T]: Decoded<T[I]> }
    : T extends object
      ? { readonly [K in keyof T]-?: Decoded<Exclude<T[K], undefined>> }
      : string extends T
        ? T
        : T extends string
          ? T | number
          : T;
