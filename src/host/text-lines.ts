/**
 * Cuts a stream of text into lines. What is not yet a line is kept; no more than `limit`
 * characters of it, for a child's output is not to be trusted with our memory.
 */
export class TextLines {
  #parts: string[] = [];
  #length = 0;

  constructor(private readonly limit: number) {}

  /**
   * The lines that `chunk` completes, without their line ends.
   * @throws RangeError when a line is longer than the limit; the stream cannot be read on then.
   */
  push(chunk: string): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', start)) {
      this.#keep(chunk.slice(start, end));
      lines.push(this.rest());
      start = end + 1;
    }
    this.#keep(chunk.slice(start));
    return lines;
  }

  /** What is left without a line end; it is forgotten. */
  rest(): string {
    const text = this.#parts.length === 1 ? this.#parts[0] : this.#parts.join('');
    this.#parts = [];
    this.#length = 0;
    return text ?? '';
  }

  #keep(part: string): void {
    if (part === '') return;
    this.#length += part.length;
    if (this.#length > this.limit) throw new RangeError(`a line of over ${this.limit} characters`);
    this.#parts.push(part);
  }
}
