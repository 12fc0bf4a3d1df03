/** Quotas over a whole plan: what each tenant has, with what comes and without what goes. */
import { NfvError, type FieldViolation } from '../../errors.js';
import { QUOTA_KINDS, type QuotaKind } from '../../model/access-policy.js';
import type { Collection } from '../../model/names.js';
import { quotaGenerationKey } from '../keys.js';
import { quotaMetadata, type Quotas } from '../resources/quotas.js';
import type { Overlay } from './overlay.js';

/** A resource of a plan. */
export interface Counted {
  readonly kind: QuotaKind;
  /** `endpoints/web`. */
  readonly name: string;
  /** Of the request, or its name where there is none. */
  readonly field: string;
  /** Whose it is; undefined: it does not exist. */
  readonly was: string | undefined;
  /** Whose it is to be; undefined: it is to go. */
  readonly is: string | undefined;
}

/** What a plan does to a tenant's number of one kind. */
interface Share {
  readonly tenant: string;
  readonly kind: QuotaKind;
  readonly come: Counted[];
  gone: number;
}

/** Of a plan; of more the first are told. */
const MAX_TOLD = 100;

export function isCounted(collection: Collection): collection is QuotaKind {
  return QUOTA_KINDS.some((kind) => kind === collection);
}

/**
 * Lets whoever counts next see what the plan does, and relies on nobody else having done so meanwhile.
 * @param areLimits false: what is there may be over its quota
 * @throws NfvError QUOTA_EXCEEDED with each resource that is one too many
 */
export async function keepQuotas(
  quotas: Quotas,
  overlay: Overlay,
  counted: readonly Counted[],
  areLimits: boolean,
): Promise<void> {
  if (!quotas.areKept) return;
  const faults: NfvError[] = [];
  for (const share of sharesOf(counted)) {
    const fault = areLimits ? await excessOf(quotas, overlay, share) : undefined;
    if (fault !== undefined) faults.push(fault);
    overlay.touch(quotaGenerationKey(share.tenant, share.kind));
  }
  const [first] = faults;
  if (first === undefined) return;
  const { metadata, remedy } = first;
  throw new NfvError('QUOTA_EXCEEDED', faults.map(({ message }) => message).join('; '), {
    ...{ metadata, remedy },
    violations: faults.flatMap(({ violations }) => violations).slice(0, MAX_TOLD),
  });
}

/** Keys that are written where quotas are kept. */
export function quotaKeys(counted: readonly Counted[]): string[] {
  return [...sharesOf(counted)].map(({ tenant, kind }) => quotaGenerationKey(tenant, kind));
}

function sharesOf(counted: readonly Counted[]): Iterable<Share> {
  const shares = new Map<string, Share>();
  const shareOf = (tenant: string, kind: QuotaKind): Share => {
    const key = `${tenant}/${kind}`;
    const share = shares.get(key) ?? { tenant, kind, come: [], gone: 0 };
    shares.set(key, share);
    return share;
  };
  for (const each of counted) {
    const { kind, was, is } = each;
    if (was === is) continue;
    if (was !== undefined) shareOf(was, kind).gone++;
    if (is !== undefined) shareOf(is, kind).come.push(each);
  }
  return shares.values();
}

/** @returns undefined: it is within the quota, or no further over it than before */
async function excessOf(
  quotas: Quotas,
  overlay: Overlay,
  { tenant, kind, come, gone }: Share,
): Promise<NfvError | undefined> {
  const limit = quotas.limitOf(kind, tenant);
  if (limit === undefined || come.length <= gone) return undefined;
  const key = quotaGenerationKey(tenant, kind);
  await overlay.rely(key);
  const has = await quotas.count(kind, tenant, (await overlay.below(key))?.modRevision ?? 0);
  const would = has + come.length - gone;
  if (would <= limit) return undefined;
  const reason = `tenant ${tenant} has ${has} ${kind}, would have ${would}, and may have ${limit}`;
  const metadata = quotaMetadata(tenant, kind, limit);
  const error = new NfvError('QUOTA_EXCEEDED', reason, { metadata });
  const { remedy } = error;
  const violations = come
    .slice(-(would - limit))
    .map(({ field, name }): FieldViolation => ({ field, value: name, reason, remedy }));
  return new NfvError('QUOTA_EXCEEDED', reason, { metadata, violations });
}
