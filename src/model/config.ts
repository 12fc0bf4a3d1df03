/** Pieces that the daemons' configuration files have in common. */
import { z } from 'zod';
import { parseDuration } from './duration.js';

/** `30s`, `250ms`, `2m`, `1h`; milliseconds. */
export function duration(minMs: number, maxMs: number): z.ZodType<number> {
  return z.string().transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
    context.addIssue({
      code: 'custom',
      message: `not a duration from ${minMs} ms to ${maxMs} ms, such as "30s"`,
      input: text,
    });
    return z.NEVER;
  });
}

/** PEM files for mutual TLS. */
export const tlsFiles = z.strictObject({ ca: z.string(), cert: z.string(), key: z.string() });

/** How much is logged; pino's levels. */
export const logging = z
  .strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') })
  .default({ level: 'info' });
