/** What a campaign asks of the NVA, and of guests. */
import type { Kind, Wanted } from '../../../src/model/changes.js';
import type { EndpointSpec } from '../../../src/model/endpoint.js';
import type { RouterSpec } from '../../../src/model/router.js';
import type { VirtualNetworkSpec } from '../../../src/model/virtual-network.js';
import type { Effects } from './planned-model.js';

interface Update<K extends Kind, Spec> {
  readonly kind: 'update';
  readonly of: K;
  readonly id: string;
  readonly changes: Partial<Spec>;
}

export type Write = { readonly effects: Effects } & (
  | { readonly kind: 'create'; readonly id: string; readonly spec: EndpointSpec }
  | Update<'Endpoint', EndpointSpec>
  | Update<'VirtualNetwork', VirtualNetworkSpec>
  | Update<'Router', RouterSpec>
  | { readonly kind: 'delete'; readonly id: string }
  | { readonly kind: 'apply'; readonly wanted: readonly Wanted[] }
  | { readonly kind: 'migrate'; readonly id: string; readonly to: EndpointSpec }
  /** To be refused as a whole, with one of these codes. */
  | {
      readonly kind: 'bad';
      readonly wanted: readonly Wanted[];
      readonly codes: readonly string[];
    }
  /** With the etag of before this one; to be refused. */
  | { readonly kind: 'stale'; readonly id: string }
  /** Nobody is asked: the guest of an endpoint has a virtual address from now on, and says so on its wire. */
  | {
      readonly kind: 'take';
      readonly id: string;
      readonly network: string;
      readonly ip: string;
    }
);
export type Take = Extract<Write, { readonly kind: 'take' }>;
/** Of the NVA. */
export type Asked = Exclude<Write, Take>;
