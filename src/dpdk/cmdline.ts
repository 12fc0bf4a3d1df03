/** The kernel's command line, by exact tokens (kernel: lib/cmdline.c, next_arg). */

/** Splits at white space; double quotes keep it together and vanish. */
export function parseCommandLine(text: string): string[] {
  const tokens: string[] = [];
  let token = '';
  let quoted = false;
  let any = false;
  for (const char of text) {
    if (char === '"') {
      quoted = !quoted;
      any = true;
    } else if (/\s/.test(char) && !quoted) {
      if (any) tokens.push(token);
      token = '';
      any = false;
    } else {
      token += char;
      any = true;
    }
  }
  if (any) tokens.push(token);
  return tokens;
}

/**
 * The values of a parameter, in order; '' for one without "=". `-` and `_` are the same in names.
 * What follows `--` is for init.
 */
export function kernelArgument(tokens: readonly string[], name: string): string[] {
  const end = tokens.indexOf('--');
  const wanted = name.replaceAll('-', '_');
  return tokens.slice(0, end < 0 ? undefined : end).flatMap((token) => {
    const equals = token.indexOf('=');
    const key = equals < 0 ? token : token.slice(0, equals);
    if (key.replaceAll('-', '_') !== wanted) return [];
    return [equals < 0 ? '' : token.slice(equals + 1)];
  });
}

/** One of the parameter's values, split at commas, is `value`: `iommu=pt`. */
export function hasKernelArgument(tokens: readonly string[], name: string, value: string): boolean {
  return kernelArgument(tokens, name).some((text) => text.split(',').includes(value));
}
