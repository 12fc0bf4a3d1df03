import { clip } from '../errors.js';

/** Structured logging as a parameter; a pino logger is one. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Of an error's text, which may name what a caller has sent: no line is to be as long as a message. */
export const MAX_LOGGED = 1000;

/** An error as log fields. */
export function errorFields(error: {
  readonly code: string;
  readonly message: string;
  readonly cause?: unknown;
}): object {
  const { code, message, cause } = error;
  return {
    code,
    error: clip(message, MAX_LOGGED),
    ...(cause instanceof Error ? { cause: clip(cause.message, MAX_LOGGED) } : {}),
  };
}
