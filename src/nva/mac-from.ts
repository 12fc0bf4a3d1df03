/** A MAC of five bytes: locally administered, unicast (IEEE 802: U/L bit set, I/G bit clear). */
export function macFrom(bytes: Uint8Array): string {
  return ['02', ...[...bytes].map((b) => b.toString(16).padStart(2, '0'))].join(':');
}
