import { invalidField, invalidFields, NfvError, type FieldViolation } from '../../errors.js';
import {
  CHANGE_VERBS,
  COLLECTION_OF,
  ITEM_ACTIONS,
  RESOURCE_VERBS,
  type Applied,
  type Change,
  type Plan,
  type PlanRequest,
  type ResourceChange,
  type Wanted,
} from '../../model/changes.js';
import { ITEM_KINDS } from '../../model/item.js';
import { formatName, requireName } from '../../model/names.js';
import type { ApplyResponse, ApplyResponse__Output } from '../gen/nfv/v1/ApplyResponse.js';
import type { Change as WireChange, Change__Output } from '../gen/nfv/v1/Change.js';
import type { PlanRequest as WireRequest, PlanRequest__Output } from '../gen/nfv/v1/PlanRequest.js';
import type { PlanResponse, PlanResponse__Output } from '../gen/nfv/v1/PlanResponse.js';
import type {
  ResourceChange as WireResourceChange,
  ResourceChange__Output,
} from '../gen/nfv/v1/ResourceChange.js';
import type { WantedChange__Output } from '../gen/nfv/v1/WantedChange.js';
import { parseAnyName, specifiedFromWire, specifiedToWire } from './any-resource.js';
import { EnumTable, fromInteger, fromTimestamp, toTimestamp } from './common.js';

const RESOURCE_VERB = new EnumTable(RESOURCE_VERBS, {
  CREATE: 'VERB_CREATE',
  UPDATE: 'VERB_UPDATE',
  REPLACE: 'VERB_REPLACE',
  DELETE: 'VERB_DELETE',
} as const);

const CHANGE_VERB = new EnumTable(CHANGE_VERBS, {
  CREATE: 'VERB_CREATE',
  UPDATE: 'VERB_UPDATE',
  DELETE: 'VERB_DELETE',
  APPLY: 'VERB_APPLY',
  ROLLBACK: 'VERB_ROLLBACK',
  CONFIRM: 'VERB_CONFIRM',
  UNDO: 'VERB_UNDO',
} as const);

const ACTIONS = new EnumTable(ITEM_ACTIONS, {
  ADD: 'ACTION_ADD',
  CHANGE: 'ACTION_CHANGE',
  REMOVE: 'ACTION_REMOVE',
} as const);

export function planRequestToWire(request: PlanRequest): WireRequest {
  if ('rollbackTo' in request) return { rollback_revision: request.rollbackTo };
  return {
    changes: request.wanted.map((each) => ({
      etag: each.etag,
      ...('put' in each
        ? { put: specifiedToWire(each.put) }
        : { delete: formatName(COLLECTION_OF[each.delete.kind], each.delete.id) }),
    })),
  };
}

/** @throws NfvError INVALID_FIELD with everything that is wrong */
export function planRequestFromWire(wire: PlanRequest__Output): PlanRequest {
  if (wire._rollback_revision !== undefined) {
    if (wire.changes.length > 0) {
      const reason = 'not used with rollback_revision';
      throw invalidField(
        'changes',
        `${wire.changes.length} of them`,
        reason,
        'give one of the two',
      );
    }
    const revision = fromInteger('rollback_revision', wire.rollback_revision ?? 0);
    return { rollbackTo: revision };
  }
  const wanted: Wanted[] = [];
  const violations: FieldViolation[] = [];
  for (const [i, each] of wire.changes.entries()) {
    try {
      wanted.push(wantedFromWire(each));
    } catch (thrown) {
      const error = NfvError.from(thrown);
      if (error.violations.length === 0) throw error;
      const base = `changes[${i}].${each.put ? 'put.' : ''}`;
      violations.push(...error.violations.map((v) => ({ ...v, field: `${base}${v.field}` })));
    }
  }
  if (violations.length > 0) throw invalidFields(violations);
  return { wanted };
}

function wantedFromWire(wire: WantedChange__Output): Wanted {
  const { etag } = wire;
  if (wire.put) return { put: specifiedFromWire(wire.put), etag };
  const gone = parseAnyName(wire.delete ?? '');
  if (gone !== undefined) return { delete: gone, etag };
  throw invalidField('delete', wire.delete ?? '', 'not a name', 'give COLLECTION/ID');
}

function resourceChangeToWire({
  verb,
  kind,
  id,
  before,
  after,
}: ResourceChange): WireResourceChange {
  return {
    name: formatName(COLLECTION_OF[kind], id),
    verb: RESOURCE_VERB.toWire(verb),
    before: before === undefined ? null : specifiedToWire(before),
    after: after === undefined ? null : specifiedToWire(after),
  };
}

function resourceChangeFromWire(wire: ResourceChange__Output): ResourceChange {
  const name = parseAnyName(wire.name);
  if (name === undefined) {
    throw new NfvError(
      'PROTOCOL_VERSION',
      `the NVA sent "${wire.name}", which is no known resource`,
    );
  }
  return {
    verb: RESOURCE_VERB.fromWire('verb', wire.verb),
    ...name,
    ...(wire.before && { before: specifiedFromWire(wire.before) }),
    ...(wire.after && { after: specifiedFromWire(wire.after) }),
  };
}

export function planToWire({ hash, revision, changes, nves, nveCount }: Plan): PlanResponse {
  return {
    ...{ hash, revision, nve_count: nveCount },
    changes: changes.map(resourceChangeToWire),
    nves: nves.map(({ nve, upserts, removes, items }) => ({
      nve: formatName('nves', nve),
      ...{ upserts, removes },
      items: items.map((item) => ({ ...item, action: ACTIONS.toWire(item.action) })),
    })),
  };
}

export function planFromWire(wire: PlanResponse__Output): Plan {
  return {
    hash: wire.hash,
    revision: fromInteger('revision', wire.revision),
    changes: wire.changes.map(resourceChangeFromWire),
    nves: wire.nves.map(({ nve, upserts, removes, items }) => ({
      nve: requireName('nves', nve),
      ...{ upserts, removes },
      items: items.map(({ key, kind, action }) => ({
        key,
        kind: KINDS.fromWire('kind', kind),
        action: ACTIONS.fromWire('action', action),
      })),
    })),
    nveCount: wire.nve_count,
  };
}

/** On the wire a kind is text: there may be new ones. */
const KINDS = {
  fromWire(field: string, text: string): (typeof ITEM_KINDS)[number] {
    const found = ITEM_KINDS.find((kind) => kind === text);
    if (found !== undefined) return found;
    throw invalidField(field, text, 'not a kind of items', 'upgrade nfvctl');
  },
};

export function appliedToWire({ revision, changes, confirmBefore }: Applied): ApplyResponse {
  return {
    revision,
    changes: changes.map(resourceChangeToWire),
    confirm_before: toTimestamp(confirmBefore),
  };
}

export function appliedFromWire(wire: ApplyResponse__Output): Applied {
  return {
    revision: fromInteger('revision', wire.revision),
    changes: wire.changes.map(resourceChangeFromWire),
    confirmBefore: fromTimestamp(wire.confirm_before),
  };
}

export function changeToWire(change: Change): WireChange {
  return {
    name: `changes/${change.id}`,
    revision: change.revision,
    time: toTimestamp(change.time),
    who: change.who,
    verb: CHANGE_VERB.toWire(change.verb),
    target_revision: change.target,
    changes: change.changes.map(resourceChangeToWire),
    confirm_before: toTimestamp(change.confirmBefore),
  };
}

export function changeFromWire(wire: Change__Output): Change {
  return {
    id: requireChangeName(wire.name),
    revision: fromInteger('revision', wire.revision),
    time: fromTimestamp(wire.time),
    who: wire.who,
    verb: CHANGE_VERB.fromWire('verb', wire.verb),
    target: fromInteger('target_revision', wire.target_revision),
    changes: wire.changes.map(resourceChangeFromWire),
    confirmBefore: fromTimestamp(wire.confirm_before),
  };
}

/** The id in `changes/ID`. @throws NfvError NOT_FOUND: nothing of that name can exist */
export function requireChangeName(name: string): string {
  const [, id] = /^changes\/(\d{1,16}(?:-\d{1,9})?)$/.exec(name) ?? [];
  if (id !== undefined) return id;
  throw new NfvError('NOT_FOUND', `"${name}" does not exist: names are "changes/REVISION"`);
}
