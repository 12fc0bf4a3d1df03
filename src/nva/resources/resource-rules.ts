/** What makes one kind of resource different from another. */
import type { NfvError } from '../../errors.js';
import type { Resource } from '../../model/api.js';
import type { Collection } from '../../model/names.js';
import type { Compare, WriteOp } from '../../store/store.js';
import type { When } from '../reads.js';
import type { RecordType, SpecRecord, Versioned } from '../records.js';

/** A condition of a transaction, and what it means that it does not hold. */
export interface Guard {
  readonly compare: Compare;
  /** 'retry': something moved meanwhile; read again and try again. */
  readonly onFail: NfvError | 'retry' | (() => Promise<NfvError>);
}

/** A key that a resource holds in the store as long as its specification says so. */
export interface Claim {
  readonly key: string;
  /**
   * What it means that another resource holds it; undefined: nobody else can. Made only when it is
   * so: an error and its stack cost more than all else of a claim.
   */
  readonly taken: (() => NfvError) | undefined;
  /** A key that no resource may hold beside it, and what it means that one does. */
  readonly excludes?: { readonly key: string; readonly found: () => NfvError };
}

/** What is written beside a resource, and what that relies on. */
export interface Traces {
  readonly guards: readonly Guard[];
  readonly ops: readonly WriteOp[];
}

export interface Checked<Spec> {
  /** Canonical, allocations made. */
  readonly spec: Spec;
  /** What the check relied on. */
  readonly guards: readonly Guard[];
}

export interface ResourceRules<Spec, R extends Resource> {
  readonly kind: R['kind'];
  readonly collection: Collection;
  /** As in error texts: "virtual network". */
  readonly noun: string;
  readonly records: RecordType<SpecRecord<Spec>>;
  /** Fields that are what they were at creation. */
  readonly immutable: readonly (keyof Spec & string)[];
  /**
   * Whether the specification may be written.
   * @throws NfvError what is wrong with it.
   */
  check(id: string, before: Spec | undefined, after: Spec): Promise<Checked<Spec>>;
  /**
   * What must hold for the resource to go.
   * @param back to how it was before: what can be without it may stay
   */
  checkDelete(id: string, before: Spec, back?: 'back'): Promise<readonly Guard[]>;
  /** Whether another one may take its place. Absent: it may. @throws NfvError why not */
  checkReplace?(id: string, before: Spec): void;
  /** The tenant that the resource belongs to; empty: nobody's. */
  tenant(spec: Spec): Promise<string>;
  /** The same at any time for a specification that is stored. */
  claims(id: string, spec: Spec): readonly Claim[] | Promise<readonly Claim[]>;
  /** What is stored of its status, and goes with it. */
  statusKeys(id: string): readonly string[];
  /** Keys that are written with every change from one specification to another. */
  generations(before: Spec | undefined, after: Spec | undefined): readonly string[];
  /** What is written when one goes, or gives something up; absent: nothing. */
  leaves?(id: string, before: Spec, after: Spec | undefined): Promise<readonly WriteOp[]>;
  /** What is written when one comes, or changes; absent: nothing. @throws NfvError that it may not */
  arrives?(id: string, before: Spec | undefined, after: Spec): Promise<Traces>;
  /** Keys that are written when one comes or goes; absent: none. */
  quotaKeys?(spec: Spec): Promise<readonly string[]>;
  /** Waits for its turn to create one; absent: at once. */
  inTurn?<T>(spec: Spec, run: () => Promise<T>): Promise<T>;
  /** The resource as of then, its status joined. */
  assemble(id: string, record: Versioned<SpecRecord<Spec>>, when: When): Promise<R>;
}
