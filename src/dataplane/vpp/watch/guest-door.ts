/** How frames get to a guest past VPP's bridge domains, for which VPP has no message. */

/** A port, as the guest at it has it. */
export interface Outlet {
  /** `sw_if_index` of an interface that is there. */
  readonly index: number;
  /** VLAN tags of the frames, outermost first: EtherType and id. */
  readonly tags: readonly { readonly protocol: number; readonly id: number }[];
}

/** One that may go while a frame waits: VPP gives its number to another then, and does not check it. */
export interface OpenOutlet extends Outlet {
  /** To be asked right before a frame is sent: else it is not. */
  readonly isThere: () => boolean;
}

export interface GuestDoor {
  /**
   * To the VPP that runs now, and no later one.
   * @throws NfvError KERNEL_REFUSED with `errno`, `ENOENT`: that VPP has none; VPP_UNREACHABLE: closed meanwhile
   */
  open(): Promise<void>;
  close(): void;
  /**
   * Asks the guest whether it has an address, for an answer that VPP tells of.
   * @throws NfvError VPP_UNREACHABLE: closed; DEADLINE_EXCEEDED: VPP does not read; KERNEL_REFUSED; TOO_MANY_REQUESTS
   */
  ask(at: OpenOutlet, ip: string): Promise<void>;
  /** Tells whoever is there which MAC an address has. @throws NfvError as `ask` */
  announce(at: OpenOutlet, ip: string, mac: string, isRouter: boolean): Promise<void>;
}
