import type { Log } from '../../src/model/log.js';

const ignore = (): void => undefined;

export const nullLog: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** A log that keeps its lines. */
export class MemoryLog implements Log {
  readonly lines: { readonly level: string; readonly fields: object; readonly message: string }[] =
    [];

  debug(fields: object, message: string): void {
    this.lines.push({ level: 'debug', fields, message });
  }

  info(fields: object, message: string): void {
    this.lines.push({ level: 'info', fields, message });
  }

  warn(fields: object, message: string): void {
    this.lines.push({ level: 'warn', fields, message });
  }

  error(fields: object, message: string): void {
    this.lines.push({ level: 'error', fields, message });
  }
}
