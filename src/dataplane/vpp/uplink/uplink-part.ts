/** A way in which VPP comes to an interface to the underlay. */
import { NfvError } from '../../../errors.js';
import type { Bdf } from '../../../model/host/inventory.js';
import type { Admission, Intake } from '../admission.js';
import type { HostDoors } from '../host-doors.js';
import type { Orphans } from '../orphans.js';
import { bareTag, parseTag, tagOf, UPLINK } from '../tag.js';
import type { Interface, Tap } from '../view.js';
import type { Vpp } from '../vpp.js';

const SPARE = 'spare-';

/** What is needed to make one. */
export interface UplinkMeans {
  readonly vpp: Vpp;
  readonly orphans: Orphans;
  readonly admission: Admission;
  readonly host: Pick<HostDoors, 'pciDriver'>;
}

/** What is looked at to find uplinks. */
export interface UplinkView {
  readonly interfaces: readonly Interface[];
  /** If an uplink is one. */
  readonly taps: ReadonlyMap<number, Tap>;
  /** The kernel's numbers of its interfaces that are uplinks, by their names; of those that the agent sees. */
  readonly kernelIndices: ReadonlyMap<string, number>;
  /** VPP's names of what is on a PCI function; of those that uplinks name. */
  readonly onPci: ReadonlyMap<Bdf, readonly string[]>;
}

/** An uplink's interface. */
export interface UplinkPart {
  /** VPP's name of it, or what stands for that as long as VPP's is not known. */
  readonly name: string;
  /** The interface that carries it, as the configuration names it. */
  readonly parent?: string;
  /** What one that is made now is made with, and VPP does not tell: for its tag. */
  attested?(view: UplinkView): string;
  /** What it takes of VPP, if we make it. */
  readonly intake?: Intake;
  /** The size of its frames is ours to set, before it comes up. */
  readonly setsFrameSize?: true;
  /** Undefined: it is not there, or is not to be told from others. */
  find(view: UplinkView): Interface | undefined;
  /** In what the one that is there is another than is wanted; of one that we make it is made anew then. */
  differences(found: Interface, view: UplinkView): readonly string[];
  /** Before one that differs is ended. @throws NfvError what is sure to keep another from being made */
  readonly needs?: (view: UplinkView) => void;
  /**
   * Makes it, or takes up what we had made and not named yet when we were killed; half of it is undone.
   * Undefined: somebody else makes it.
   *
   * @param on its parent
   */
  readonly create?: (tag: string, on: Interface | undefined, means: UplinkMeans) => Promise<number>;
}

export function uplinkTag(name: string): string {
  return tagOf(`${UPLINK}${name}`);
}

/** Of a loopback that only takes the place of a number: if we are killed it is known for ours. */
export function spareTag(index: number): string {
  return uplinkTag(`${SPARE}${index}`);
}

/** A port of a device may be named as a loopback is, or as the tag of one: it is never both. */
export function isSpare({ name, tag }: Interface): boolean {
  const key = parseTag(tag)?.key ?? '';
  return /^loop\d+$/.test(name) && key.startsWith(`${UPLINK}${SPARE}`);
}

/** The one that we made, or took up. */
export function tagged(name: string, { interfaces }: UplinkView): Interface | undefined {
  const tag = uplinkTag(name);
  return interfaces.find((each) => bareTag(each.tag) === tag);
}

/** @throws NfvError VTEP_ADDRESS_MISSING */
export function missing({ name }: UplinkPart): NfvError {
  return new NfvError('VTEP_ADDRESS_MISSING', `VPP has no interface ${name}`, {
    metadata: { interface: name },
  });
}
