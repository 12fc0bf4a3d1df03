/** A router's exits as they are typed and shown. */
import { invalidField } from '../errors.js';
import type { RouterExit, RouterExitGateway } from '../model/router-exit.js';
import { requireId } from './kinds.js';

/** `host-1:192.0.2.11,host-2:192.0.2.12`. */
export function gatewaysText({ gateways }: RouterExit): string {
  return gateways.map(({ nve, address }) => `${nve}:${address}`).join(',');
}

/** `SUBNET=NVE:ADDRESS[,NVE:ADDRESS...]`. @throws NfvError INVALID_FIELD */
export function parseExit(text: string): RouterExit {
  const [, subnet, gateways] = /^([^=]+)=(.+)$/.exec(text.trim()) ?? [];
  if (subnet === undefined || gateways === undefined) throw notAnExit(text);
  return {
    subnet: requireId('Subnet', subnet),
    gateways: gateways.split(',').map((gateway) => parseGateway(text, gateway)),
  };
}

/** No name of an NVE has a colon, but an IPv6 address has. */
function parseGateway(exit: string, text: string): RouterExitGateway {
  const [, nve, address] = /^([^:]+):(.+)$/.exec(text.trim()) ?? [];
  if (nve === undefined || address === undefined) throw notAnExit(exit);
  return { nve: requireId('Nve', nve), address };
}

function notAnExit(text: string): Error {
  const remedy = 'give SUBNET=NVE:ADDRESS[,NVE:ADDRESS...]';
  return invalidField('--exit', text, 'not an exit', remedy);
}
