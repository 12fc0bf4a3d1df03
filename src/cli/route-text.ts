/** Static routes as they are typed and shown. */
import { invalidField } from '../errors.js';
import type { RouterNextHop, StaticRoute } from '../model/router.js';

/** `via 10.0.0.9@2,10.0.0.10`, or `drop`. */
export function hopsText({ nextHops, drop }: StaticRoute): string {
  return drop ? 'drop' : `via ${nextHops.map(hopText).join(',')}`;
}

function hopText({ address, weight }: RouterNextHop): string {
  return weight === 1 ? address : `${address}@${weight}`;
}

/** `PREFIX via ADDRESS[@WEIGHT][,ADDRESS...]` or `PREFIX drop`. @throws NfvError INVALID_FIELD */
export function parseRoute(text: string): StaticRoute {
  const [prefix = '', verb, hops, ...rest] = text.trim().split(/\s+/);
  if (rest.length === 0 && verb === 'drop' && hops === undefined) {
    return { prefix, nextHops: [], drop: true };
  }
  if (rest.length === 0 && verb === 'via' && hops !== undefined) {
    return { prefix, nextHops: hops.split(',').map((hop) => parseHop(text, hop)), drop: false };
  }
  throw notARoute(text);
}

function parseHop(route: string, text: string): RouterNextHop {
  const [, address, weight = '1'] = /^([^@]+)(?:@(\d{1,9}))?$/.exec(text) ?? [];
  if (address === undefined) throw notARoute(route);
  return { address, weight: Number(weight) };
}

function notARoute(text: string): Error {
  const remedy = 'give "PREFIX via ADDRESS[@WEIGHT][,ADDRESS...]", or "PREFIX drop"';
  return invalidField('--route', text, 'not a route', remedy);
}
