/** From the flags that choose resources to the API's filter. Pure. */
import type { Command } from 'commander';
import { z } from 'zod';
import { invalidField } from '../errors.js';
import type { ResourceKind } from '../model/api.js';
import { isId, ID_RULE } from '../model/names.js';
import { KIND_NAMES, requireId } from './kinds.js';

export const SelectorOptions = z.object({
  filter: z.string().optional(),
  selector: z.string().optional(),
  network: z.string().optional(),
  nve: z.string().optional(),
  tenant: z.string().optional(),
});

export type SelectorOptions = z.infer<typeof SelectorOptions>;

export function addSelectorOptions(command: Command): Command {
  return command
    .option('--filter <filter>', 'only those that match (AIP-160, see docs/api.md#filters)')
    .option('-l, --selector <labels>', 'only with these labels: site=a,tier!=web,!old')
    .option('--network <name>', 'endpoints and subnets of this network only')
    .option('--nve <name>', 'endpoints on this NVE only')
    .option('--tenant <name>', 'networks, subnets, routers and endpoints of this tenant only');
}

/**
 * What the NVA can filter by. That the network of an endpoint or a subnet is of a tenant it cannot
 * tell: the caller has to see to that. @throws NfvError INVALID_FIELD
 */
export function filterOf(kind: ResourceKind, options: SelectorOptions): string {
  const { filter = '', selector, network, nve, tenant } = options;
  const parts: string[] = [];
  if (network !== undefined) {
    if (kind !== 'Endpoint' && kind !== 'Subnet') throw hasNone('--network', network, kind);
    parts.push(`network = "virtualNetworks/${requireId('VirtualNetwork', network)}"`);
  }
  if (nve !== undefined) {
    if (kind !== 'Endpoint') throw hasNone('--nve', nve, kind);
    parts.push(`nve = "nves/${requireId('Nve', nve)}"`);
  }
  if (tenant !== undefined) {
    if (kind === 'Nve' || kind === 'HostProfile') {
      throw notFor('--tenant', tenant, `${KIND_NAMES[kind].one} is of no tenant`);
    }
    if (!isId(tenant)) throw invalidField('--tenant', tenant, 'not an id', `give ${ID_RULE}`);
    if (kind === 'VirtualNetwork' || kind === 'Router') parts.push(`tenant = "${tenant}"`);
  }
  if (selector !== undefined) parts.push(...labelFilters(selector));
  if (filter.trim() === '') return parts.join(' AND ');
  // Alone it is left as it is, for the characters that errors count.
  return parts.length === 0 ? filter : [`(${filter})`, ...parts].join(' AND ');
}

function hasNone(flag: string, value: string, kind: ResourceKind): Error {
  return notFor(flag, value, `${KIND_NAMES[kind].plural} have none`);
}

function notFor(flag: string, value: string, reason: string): Error {
  return invalidField(flag, value, reason, 'leave it out');
}

const VALUE = /^[A-Za-z0-9._-]{0,63}$/;

function labelFilters(selector: string): string[] {
  return selector.split(',').map((part) => {
    const text = part.trim();
    const [, key = '', not = '', value] = /^([^=!]+?)(?:(!?)==?(.*))?$/.exec(text) ?? [];
    if (isId(key) && value === undefined) return `labels:${key}`;
    if (isId(key) && value !== undefined && VALUE.test(value)) {
      return `labels.${key} ${not}= "${value}"`;
    }
    if (text.startsWith('!') && isId(text.slice(1))) return `NOT labels:${text.slice(1)}`;
    const remedy = 'give key=value, key!=value, key or !key, with commas between them';
    throw invalidField('--selector', text, 'not a label selector', remedy);
  });
}
