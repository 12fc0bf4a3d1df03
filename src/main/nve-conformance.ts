/** `nfvd nve-conformance`: plays the NVA, and examines the NVE that connects to it. */
import { z } from 'zod';
import type { Case } from '../conformance/case.js';
import { Lab } from '../conformance/lab.js';
import { CASES, examine, type Result } from '../conformance/suite.js';
import { invalidField, NfvError } from '../errors.js';
import { parseIp } from '../model/addresses.js';
import { systemClock } from '../model/clock.js';
import { isId, ID_RULE } from '../model/names.js';
import { ADDRESS_RULE, parseAddress } from '../rpc/address.js';
import { ConformanceServer } from '../rpc/conformance-server.js';
import type { TlsFiles } from '../rpc/tls-material.js';

const Flags = z.object({
  target: z.string().default(''),
  listen: z.string(),
  vtep: z.string().optional(),
  vni: z.coerce.number(),
  timeout: z.coerce.number(),
  only: z.string().optional(),
  list: z.boolean().default(false),
  output: z.enum(['text', 'json']),
  ca: z.string().optional(),
  cert: z.string().optional(),
  key: z.string().optional(),
});
type Flags = z.infer<typeof Flags>;

/** Cases use up to 16. */
const MAX_FIRST_VNI = 2 ** 24 - 16;

/**
 * @param raw what commander has read
 * @param print one line
 * @returns whether the NVE did all that was asked of it
 * @throws NfvError INVALID_FIELD; those of listening; those of `examine`
 */
export async function runConformance(
  raw: unknown,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const flags = Flags.parse(raw);
  const cases = chosen(flags.only);
  if (flags.list) {
    for (const { id, about } of cases) print(`${id.padEnd(48)} ${about}`);
    return true;
  }
  const lab = new Lab({ ...checked(flags), clock: systemClock, signal });
  const server = new ConformanceServer((stream) => {
    lab.came(stream);
  });
  const tls = tlsOf(flags);
  const address = parseAddress(flags.listen);
  if (address === undefined) {
    throw invalidField('listen', flags.listen, 'not an address', `give ${ADDRESS_RULE}`);
  }
  const at = await server.start({ address, ...(tls === undefined ? {} : { tls }) });
  const isText = flags.output === 'text';
  if (isText) print(`waiting at ${at} for the NVE ${flags.target}`);
  try {
    const results = await examine(lab, cases, (result) => {
      print(isText ? textOf(result) : JSON.stringify(summary(result)));
    });
    if (isText) print(sum(results));
    return results.every(({ outcome }) => outcome.kind !== 'failed');
  } finally {
    server.stop();
  }
}

function chosen(only: string | undefined): readonly Case[] {
  const cases = only === undefined ? CASES : CASES.filter(({ id }) => id.startsWith(only));
  if (cases.length > 0) return cases;
  throw invalidField('only', only ?? '', 'no case begins so', 'see what --list tells');
}

function checked({ target, vtep, vni, timeout }: Flags) {
  if (target === '') throw invalidField('target', '', 'missing', 'give the id of the NVE');
  if (!isId(target)) throw invalidField('target', target, 'not an id', `give ${ID_RULE}`);
  if (vtep !== undefined && parseIp(vtep) === undefined) {
    throw invalidField('vtep', vtep, 'not an address', 'give one of the NVE, without a length');
  }
  if (!Number.isInteger(vni) || vni < 1 || vni > MAX_FIRST_VNI) {
    throw invalidField('vni', String(vni), 'not a VNI', `give 1-${MAX_FIRST_VNI}`);
  }
  if (!(timeout > 0 && timeout <= 3600)) {
    throw invalidField('timeout', String(timeout), 'not a time', 'give seconds, up to 3600');
  }
  return { target, vtep, vni, patienceMs: timeout * 1000 };
}

function tlsOf({ ca, cert, key }: Flags): TlsFiles | undefined {
  if (ca !== undefined && cert !== undefined && key !== undefined) return { ca, cert, key };
  if (ca === undefined && cert === undefined && key === undefined) return undefined;
  throw invalidField('ca', ca ?? '', 'one of three', 'give --ca, --cert and --key together');
}

function textOf({ id, about, outcome, ms }: Result): string {
  switch (outcome.kind) {
    case 'passed':
      return `ok       ${id}: ${about} (${ms} ms)`;
    case 'skipped':
      return `skipped  ${id}: ${outcome.reason}`;
    case 'failed':
      return `FAILED   ${id}: ${about}\n         ${reasons(outcome.error)}`;
  }
}

function reasons(error: NfvError): string {
  const { cause } = error;
  return cause instanceof NfvError ? `${error.message}: ${reasons(cause)}` : error.message;
}

function summary({ id, about, outcome, ms }: Result) {
  const detail =
    outcome.kind === 'failed'
      ? { error: reasons(outcome.error) }
      : outcome.kind === 'skipped'
        ? { reason: outcome.reason }
        : {};
  return { id, about, outcome: outcome.kind, ms, ...detail };
}

function sum(results: readonly Result[]): string {
  const count = (kind: Result['outcome']['kind']): number =>
    results.filter(({ outcome }) => outcome.kind === kind).length;
  return `conformance: ${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`;
}
