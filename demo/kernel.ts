/** What the kernel of a host says, asked without the product. */
import { z } from 'zod';
import { inNetns, run } from './run.js';
import type { Host } from './world.js';

const fdb = z.array(
  z.object({
    mac: z.string(),
    ifname: z.string(),
    dst: z.string().optional(),
    master: z.string().optional(),
  }),
);
export type FdbEntry = z.infer<typeof fdb>[number];

export async function fdbOf(host: Host): Promise<FdbEntry[]> {
  return fdb.parse(JSON.parse(await run(...inNetns(host.name, 'bridge', '-j', 'fdb', 'show'))));
}

const links = z.array(
  z.object({ ifname: z.string(), ifalias: z.string().optional(), master: z.string().optional() }),
);

export async function linksOf(host: Host): Promise<z.infer<typeof links>> {
  return links.parse(JSON.parse(await run('ip', ['-n', host.name, '-d', '-j', 'link', 'show'])));
}

/** The host's end of an endpoint's port: its alias says so. */
export async function portOf(host: Host, endpoint: string): Promise<string> {
  const key = `nfvd:port/${endpoint}`;
  const found = (await linksOf(host)).find(
    ({ ifalias }) => ifalias === key || ifalias?.startsWith(`${key}@`),
  );
  if (found === undefined) throw new Error(`${host.name} has no port of ${endpoint}`);
  return found.ifname;
}

const mtu = z.array(z.object({ mtu: z.number() })).min(1);

export async function mtuOf(netns: string, device: string): Promise<number> {
  const text = await run('ip', ['-n', netns, '-j', 'link', 'show', 'dev', device]);
  return mtu.parse(JSON.parse(text))[0]?.mtu ?? 0;
}
