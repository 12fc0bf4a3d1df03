import type { Received } from './vpp-emulator/emulator.js';

/** Requests by which VPP does not become another one. */
const READS = /_dump$|_get$|^show_|^want_|^control_ping$|^memclnt_|^ip_route_lookup/;

/** Names of those messages that change VPP, in the order that they came in. */
export function changesSent(received: readonly Received[]): string[] {
  return received.filter((each) => !isRead(each)).map(({ name }) => name);
}

function isRead({ name, values: { cmd } }: Received): boolean {
  if (name === 'cli_inband') return typeof cmd === 'string' && cmd.startsWith('show ');
  return READS.test(name);
}
