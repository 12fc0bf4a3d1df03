/** The trace that a run of nfvctl is, where NFVCTL_OTLP has a collector. */
import type { TraceContext } from '../model/origin.js';
import { otlpUrl } from '../rpc/address-config.js';
import { openTracing } from './tracing.js';

export interface CliTrace {
  readonly context: TraceContext;
  /** Sends it, for 3 s at most. */
  end(exitCode: number): Promise<void>;
}

const say = (fields: object): void => {
  process.stderr.write(`nfvctl: traces are lost: ${JSON.stringify(fields)}\n`);
};

/** Undefined: it is no URL to send them to, which is told. */
export async function openCliTrace(
  url: string,
  args: readonly string[],
): Promise<CliTrace | undefined> {
  const checked = otlpUrl.safeParse(url);
  if (!checked.success) {
    say({ NFVCTL_OTLP: url, error: checked.error.issues.map(({ message }) => message).join('; ') });
    return undefined;
  }
  const log = { warn: say, info: () => undefined };
  const tracing = await openTracing({ otlp: checked.data }, 'nfvctl', log);
  if (tracing === undefined) return undefined;
  // Not the flags: a file's name or an address is nobody else's business.
  const verb = args.filter((arg) => /^[a-z]+$/.test(arg)).slice(0, 2);
  const span = tracing.start(['nfvctl', ...verb].join(' '));
  return {
    context: span.context,
    async end(exitCode) {
      span.end(undefined, { 'process.exit.code': exitCode });
      await tracing.stop();
    },
  };
}
