/** What is kept of a netdev before its function leaves the kernel, and how it is put back. Pure. */
import { canonicalJson } from '../model/canonical.js';
import type { Netdev, Route } from '../model/host/inventory.js';
import type { NetdevValues, RouteValues } from '../model/host/steps.js';

/** The kernel makes these itself, from addresses and router advertisements. */
const MADE_BY_THE_KERNEL = ['kernel', 'ra', 'redirect'];

/** Seconds that an address from DHCP comes back for; its client renews it. */
const LEASE_S = 3600;

/** Routes over the device that somebody set. */
export function routesOver(device: string, routes: readonly Route[]): Route[] {
  return routes.filter(
    ({ hops, protocol }) =>
      hops.some((hop) => hop.device === device) && !MADE_BY_THE_KERNEL.includes(protocol),
  );
}

/**
 * Routes that somebody has to set again. A network's own, which the kernel makes with its address,
 * is among them where the address says noprefixroute (NetworkManager sets both itself).
 */
function routesToKeep(netdev: Netdev, routes: readonly Route[]): Route[] {
  const own = ({ family, hops, protocol, type, destination }: Route): boolean =>
    protocol === 'kernel' &&
    type === 'unicast' &&
    !destination.startsWith('fe80:') &&
    hops.some(({ device }) => device === netdev.name) &&
    netdev.addresses.some((a) => a.family === family && a.options.includes('noprefixroute'));
  const all = [...routes.filter(own), ...routesOver(netdev.name, routes)];
  return all.filter(({ isEncapsulated }) => !isEncapsulated);
}

export function toNetdevValues(netdev: Netdev, routes: readonly Route[]): NetdevValues {
  return {
    name: netdev.name,
    altnames: [...netdev.altnames],
    mac: netdev.mac,
    mtu: netdev.mtu,
    up: netdev.up,
    addresses: netdev.addresses.map((a) => ({ ...a, options: [...a.options] })),
    routes: routesToKeep(netdev, routes).map(toRouteValues),
  };
}

function toRouteValues(r: Route): RouteValues {
  return {
    family: r.family,
    table: r.table,
    type: r.type,
    destination: r.destination,
    hops: r.hops.map(({ device, gateway, weight, onlink }) => ({
      device,
      gateway: gateway ?? null,
      weight: weight ?? null,
      onlink,
    })),
    metric: r.metric ?? null,
    source: r.source ?? null,
    protocol: r.protocol,
    scope: r.scope ?? null,
    options: [...r.options],
  };
}

type Words = readonly string[];

/**
 * The `ip` commands that make the netdev as it was, in order; none: it is. Altnames, addresses and
 * routes that it has beyond are left alone.
 */
export function restoreCommands(
  now: Netdev,
  routes: readonly Route[],
  wanted: NetdevValues,
): Words[] {
  const { name, mac } = wanted;
  const set = ['link', 'set', 'dev'];
  const renamed = now.name !== name;
  const down = now.up && (renamed || now.mac !== mac || !wanted.up);
  const commands: Words[] = [];
  if (down) commands.push([...set, now.name, 'down']);
  if (now.altnames.includes(name)) {
    commands.push(['link', 'property', 'del', 'dev', now.name, 'altname', name]);
  }
  if (renamed) commands.push([...set, now.name, 'name', name]);
  for (const altname of wanted.altnames) {
    if (now.altnames.includes(altname)) continue;
    commands.push(['link', 'property', 'add', 'dev', name, 'altname', altname]);
  }
  if (now.mac !== mac) commands.push([...set, name, 'address', mac]);
  if (now.mtu !== wanted.mtu) commands.push([...set, name, 'mtu', String(wanted.mtu)]);
  if (wanted.up && (down || !now.up)) commands.push([...set, name, 'up']);
  // With the link down went its routes, and IPv6's addresses.
  return [
    ...commands,
    ...addressCommands(down ? [] : now.addresses, wanted),
    ...routeCommands(down ? [] : routes, wanted),
  ];
}

function addressCommands(now: Netdev['addresses'], { name, addresses }: NetdevValues): Words[] {
  return addresses.flatMap((a) => {
    const text = `${a.address}/${a.prefixLength}`;
    if (now.some((other) => `${other.address}/${other.prefixLength}` === text)) return [];
    const lease = ['valid_lft', String(LEASE_S), 'preferred_lft', String(LEASE_S)];
    const scope = a.family === 'IPV4' ? ['scope', a.scope] : [];
    const words = ['address', 'replace', text, 'dev', name, ...scope, ...a.options];
    return [a.dynamic ? [...words, ...lease] : words];
  });
}

function routeCommands(now: readonly Route[], { routes }: NetdevValues): Words[] {
  const there = new Set(now.map((route) => canonicalJson(toRouteValues(route))));
  const missing = routes.filter((r) => !there.has(canonicalJson(r)));
  // A gateway is taken only when there is a way to it.
  const direct = ({ hops }: RouteValues): boolean => hops.every(({ gateway }) => gateway === null);
  return [...missing.filter(direct), ...missing.filter((r) => !direct(r))].map(routeCommand);
}

function routeCommand(r: RouteValues): Words {
  const words = [r.family === 'IPV6' ? '-6' : '-4', 'route', 'replace'];
  if (r.type !== 'unicast') words.push(r.type);
  words.push(r.destination, 'table', r.table, 'proto', r.protocol);
  if (r.metric !== null) words.push('metric', String(r.metric));
  if (r.source !== null) words.push('src', r.source);
  if (r.scope !== null && r.family === 'IPV4') words.push('scope', r.scope);
  words.push(...r.options);
  const single = r.hops.length === 1;
  for (const { device, gateway, weight, onlink } of r.hops) {
    if (!single) words.push('nexthop');
    if (gateway !== null) words.push('via', ...gatewayWords(r, gateway));
    words.push('dev', device);
    if (weight !== null && !single) words.push('weight', String(weight));
    if (onlink) words.push('onlink');
  }
  return words;
}

/** A network of IPv4 may lie behind a router that has IPv6 only (RFC 8950). */
function gatewayWords({ family }: RouteValues, gateway: string): Words {
  return family === 'IPV4' && gateway.includes(':') ? ['inet6', gateway] : [gateway];
}
