/** Guests that share virtual addresses, and what tests of real packets do with them. */
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import type { AllowedAddress, HeldAddress } from '../../src/model/allowed-address.js';
import type { Call } from '../../src/model/api.js';
import type { NvaClient } from '../../src/rpc/nva-client.js';
import { eventually } from './eventually.js';
import type { Netns } from './netns.js';
import { RunningPing } from './running-ping.js';

const endless = new AbortController().signal;
// Many calls at once wait on it.
setMaxListeners(0, endless);
const call: Call = { signal: endless };

/** Of VRID 51: that of VRID 1 is the MAC that routers have by default. */
export const VMAC = '00:00:5e:00:01:33';
/** Whoever waits for ARP to expire loses tens of thousands. */
const MAX_LOST = 1000;

export const mac = (n: number): string => `02:00:00:00:00:0${n}`;

export async function setSysctl(guest: Netns, name: string, value: number): Promise<void> {
  await guest.run('sh', '-c', `echo ${value} > /proc/sys/net/${name}`);
}

/** From now on its kernel tells of its addresses when an interface comes up, or its MAC is set. */
export async function tellsOfAddresses(guest: Netns): Promise<void> {
  for (const each of ['all', 'default', 'eth0']) {
    await setSysctl(guest, `ipv4/conf/${each}/arp_notify`, 1);
    await setSysctl(guest, `ipv6/conf/${each}/ndisc_notify`, 1);
  }
}

/** Else it takes no packets to its virtual MAC, or answers with the MAC of the interface they came in at. */
export async function mayHaveVirtualMac(guest: Netns): Promise<void> {
  for (const each of ['all', 'default', 'eth0']) {
    await setSysctl(guest, `ipv4/conf/${each}/rp_filter`, 0);
  }
  await setSysctl(guest, 'ipv4/conf/all/arp_ignore', 1);
}

export const onEth0 = (ip: string): string[] => [
  `${ip}/${ip.includes(':') ? 128 : 32}`,
  ...['dev', 'eth0'],
];

/** Its kernel says so. */
export async function take(guest: Netns, ip: string, own: string): Promise<void> {
  await guest.ip('addr', 'add', ...onEth0(ip), ...(ip.includes(':') ? ['nodad'] : []));
  await guest.ip('link', 'set', 'dev', 'eth0', 'address', own);
}

export async function give(guest: Netns, ip: string): Promise<void> {
  await guest.ip('addr', 'del', ...onEth0(ip));
}

export async function takeWithVirtualMac(guest: Netns, ip: string): Promise<void> {
  const link = ['link', 'add', 'name', 'vrrp', 'link', 'eth0', 'address', VMAC];
  await guest.ip(...link, 'type', 'macvlan', 'mode', 'bridge');
  await guest.ip('addr', 'add', `${ip}/32`, 'dev', 'vrrp');
  await guest.ip('link', 'set', 'dev', 'vrrp', 'up');
}

export async function giveWithVirtualMac(guest: Netns): Promise<void> {
  await guest.ip('link', 'del', 'dev', 'vrrp');
}

/** Pings on while the address moves; told how long nobody answered. */
export async function movesUnder(
  from: Netns,
  ip: string,
  move: () => Promise<void>,
): Promise<void> {
  await eventually(async () => (await from.try('ping', '-c1', '-W1', ip)).code === 0);
  const ping = new RunningPing(from, ip);
  await ping.goesOn(100);
  await move();
  await ping.goesOn(300);
  const { sent, lost } = await ping.stop();
  const blackout = Math.max(0, ...lost);
  process.stdout.write(
    `      blackout ${blackout} ms: ${lost.join(' + ') || 0} of ${sent} pings lost, one each ms\n`,
  );
  assert.ok(blackout <= MAX_LOST, `${blackout} pings in a row`);
}

/** What an NVA is told of the guests, and tells. */
export class VirtualGuests {
  /** @param sharing ids of the endpoints that share the addresses */
  constructor(
    private readonly api: NvaClient,
    private readonly sharing: readonly string[],
  ) {}

  async applied(): Promise<void> {
    const { laggards } = await this.api.waitApplied({ revision: 0, timeoutMs: 30_000 }, call);
    assert.deepEqual(laggards, []);
  }

  /** All that share have these, and no others, and it is applied. */
  async allow(...allowedAddresses: AllowedAddress[]): Promise<void> {
    for (const id of this.sharing) await this.#change(id, allowedAddresses);
    await this.applied();
  }

  /** Only this one has these. */
  async allowOne(id: string, ...allowedAddresses: AllowedAddress[]): Promise<void> {
    await this.#change(id, allowedAddresses);
    await this.applied();
  }

  async #change(id: string, allowedAddresses: AllowedAddress[]): Promise<void> {
    const which = { id, etag: '', validateOnly: false };
    await this.api.endpoints.update({ ...which, changes: { allowedAddresses } }, call);
  }

  async held(id: string): Promise<readonly HeldAddress[]> {
    return (await this.api.endpoints.get(id, call)).status.held;
  }

  /** It comes to have this one, and no other. */
  async comesToHave(id: string, ip: string, with_: string): Promise<void> {
    await eventually(async () => {
      const held = (await this.held(id)).map((each) => [each.ip, each.mac]);
      assert.deepEqual(held, [[ip, with_]]);
    }, 20_000);
  }
}
