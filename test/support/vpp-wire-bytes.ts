/** Bytes in the order of the wire, put together one number at a time. */
export class WireBytes {
  readonly #octets: number[] = [];

  get length(): number {
    return this.#octets.length;
  }

  /** Big-endian, two's complement. */
  integer(value: number | bigint, width: number): void {
    let rest = BigInt.asUintN(8 * width, BigInt(value));
    const octets: number[] = [];
    for (let i = 0; i < width; i++) {
      octets.unshift(Number(rest % 256n));
      rest /= 256n;
    }
    this.push(octets);
  }

  double(value: number): void {
    this.push(new Uint8Array(new Float64Array([value]).buffer));
  }

  push(octets: Iterable<number>): void {
    for (const octet of octets) this.#octets.push(octet);
  }

  zeros(count: number): void {
    for (let i = 0; i < count; i++) this.#octets.push(0);
  }

  since(start: number): Buffer {
    return Buffer.from(this.#octets.slice(start));
  }
}
