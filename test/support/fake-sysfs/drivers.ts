/**
 * How the drivers of PFs behave, from the kernel's source; written down here by itself, for what
 * the product believes of them is under test.
 */
export interface FakeDriver {
  readonly vfVendor: string;
  readonly vfDevice: string;
  readonly vfDriver: string;
  readonly totalVfs: number;
  /** `nothing`: it takes the number and makes no VF (bnxt); `no-macs`: VFs have none (igb). */
  readonly whileDown?: 'nothing' | 'no-macs';
  /** What a number answers while VFs are assigned to guests. */
  readonly assigned?: 'EINVAL' | 'EBUSY';
  /** The first writes answer EAGAIN. */
  readonly pending?: number;
  readonly eswitch?: {
    /** The mode can be changed only so. */
    readonly needs: 'no-vfs' | 'unbound-vfs';
  };
  /** Properties of a VF that answer EOPNOTSUPP, by iproute2's words. */
  readonly cannot: readonly string[];
  /** Setting a VF's rate while the PF's link is down answers EINVAL. */
  readonly rateNeedsLink?: boolean;
}

export const FAKE_DRIVERS: Readonly<Record<string, FakeDriver>> = {
  igb: {
    vfVendor: '8086',
    vfDevice: '10ca',
    vfDriver: 'igbvf',
    totalVfs: 7,
    whileDown: 'no-macs',
    cannot: ['state', 'min_tx_rate'],
  },
  ixgbe: {
    vfVendor: '8086',
    vfDevice: '10ed',
    vfDriver: 'ixgbevf',
    totalVfs: 63,
    cannot: ['min_tx_rate'],
    rateNeedsLink: true,
  },
  i40e: {
    vfVendor: '8086',
    vfDevice: '154c',
    vfDriver: 'iavf',
    totalVfs: 32,
    assigned: 'EINVAL',
    pending: 2,
    cannot: ['min_tx_rate'],
  },
  ice: {
    vfVendor: '8086',
    vfDevice: '1889',
    vfDriver: 'iavf',
    totalVfs: 128,
    eswitch: { needs: 'no-vfs' },
    cannot: [],
  },
  mlx5_core: {
    vfVendor: '15b3',
    vfDevice: '101e',
    vfDriver: 'mlx5_core',
    totalVfs: 16,
    eswitch: { needs: 'unbound-vfs' },
    cannot: [],
  },
  bnxt_en: {
    vfVendor: '14e4',
    vfDevice: '1806',
    vfDriver: 'bnxt_en',
    totalVfs: 64,
    whileDown: 'nothing',
    eswitch: { needs: 'unbound-vfs' },
    cannot: [],
  },
  idpf: {
    vfVendor: '8086',
    vfDevice: '145c',
    vfDriver: 'idpf',
    totalVfs: 32,
    assigned: 'EBUSY',
    cannot: [],
  },
};
