/** Structured logging as a parameter; a pino logger is one. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** An error as log fields. */
export function errorFields(error: {
  readonly code: string;
  readonly message: string;
  readonly cause?: unknown;
}): object {
  const { code, message, cause } = error;
  return {
    code,
    error: message,
    ...(cause instanceof Error ? { cause: cause.message } : {}),
  };
}
