/** Addresses of listeners and peers: `unix:/run/nfvd/nva.sock`, `127.0.0.1:7443`, `[::1]:7443`. */
import ipaddr from 'ipaddr.js';

export type Address =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** sun_path of struct sockaddr_un has 108 bytes with its final 0. */
const MAX_SOCKET_PATH = 107;

/** undefined: `text` is no address, and `addressRule` says what would be. */
export function parseAddress(text: string): Address | undefined {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    if (!path.startsWith('/') || Buffer.byteLength(path) > MAX_SOCKET_PATH) return undefined;
    return path.includes('\0') ? undefined : { kind: 'unix', path };
  }
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65535) return undefined;
  if (match?.[1] !== undefined && !ipaddr.IPv6.isValid(host)) return undefined;
  return { kind: 'tcp', host, port };
}

export const ADDRESS_RULE = `unix:/PATH of at most ${MAX_SOCKET_PATH} bytes, HOST:PORT or [IPV6]:PORT`;

/** As grpc-js wants it. */
export function formatTarget(address: Address): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return address.host.includes(':')
    ? `[${address.host}]:${address.port}`
    : `${address.host}:${address.port}`;
}

/** Frames to it do not leave the host. A host name other than localhost may be anywhere. */
export function isLocal(address: Address): boolean {
  if (address.kind === 'unix' || address.host === 'localhost') return true;
  return ipaddr.isValid(address.host) && ipaddr.parse(address.host).range() === 'loopback';
}
