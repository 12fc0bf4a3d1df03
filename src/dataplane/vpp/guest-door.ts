/** How frames get to a guest past VPP's bridge domains, for which VPP has no message. */

/** A port, as the guest at it has it. */
export interface Outlet {
  /** `sw_if_index` of an interface that is there. */
  readonly index: number;
  /** VLAN tags of the frames, outermost first: EtherType and id. */
  readonly tags: readonly { readonly protocol: number; readonly id: number }[];
}

export interface GuestDoor {
  /** To the VPP that runs now, and no later one. @returns false: it has none */
  open(): Promise<boolean>;
  close(): void;
  /** Asks the guest whether it has an address, for an answer that VPP tells of. @throws NfvError VPP_UNREACHABLE, KERNEL_REFUSED */
  ask(at: Outlet, ip: string): Promise<void>;
  /** Tells the guest which MAC an address has. @throws NfvError VPP_UNREACHABLE, KERNEL_REFUSED */
  announce(at: Outlet, ip: string, mac: string): Promise<void>;
}
