/** Pages of a list, all of one revision (AIP-158). */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { invalidField, NfvError } from '../errors.js';

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1000;

/** @param size as requested. @throws NfvError INVALID_FIELD: it is negative */
export function pageSize(size: number): number {
  if (size < 0) throw invalidField('page_size', size, 'negative', `give 1-${MAX_PAGE}, or 0`);
  // AIP-158: a larger page than there can be is cut, not refused.
  return size === 0 ? DEFAULT_PAGE : Math.min(size, MAX_PAGE);
}

export interface PageStart {
  /** That the whole list is as of. */
  readonly revision: number;
  /** Id of the last entry of the page before. */
  readonly after: string;
}

/** Of one list by one filter. What is in them is opaque to the caller. */
export class PageTokens {
  readonly #list: string;
  readonly #token: z.ZodType<PageStart & { readonly filter: string }>;

  /** @param isAfter what a page can begin after */
  constructor(list: string, filter: string, isAfter: (id: string) => boolean = () => true) {
    this.#list = hash(`${list}\0${filter}`);
    this.#token = z.object({
      revision: z.int().nonnegative(),
      after: z.string().refine(isAfter),
      filter: z.string(),
    });
  }

  encode({ revision, after }: PageStart): string {
    const value = { revision, after, filter: this.#list };
    return Buffer.from(JSON.stringify(value)).toString('base64url');
  }

  /** @returns undefined: it is the first page. @throws NfvError INVALID_PAGE_TOKEN */
  decode(text: string): PageStart | undefined {
    if (text === '') return undefined;
    let json: unknown;
    try {
      json = JSON.parse(Buffer.from(text, 'base64url').toString());
    } catch (cause) {
      throw new NfvError('INVALID_PAGE_TOKEN', 'not a page token', { cause });
    }
    const { data } = this.#token.safeParse(json);
    if (data === undefined) throw new NfvError('INVALID_PAGE_TOKEN', 'not a page token');
    if (data.filter === this.#list) return data;
    throw new NfvError('INVALID_PAGE_TOKEN', 'the page token is of another list or filter');
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 12);
}
