/**
 * What is peculiar to each driver of a PF with SR-IOV: data that the planner and the steps go by.
 * Read from the kernel's drivers/net/ethernet/{intel,mellanox,broadcom}.
 */
export interface PfDriver {
  /** The kernel's driver of its VFs. */
  readonly vfDriver: string;
  /** It creates no VFs, or useless ones, while its netdev is down. */
  readonly upBeforeVfs: boolean;
  /** Changing the number of VFs resets the PF: its link goes down for a moment. */
  readonly resetsPf: boolean;
  /**
   * When the eswitch is switched: before VFs exist; after they were created and while none of
   * them has a driver; not at all.
   */
  readonly eswitch: 'before-vfs' | 'after-vfs-unbound' | 'none';
  /** VF properties it answers with EOPNOTSUPP. */
  readonly cannot: readonly ('linkState' | 'trust' | 'spoofchk' | 'minTxRate' | 'maxTxRate')[];
  /** A VF can be given to DPDK and VPP without vfio-pci (a bifurcated driver). */
  readonly bifurcated: boolean;
}

const INTEL = {
  upBeforeVfs: false,
  resetsPf: false,
  eswitch: 'none',
  cannot: [],
  bifurcated: false,
} as const;

export const PF_DRIVERS: Readonly<Record<string, PfDriver>> = {
  // igb_main.c: no ndo_set_vf_link_state; igb_ndo_set_vf_bw refuses a minimum. Up first: on 6.1
  // VFs that probe while it is down get no MAC.
  igb: { ...INTEL, vfDriver: 'igbvf', upBeforeVfs: true, cannot: ['linkState', 'minTxRate'] },
  // ixgbe_sriov.c: ixgbe_ndo_set_vf_bw refuses a minimum, and a maximum while the link is down.
  ixgbe: { ...INTEL, vfDriver: 'ixgbevf', upBeforeVfs: true, cannot: ['minTxRate'] },
  // i40e_virtchnl_pf.c: i40e_pci_sriov_configure resets the PF; i40e_ndo_set_vf_bw: no minimum.
  i40e: { ...INTEL, vfDriver: 'iavf', resetsPf: true, cannot: ['minTxRate'] },
  // ice_eswitch.c: the mode can be changed only while there are no VFs.
  ice: { ...INTEL, vfDriver: 'iavf', eswitch: 'before-vfs' },
  // mlx5 eswitch_offloads.c: VFs first, in legacy mode, unbound while it is switched.
  mlx5_core: {
    ...INTEL,
    vfDriver: 'mlx5_core',
    eswitch: 'after-vfs-unbound',
    bifurcated: true,
  },
  // bnxt_sriov.c: bnxt_sriov_configure refuses while the interface is down.
  bnxt_en: { ...INTEL, vfDriver: 'bnxt_en', upBeforeVfs: true, eswitch: 'after-vfs-unbound' },
};

/** A driver that is not in the table gets the careful answers: up first, and no assumptions. */
export const UNKNOWN_PF_DRIVER: PfDriver = {
  vfDriver: '',
  upBeforeVfs: true,
  resetsPf: true,
  eswitch: 'none',
  cannot: [],
  bifurcated: false,
};

export function pfDriver(name: string | undefined): PfDriver {
  const known =
    name !== undefined && Object.hasOwn(PF_DRIVERS, name) ? PF_DRIVERS[name] : undefined;
  return known ?? UNKNOWN_PF_DRIVER;
}
