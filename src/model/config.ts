/** Pieces that the daemons' configuration files have in common. */
import { z } from 'zod';
import { parseDuration } from './duration.js';

/** `30s`, `250ms`, `2m`, `1h`; milliseconds. */
export function duration(minMs: number, maxMs: number): z.ZodType<number> {
  const remedy = `give ${minMs}ms to ${maxMs}ms, such as "30s" or "5m"`;
  // In quotes alone it would be as wrong.
  const error = ({ input }: { readonly input?: unknown }): string | undefined =>
    typeof input === 'number' ? `a number without its unit; ${remedy}` : undefined;
  return z.string({ error }).transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
    context.addIssue({
      code: 'custom',
      message: `not a duration that will do; ${remedy}`,
      input: text,
    });
    return z.NEVER;
  });
}

/** A file or directory. A daemon's working directory is not what its operator thinks of. */
export const absolutePath = z
  .string()
  .regex(/^\/[^\0]*$/, 'not an absolute path; begin it with "/"');

/** How much is logged; pino's levels. */
export const logging = z
  .strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') })
  .default({ level: 'info' });
