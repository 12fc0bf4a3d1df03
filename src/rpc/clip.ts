/** At most `length` characters of a text for people; what is cut off shows as `...`. */
export function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 3)}...`;
}
