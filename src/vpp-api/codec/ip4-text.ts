const DECIMAL: readonly string[] = Array.from({ length: 256 }, (_, i) => String(i));

/**
 * Four octets from `text` between `start` and `end`, written to `into` if it is given. False for all
 * but four decimal numbers without leading zeros (RFC 6943 3.1.1 says why).
 */
export function parseIp4(
  text: string,
  start: number,
  end: number,
  into?: Uint8Array,
  offset = 0,
): boolean {
  let at = start;
  for (let octet = 0; octet < 4; octet++) {
    if (octet > 0 && (at >= end || text.charCodeAt(at++) !== DOT)) return false;
    const first = at;
    let value = 0;
    for (; at < end && at - first < 3; at++) {
      const digit = text.charCodeAt(at) - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at === first || value > 255) return false;
    if (at - first > 1 && text.charCodeAt(first) === ZERO) return false;
    if (into !== undefined) into[offset + octet] = value;
  }
  return at === end;
}

const ZERO = 48;
const DOT = 46;

export function formatIp4(from: Uint8Array, offset: number): string {
  const octet = (i: number): string => DECIMAL[from[offset + i] ?? 0] ?? '';
  return `${octet(0)}.${octet(1)}.${octet(2)}.${octet(3)}`;
}
