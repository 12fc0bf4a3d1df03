/**
 * Virtual addresses on a kernel host. The bridge learns nothing of them, and with `neigh_suppress` it keeps the
 * gratuitous ARP of a guest from the other hosts (net/bridge/br_arp_nd_proxy.c): so they are looked for at the
 * guests' ports, and announced to the guests of a bridge once it has the new neighbour.
 */
import type { NfvError } from '../../errors.js';
import { PacketListener } from '../../host/packets/listener.js';
import type { AddressSighting } from '../../model/allowed-address.js';
import { errorFields, type Log } from '../../model/log.js';
import type { PortItem } from '../../model/item.js';
import type { AddressWatch, Announcement } from '../../reconcile/dataplane.js';
import { bridgeName, portName } from './names.js';

export class LinuxAddressWatch implements AddressWatch {
  readonly #packets: PacketListener;
  /** By interface. */
  #ports = new Map<string, PortItem>();
  #listener: (seen: AddressSighting) => void = () => undefined;

  constructor(private readonly log: Pick<Log, 'warn'>) {
    this.#packets = new PacketListener({
      seen: (at, ip, mac) => {
        this.#seen(at, ip, mac);
      },
      deaf: (at, error) => {
        this.#deaf(at, error);
      },
    });
  }

  watch(ports: readonly PortItem[]): void {
    this.#ports = new Map(ports.map((port) => [portName(port), port]));
    this.#packets.watch(
      [...this.#ports].map(([name, { allowedAddresses = [] }]) => ({
        interface: name,
        addresses: allowedAddresses.map(({ ip }) => ip),
      })),
    );
  }

  ask(ports: readonly PortItem[]): void {
    this.#packets.ask(ports.map(portName));
  }

  onSeen(listener: (seen: AddressSighting) => void): void {
    this.#listener = listener;
  }

  async announce({ vni, ip, mac, isRouter }: Announcement): Promise<void> {
    await this.#packets.announce(bridgeName(vni), ip, mac, isRouter === true);
  }

  close(): Promise<void> {
    return this.#packets.close();
  }

  #seen(at: string, ip: string, mac: string): void {
    const port = this.#ports.get(at);
    const mayHave = port?.allowedAddresses?.some((each) => each.ip === ip && each.mac === mac);
    if (port === undefined || mayHave !== true) return;
    this.#listener({ endpoint: port.endpoint, ip, mac });
  }

  #deaf(at: string, error: NfvError): void {
    const fields = { interface: at, ...errorFields(error) };
    this.log.warn(fields, 'allowed addresses are not looked for');
  }
}
