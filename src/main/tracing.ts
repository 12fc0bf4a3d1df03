/** Traces of a daemon, where its configuration has them. */
import type { Log } from '../model/log.js';
import type { Attributes } from '../model/tracing.js';
import type { Tracing } from '../telemetry/tracing.js';
import { packageVersion } from './version.js';

/** OpenTelemetry is loaded only where it is asked for. */
export async function openTracing(
  config: { readonly otlp: string } | undefined,
  service: string,
  log: Pick<Log, 'warn' | 'info'>,
  attributes: Attributes = {},
): Promise<Tracing | undefined> {
  if (config === undefined) return undefined;
  const { Tracing } = await import('../telemetry/tracing.js');
  const { otlp: url } = config;
  return new Tracing({ url, service, version: packageVersion(), attributes, log });
}
