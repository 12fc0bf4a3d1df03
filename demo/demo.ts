/** What every check works on. */
import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { NvaClient } from '../src/rpc/nva-client.js';
import type { Daemon } from './daemons.js';
import type { VppHost } from './vpp.js';
import { HOSTS, type Host } from './world.js';

export interface Guest {
  readonly id: string;
  readonly network: string;
  readonly host: Host;
  readonly netns: string;
  readonly mac: string;
  readonly ipv4: string;
  readonly ipv6: string;
}

export interface Demo {
  readonly guests: readonly Guest[];
  readonly nva: Daemon;
  readonly agents: ReadonlyMap<string, Daemon>;
  readonly client: NvaClient;
  /** Undefined: all hosts have the kernel's dataplane. */
  readonly vpp: VppHost | undefined;
}

/** @returns one line on what was seen. @throws what was not as it should be */
export type Check = (demo: Demo) => Promise<string>;

const endpoint = z.object({
  kind: z.literal('Endpoint'),
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    network: z.string(),
    nve: z.string(),
    mac: z.string(),
    ips: z.array(z.string()),
    port: z.object({ veth: z.object({ netns: z.string() }) }),
  }),
});

/** The endpoints of a manifest. */
export async function readGuests(path: string): Promise<Guest[]> {
  const documents = parseAllDocuments(await readFile(path, 'utf8'));
  return documents.flatMap((document) => {
    const parsed = endpoint.safeParse(document.toJS());
    if (!parsed.success) return [];
    const { metadata, spec } = parsed.data;
    return [
      {
        id: metadata.name,
        network: spec.network,
        host: hostOf(spec.nve),
        netns: spec.port.veth.netns,
        mac: spec.mac,
        ipv4: spec.ips.find((ip) => !ip.includes(':')) ?? '',
        ipv6: spec.ips.find((ip) => ip.includes(':')) ?? '',
      },
    ];
  });
}

export function hostOf(name: string): Host {
  const host = HOSTS.find((h) => h.name === name);
  if (host === undefined) throw new Error(`there is no host ${name}`);
  return host;
}

export function agentOf(demo: Demo, host: Host): Daemon {
  const agent = demo.agents.get(host.name);
  if (agent === undefined) throw new Error(`there is no agent on ${host.name}`);
  return agent;
}

/** Two guests of one network on different hosts; the same ones each time. */
export function pair(demo: Demo, network: string): [Guest, Guest] {
  const from = demo.guests.find((g) => g.network === network);
  const to = demo.guests.find((g) => g.network === network && g.host !== from?.host);
  if (from === undefined || to === undefined) throw new Error(`no pair in ${network}`);
  return [from, to];
}

export function expect(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

/** A bound for calls of the client; no check waits for longer. */
export const call = (ms = 30_000): { readonly signal: AbortSignal } => ({
  signal: AbortSignal.timeout(ms),
});
