import { isHostAddress, parseIp } from './addresses.js';
import type { Violations } from './violations.js';

/**
 * One of a list of unicast addresses, none of them twice. `before` are those that came before it.
 * @returns it in canonical form; undefined: what is wrong with it has been added to `v`.
 */
export function checkHostAddress(
  v: Violations,
  field: string,
  text: string,
  before: readonly string[],
  example: string,
): string | undefined {
  const ip = parseIp(text);
  if (ip === undefined || !isHostAddress(ip)) {
    const remedy = `give one without prefix length, e.g. "${example}"`;
    v.add(field, text, 'not a unicast IP address', remedy);
    return undefined;
  }
  if (before.includes(ip.text)) {
    v.add(field, text, 'given twice', 'give each address once');
    return undefined;
  }
  return ip.text;
}
