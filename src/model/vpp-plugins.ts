/** VPP's API has no message for its plugins: its command line tells them. */

export interface VppPlugin {
  /** Without `_plugin.so`. */
  readonly name: string;
  readonly version: string;
}

/** Of what `show plugins` says (VPP src/vlib/unix/plugin.c); lines that are not understood are left out. */
export function parsePlugins(text: string): VppPlugin[] {
  const lines = [...text.matchAll(/^ *\d+\. (\S+?)(?:_plugin)?\.so +(\S+)/gm)];
  return lines.map(([, name = '', version = '']) => ({ name, version }));
}
