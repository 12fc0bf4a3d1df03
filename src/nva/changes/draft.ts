/** One resource of a plan, on its way from what it is to what it is to be. */
import { isDeepStrictEqual } from 'node:util';
import { NfvError } from '../../errors.js';
import type { Resource } from '../../model/api.js';
import type { Kind, ResourceChange, ResourceVerb, Specified } from '../../model/changes.js';
import { formatName } from '../../model/names.js';
import type { WriteOp } from '../../store/store.js';
import { generationOf, specKey } from '../keys.js';
import { etagOf, type SpecRecord } from '../records.js';
import type { Claim, ResourceRules } from '../resources/resource-rules.js';
import type { Overlay } from './overlay.js';
import { notDeletedPending, requireConfirmed } from './pending-mark.js';
import type { ChangedSpec } from './record.js';
import type { UndoKeys } from './undo-cost.js';

/** Attempts to find what is free of what a resource asks for. */
const MAX_ATTEMPTS = 1000;

export interface DraftOptions {
  readonly overlay: Overlay;
  /** RFC 3339, UTC. */
  readonly now: string;
  /** What cannot be changed is deleted and created anew. */
  readonly mayReplace: boolean;
  /** Id of the change, if it is to be confirmed. */
  readonly pending?: string;
  /** What is wanted was so before, and everything it needs is there: nothing is checked. */
  readonly trusted?: boolean;
}

/** What the planner does with a resource of whatever kind, in this order. */
export interface Draft {
  readonly kind: Kind;
  readonly id: string;
  /** As it is; undefined: it does not exist. */
  readonly before: Specified | undefined;
  /** As it is to be. */
  readonly wanted: Specified | undefined;
  /** It is the same resource then, changed or not. */
  readonly stays: boolean;
  /** @throws NfvError ETAG_MISMATCH, CONFIRMATION_PENDING */
  check(etag: string): Promise<void>;
  /** Gives up everything that the resource holds. */
  release(): Promise<void>;
  /** @throws NfvError why it cannot be deleted */
  remove(): Promise<void>;
  /** @throws NfvError why it cannot be as it is to be */
  put(): Promise<void>;
  /** To be asked of all, once all are as they are to be: what is left behind. */
  leave(): Promise<void>;
  /** Then of all: where it comes to. @throws NfvError that it may not */
  arrive(): Promise<void>;
  /** Undefined: nothing becomes of it. */
  change(): ResourceChange | undefined;
  /** It comes to hold other things than before, if only because what it refers to is elsewhere. */
  readonly movesClaims: boolean;
  /** It leaves traces that say when. */
  readonly isDated: boolean;
  /**
   * Writes what is wanted as of another moment.
   * @param now RFC 3339, UTC
   * @param pending id of the change, if it is to be confirmed
   */
  stamp(now: string, pending: string | undefined): void;
  changed(tenant: string): ChangedSpec;
  /** What it takes to make it what it was before. */
  undoKeys(): UndoKeys;
}

interface State<Spec> {
  readonly record: SpecRecord<Spec>;
  /** As the store has it. */
  readonly value: string;
  readonly modRevision: number;
}

export class SpecDraft<Spec extends object, R extends Resource> implements Draft {
  readonly kind: Kind;
  #after: SpecRecord<Spec> | undefined;
  /** Undefined: it is not written. No time: it is created. */
  #made: { readonly spec: Spec; readonly createTime: string | undefined } | undefined;
  #isDated = false;
  #released: readonly Claim[] = [];
  #acquired: readonly Claim[] = [];

  private constructor(
    private readonly options: DraftOptions,
    private readonly rules: ResourceRules<Spec, R>,
    private readonly specified: (id: string, spec: Spec) => Specified,
    readonly id: string,
    private readonly state: State<Spec> | undefined,
    private readonly target: Spec | undefined,
  ) {
    this.kind = rules.kind;
  }

  /**
   * @param merge what is wanted, with what is left open as the resource has it; undefined: it is to go
   */
  static async open<Spec extends object, R extends Resource>(
    options: DraftOptions,
    rules: ResourceRules<Spec, R>,
    specified: (id: string, spec: Spec) => Specified,
    id: string,
    merge: (before: Spec | undefined) => Spec | undefined,
  ): Promise<Draft> {
    const kv = await options.overlay.below(specKey(rules.collection, id));
    const state = kv && {
      record: rules.records.decode(kv.key, kv.value),
      value: kv.value,
      modRevision: kv.modRevision,
    };
    const target = merge(state?.record.spec);
    return new SpecDraft(options, rules, specified, id, state, target);
  }

  get before(): Specified | undefined {
    return this.state && this.specified(this.id, this.state.record.spec);
  }

  get wanted(): Specified | undefined {
    return this.target && this.specified(this.id, this.target);
  }

  get stays(): boolean {
    return this.state !== undefined && this.target !== undefined && !this.#isReplaced;
  }

  async check(etag: string): Promise<void> {
    const { state } = this;
    if (etag !== '' && etag !== (state && etagOf({ ...state, value: state.record }))) {
      const is = state === undefined ? 'it does not exist' : `its etag is not ${etag}`;
      throw new NfvError('ETAG_MISMATCH', `${this.#name} has changed: ${is}`);
    }
    await requireConfirmed(this.options.overlay, this.#name, state?.record.pending);
  }

  async release(): Promise<void> {
    const { overlay } = this.options;
    await overlay.rely(this.#key);
    if (this.state === undefined) return;
    this.#released = await this.rules.claims(this.id, this.state.record.spec);
    overlay.release(this.#released);
  }

  async remove(): Promise<void> {
    const { overlay } = this.options;
    if (this.state === undefined) return;
    overlay.delete(this.#key);
    this.#forgetStatus();
    const { spec } = this.state.record;
    this.#touch(spec, undefined);
    if (this.options.trusted === true) return;
    const back = this.options.mayReplace ? 'back' : undefined;
    if ((await overlay.hold(await this.rules.checkDelete(this.id, spec, back))) === 'retry') {
      throw new NfvError('WRITE_CONFLICT', `${this.#name} was changed meanwhile`);
    }
  }

  async put(): Promise<void> {
    if (this.target === undefined) return;
    const { overlay } = this.options;
    this.#checkReplace();
    const before = this.#isReplaced ? undefined : this.state?.record.spec;
    const spec = await this.#checked(before, this.target);
    if (this.state === undefined && this.options.trusted !== true) {
      await overlay.hold([notDeletedPending(overlay, this.rules.collection, this.id)]);
    }
    if (this.#isReplaced) {
      this.#forgetStatus();
      await this.#relyOnUsers();
    }
    this.#acquired = await this.rules.claims(this.id, spec);
    await overlay.acquire(this.id, this.#acquired);
    const isSame = isDeepStrictEqual(spec, this.state?.record.spec);
    if (isSame && this.state !== undefined) {
      this.#after = this.state.record;
      return;
    }
    this.#made = { spec, createTime: before && this.state?.record.createTime };
    this.stamp(this.options.now, this.options.pending);
    this.#touch(this.state?.record.spec, spec);
  }

  stamp(now: string, pending: string | undefined): void {
    if (this.#made === undefined) return;
    const { spec, createTime = now } = this.#made;
    const mark = pending === undefined ? {} : { pending };
    this.#after = { spec, createTime, updateTime: now, ...mark };
    this.options.overlay.put(this.#key, this.rules.records.encode(this.#after));
  }

  get isDated(): boolean {
    return this.#isDated;
  }

  #checkReplace(): void {
    if (!this.#isReplaced || this.state === undefined || this.options.trusted === true) return;
    this.rules.checkReplace?.(this.id, this.state.record.spec);
  }

  /** Whoever comes to use what is replaced is to be in the plan. */
  async #relyOnUsers(): Promise<void> {
    if (this.state === undefined || this.options.trusted === true) return;
    const { spec } = this.state.record;
    for (const { compare } of await this.rules.checkDelete(this.id, spec, 'back')) {
      const generation = compare.kind === 'empty' ? generationOf(compare.prefix) : undefined;
      if (generation !== undefined) await this.options.overlay.rely(generation);
    }
  }

  /** Canonical, with what was left open. */
  async #checked(before: Spec | undefined, target: Spec): Promise<Spec> {
    if (this.options.trusted === true) return target;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const { spec, guards } = await this.rules.check(this.id, before, target);
      if ((await this.options.overlay.hold(guards)) === 'held') return spec;
    }
    throw new NfvError('WRITE_CONFLICT', `${this.#name}: nothing free was found for it`);
  }

  async leave(): Promise<void> {
    const { options, rules, id, state } = this;
    if (state === undefined || options.trusted === true) return;
    this.#write((await rules.leaves?.(id, state.record.spec, this.#after?.spec)) ?? []);
  }

  async arrive(): Promise<void> {
    const { options, rules, id, state } = this;
    if (this.#after === undefined || options.trusted === true) return;
    const traces = await rules.arrives?.(id, state?.record.spec, this.#after.spec);
    if (traces === undefined) return;
    if ((await options.overlay.hold(traces.guards)) === 'retry') {
      throw new NfvError('WRITE_CONFLICT', `${this.#name} was changed meanwhile`);
    }
    this.#write(traces.ops);
  }

  change(): ResourceChange | undefined {
    const { kind, id, before } = this;
    const after = this.#after && this.specified(id, this.#after.spec);
    if (isDeepStrictEqual(before, after)) return undefined;
    const sides = { ...(before && { before }), ...(after && { after }) };
    return { verb: this.#verb(after), kind, id, ...sides };
  }

  get movesClaims(): boolean {
    const held = new Set(this.#released.map(({ key }) => key));
    return held.size !== this.#acquired.length || !this.#acquired.every(({ key }) => held.has(key));
  }

  changed(tenant: string): ChangedSpec {
    const { collection, records } = this.rules;
    return {
      ...{ collection, id: this.id, tenant },
      ...(this.state && { before: this.state.value }),
      ...(this.#after && { after: records.encode(this.#after) }),
    };
  }

  undoKeys(): UndoKeys {
    const { rules, state } = this;
    const [was, is] = [state?.record.spec, this.#after?.spec];
    const held = new Set(this.#released.map(({ key }) => key));
    const isNew = was === undefined || this.#isReplaced;
    return {
      compares: [
        this.#key,
        ...this.#released.flatMap(({ key, taken, excludes }) => [
          ...(taken === undefined ? [] : [key]),
          ...(excludes === undefined ? [] : [excludes.key]),
        ]),
      ],
      ops: [
        this.#key,
        ...this.#acquired.map(({ key }) => key).filter((key) => !held.has(key)),
        ...rules.generations(is, was),
        ...(this.#isReplaced ? rules.generations(is, undefined) : []),
        ...(isNew ? rules.statusKeys(this.id) : []),
      ],
    };
  }

  #write(ops: readonly WriteOp[]): void {
    if (ops.length > 0) this.#isDated = true;
    for (const op of ops) {
      if (op.kind === 'put') this.options.overlay.put(op.key, op.value);
      else this.options.overlay.delete(op.key);
    }
  }

  #verb(after: Specified | undefined): ResourceVerb {
    if (after === undefined) return 'DELETE';
    if (this.state === undefined) return 'CREATE';
    return this.#isReplaced ? 'REPLACE' : 'UPDATE';
  }

  get #isReplaced(): boolean {
    const { state, target } = this;
    if (!this.options.mayReplace || state === undefined || target === undefined) return false;
    const { spec } = state.record;
    return this.rules.immutable.some((field) => !isDeepStrictEqual(spec[field], target[field]));
  }

  #touch(before: Spec | undefined, after: Spec | undefined): void {
    for (const key of this.rules.generations(before, after)) this.options.overlay.touch(key);
    // A subnet that is replaced may leave one network for another.
    if (!this.#isReplaced) return;
    for (const key of this.rules.generations(before, undefined)) this.options.overlay.touch(key);
  }

  #forgetStatus(): void {
    for (const key of this.rules.statusKeys(this.id)) this.options.overlay.forget(key);
  }

  get #key(): string {
    return specKey(this.rules.collection, this.id);
  }

  get #name(): string {
    return formatName(this.rules.collection, this.id);
  }
}
