import type { Received } from './vpp-emulator/emulator.js';

/** Requests by which VPP does not become another one; of the command line only `show` is ever sent. */
const READS = /_dump$|_get$|^show_|^cli_inband$|^control_ping$|^memclnt_|^ip_route_lookup/;

/** Names of those messages that change VPP, in the order that they came in. */
export function changesSent(received: readonly Received[]): string[] {
  return received.map(({ name }) => name).filter((name) => !READS.test(name));
}
