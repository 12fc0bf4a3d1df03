/** How the kinds reach VPP. */
import { NfvError } from '../../errors.js';
import type { Binding } from '../../vpp-api/client/binding.js';
import type { Boot } from '../../vpp-api/client/boot.js';
import type { CallOptions } from '../../vpp-api/client/call-options.js';
import { retvalOf } from '../../vpp-api/client/refused.js';
import type { VppClient } from '../../vpp-api/client/client.js';
import type { FeatureName } from '../../vpp-api/schema/product-messages.js';
import type {
  DetailsOf,
  MessageFields,
  ProductCall,
  ProductDump,
  ReplyOf,
} from '../../vpp-api/product-types.js';

/** VPP's answers that a kind looks at (src/vnet/error.h). */
export const RETVAL = {
  UNSPECIFIED: -1,
  INVALID_SW_IF_INDEX: -2,
  NO_SUCH_FIB: -3,
  NO_SUCH_ENTRY: -6,
  SYSCALL_ERROR_1: -11,
  ADDRESS_NOT_FOUND_FOR_INTERFACE: -60,
  SUBIF_ALREADY_EXISTS: -68,
  INVALID_INTERFACE: -71,
  INVALID_ARGUMENT: -73,
  UNEXPECTED_INTF_STATE: -74,
  TUNNEL_EXIST: -75,
  IF_ALREADY_EXISTS: -79,
  ADDRESS_IN_USE: -105,
  BD_ALREADY_EXISTS: -119,
  BD_IN_USE: -120,
  DUPLICATE_IF_ADDRESS: -127,
} as const;

export const NO_INTERFACE = 0xffff_ffff;

/**
 * VPP for one operation: whatever is asked is asked of the VPP that ran when it began, since indices
 * of another mean something else.
 */
export class Vpp {
  readonly #options: CallOptions;
  readonly #boot: Boot;
  readonly #binding: Binding;

  /** @throws NfvError VPP_UNREACHABLE */
  constructor(
    private readonly client: VppClient,
    /** Undefined: only the client's own deadline ends a call. */
    readonly signal: AbortSignal | undefined,
    { boot, binding }: Pick<VppClient, 'boot' | 'binding'> = client,
  ) {
    if (boot === undefined || binding === undefined) {
      const { lastError } = client;
      const text = `no connection to VPP: ${lastError.message}`;
      throw new NfvError('VPP_UNREACHABLE', text, { cause: lastError });
    }
    this.#boot = boot;
    this.#options = signal === undefined ? { boot } : { boot, signal };
    this.#binding = binding;
  }

  /** Which start of VPP this is. */
  get start(): number {
    return this.#boot.number;
  }

  /** @throws NfvError as VppClient.request */
  request<N extends ProductCall>(name: N, fields: MessageFields<N>): Promise<ReplyOf<N>> {
    return this.client.request<N>(name, fields, this.#options);
  }

  /** @throws NfvError as VppClient.dump */
  dump<N extends ProductDump>(name: N, fields: MessageFields<N>): Promise<DetailsOf<N>[]> {
    return this.client.dump<N>(name, fields, this.#options);
  }

  /** The same VPP, for what must be done also when the operation is given up. */
  get lasting(): Vpp {
    return new Vpp(this.client, undefined, { boot: this.#boot, binding: this.#binding });
  }

  /** VPP has all that a feature needs. */
  can(feature: FeatureName): boolean {
    return this.#binding.compat.features.get(feature)?.status === 'ok';
  }

  /** VPP has this message as we know it. */
  has(name: ProductCall | ProductDump): boolean {
    return this.#binding.compat.messages.get(name)?.status === 'ok';
  }
}

/** Does without what was refused for one of these reasons. @throws NfvError what was refused for another */
export async function unless(work: Promise<unknown>, ...retvals: readonly number[]): Promise<void> {
  try {
    await work;
  } catch (error) {
    const retval = retvalOf(error);
    if (retval === undefined || !retvals.includes(retval)) throw error;
  }
}
