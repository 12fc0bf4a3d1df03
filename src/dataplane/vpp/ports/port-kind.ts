/** A way to plug in an endpoint. */
import { NfvError } from '../../../errors.js';
import type { Port as PortSpec } from '../../../model/endpoint.js';
import type { PortItem } from '../../../model/item.js';
import type { Context } from '../context.js';
import type { Interface, View } from '../view.js';
import type { PortSocket, Wants } from '../wants.js';

export type PortKindName = PortSpec['kind'];
export type PortOf<K extends PortKindName> = Extract<PortSpec, { kind: K }>;

/** How a port was found. */
export interface PortSight {
  readonly spec: PortSpec;
  /** Of what VPP keeps for the guest; of what it does not keep it is as wanted. */
  readonly guest?: Pick<PortItem, 'mac' | 'addresses' | 'mtu'>;
  readonly defects?: readonly string[];
}

/** A claim: only one port can have an interface, whatever way leads to it. */
export const interfaceOfVpp = (name: string): string => `interface ${name} of VPP`;

export interface PortKind<P extends PortSpec> {
  /** Names of what only one port can have. */
  claims(spec: P): readonly string[];
  /** Why this VPP cannot do what is asked: what there is of the port stays as it is then. */
  readonly refusal?: (spec: P, view: View) => NfvError | undefined;
  /** The socket that it is on. */
  readonly socketOf?: (spec: P) => PortSocket;
  /** What else it cannot be made without: what there is of the port stays as it is then, too. */
  readonly lack?: (spec: P, view: View) => NfvError | undefined;
  /** Notes what has to be read besides all ports. */
  readonly reads?: (spec: P, wants: Wants) => void;
  /**
   * Undefined: that interface is no port of this kind. `wanted`: if it is to be of this kind; then an
   * error tells why it cannot be known how it is.
   */
  observe(found: Interface, wanted: P | undefined, view: View): PortSight | NfvError | undefined;
  create(item: PortItem, spec: P, context: Context): Promise<void>;
  /** What differs can be mended in place. Without it nothing can. */
  readonly canChange?: (wanted: P, observed: P) => boolean;
  /** Mends what differs in the port itself and sees that it is in its place. */
  readonly update?: (
    index: number,
    item: PortItem,
    ports: { wanted: P; from: P },
    context: Context,
  ) => Promise<void>;
  remove(index: number, from: P, context: Context): Promise<void>;
}

/** For any port: one of another kind is an error of ours. */
export type AnyPortKind = PortKind<PortSpec>;

export function forAnyPort<K extends PortKindName>(
  name: K,
  kind: PortKind<PortOf<K>>,
): AnyPortKind {
  const own = (spec: PortSpec): PortOf<K> => {
    if (isPort(spec, name)) return spec;
    throw new NfvError('INTERNAL', `a ${spec.kind} where a ${name} was expected`);
  };
  const ifOwn = (spec: PortSpec | undefined): PortOf<K> | undefined =>
    spec !== undefined && isPort(spec, name) ? spec : undefined;
  const { refusal, socketOf, lack, reads, canChange, update } = kind;
  return {
    claims: (spec) => kind.claims(own(spec)),
    observe: (found, wanted, view) => kind.observe(found, ifOwn(wanted), view),
    create: (item, spec, context) => kind.create(item, own(spec), context),
    remove: (index, from, context) => kind.remove(index, own(from), context),
    ...(refusal && { refusal: (spec, view) => refusal(own(spec), view) }),
    ...(socketOf && { socketOf: (spec) => socketOf(own(spec)) }),
    ...(lack && { lack: (spec, view) => lack(own(spec), view) }),
    ...(reads && {
      reads: (spec, wants) => {
        reads(own(spec), wants);
      },
    }),
    ...(canChange && { canChange: (wanted, observed) => canChange(own(wanted), own(observed)) }),
    ...(update && {
      update: (index, item, { wanted, from }, context) =>
        update(index, item, { wanted: own(wanted), from: own(from) }, context),
    }),
  };
}

function isPort<K extends PortKindName>(spec: PortSpec, name: K): spec is PortOf<K> {
  return spec.kind === name;
}
