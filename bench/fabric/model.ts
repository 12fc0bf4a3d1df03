/** Who is where: networks of five NVEs each. */
import { NEW_ENDPOINT, type EndpointSpec } from '../../src/model/endpoint.js';

export const MEMBERS = 5;

export interface NewEndpoint {
  readonly id: string;
  readonly spec: EndpointSpec;
}

const hex = (n: number): string => n.toString(16).padStart(2, '0');
const bytes = (n: number): number[] => [(n >> 16) & 255, (n >> 8) & 255, n & 255];

export const nveId = (i: number): string => `nve-${i}`;
export const networkId = (i: number): string => `net-${i}`;
export const vtepOf = (i: number): string => `10.98.${i >> 8}.${(i & 255) + 1}`;
export const macOf = (n: number): string => `02:fa:b0:${bytes(n).map(hex).join(':')}`;

/** The numbers of the NVEs that a network is on. */
export const membersOf = (network: number): number[] =>
  Array.from({ length: MEMBERS }, (_, i) => network * MEMBERS + i);

/** Endpoint number `n` of all, as a veth whose other end is in a namespace of its host's guests. */
export function endpoint(n: number, network: string, nve: number, netns: string): NewEndpoint {
  const port = { kind: 'veth', netns, interface: `e${n}`, hostInterface: '' } as const;
  const ips = [`10.${bytes(n).join('.')}`];
  const spec = { ...NEW_ENDPOINT, network, nve: nveId(nve), port, mac: macOf(n), ips };
  return { id: `endpoint-${n}`, spec };
}
