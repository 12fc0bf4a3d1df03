/** Duplicate addresses as handlers of nfv.v1.NvaService, and over the wire. */
import type { Call, DuplicatesApi } from '../model/api.js';
import type { ClearDuplicatesRequest } from '../model/duplicates.js';
import { formatName, requireName } from '../model/names.js';
import type { VirtualNetwork } from '../model/virtual-network.js';
import { VIRTUAL_NETWORK } from './convert/virtual-network.js';
import type { NvaServiceClient, NvaServiceHandlers } from './gen/nfv/v1/NvaService.js';
import type { VirtualNetwork__Output } from './gen/nfv/v1/VirtualNetwork.js';
import type { HandlerFactory } from './handlers.js';
import type { Unary } from './unary.js';

export function duplicatesHandlers(
  api: DuplicatesApi,
  make: HandlerFactory,
): Pick<NvaServiceHandlers, 'ClearDuplicates'> {
  return {
    ClearDuplicates: make.unary(async (r, call) => {
      const { addresses, etag } = r;
      const id = requireName('virtualNetworks', r.name);
      const request = { id, addresses, etag, validateOnly: r.validate_only };
      return VIRTUAL_NETWORK.toWire(await api.clear(request, call));
    }),
  };
}

export class DuplicatesClient implements DuplicatesApi {
  constructor(
    private readonly client: NvaServiceClient,
    private readonly unary: Unary,
  ) {}

  async clear(request: ClearDuplicatesRequest, call: Call): Promise<VirtualNetwork> {
    const { id, addresses, etag, validateOnly } = request;
    const name = formatName('virtualNetworks', id);
    const wire = { name, addresses: [...addresses], etag, validate_only: validateOnly };
    const network = await this.unary.call<VirtualNetwork__Output>(call, (...rest) =>
      this.client.ClearDuplicates(wire, ...rest),
    );
    return VIRTUAL_NETWORK.fromWire(network);
  }
}
