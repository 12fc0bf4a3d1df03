import { NfvError } from '../../errors.js';
import type { ApiSchema, MessageDef } from './api-schema.js';
import {
  readCatalogue,
  type Catalogue,
  type KnownMessage,
  type MessageTable,
} from './catalogue.js';
import { firstDifference } from './difference.js';
import { features, type FeatureName, type Need } from './product-messages.js';

/** One message in the VPP that is connected. */
export type MessageCompat =
  | { readonly status: 'ok'; readonly name: string; readonly module: string; readonly id: number }
  /** VPP has no message of this name: the plugin with this API module is not loaded, or too old. */
  | {
      readonly status: 'missing';
      readonly name: string;
      readonly module: string;
      /** CRCs it could have had. */
      readonly known: readonly string[];
    }
  | {
      readonly status: 'changed';
      readonly name: string;
      readonly module: string;
      readonly known: readonly string[];
      /** CRC in VPP's message table. */
      readonly actual: string;
      /** `route.paths[].weight: u8, known as u16`; undefined if VPP's definition is not at hand. */
      readonly difference: string | undefined;
    };

export interface FeatureCompat {
  /** The worst of what it cannot do without. */
  readonly status: MessageCompat['status'];
  /** Request to use for each need that is met, in the order of product-messages.ts. */
  readonly uses: readonly string[];
  /** Messages that are not ok and that nothing stands in for; those of optional needs too. */
  readonly problems: readonly MessageCompat[];
}

export interface CompatReport {
  /** Every message of the schema, and every one that the product knows. */
  readonly messages: ReadonlyMap<string, MessageCompat>;
  readonly features: ReadonlyMap<FeatureName, FeatureCompat>;
}

/**
 * What of `schema`, and of what the product needs, the VPP with this message table has. A message is
 * ok when the table has it under the CRC of the schema, and for one of the product when that is a
 * CRC which the product knows.
 */
export function compat(
  schema: ApiSchema,
  table: MessageTable,
  catalogue: Catalogue = readCatalogue(),
): CompatReport {
  const crcs = crcsByName(table);
  const classify = (name: string): MessageCompat =>
    classified(name, schema.messages.get(name), { schema, table, crcs, catalogue });
  const messages = new Map<string, MessageCompat>();
  for (const name of schema.messages.keys()) messages.set(name, classify(name));
  const report = new Map<FeatureName, FeatureCompat>();
  for (const [feature, needs] of features()) {
    const stated = needs.map((need) => stateOf(need, familyFinder(schema, catalogue), classify));
    for (const { all } of stated) for (const message of all) messages.set(message.name, message);
    report.set(feature, summary(stated));
  }
  return { messages, features: report };
}

interface Context {
  readonly schema: ApiSchema;
  readonly table: MessageTable;
  readonly crcs: ReadonlyMap<string, string>;
  readonly catalogue: Catalogue;
}

function crcsByName(table: MessageTable): ReadonlyMap<string, string> {
  const crcs = new Map<string, string>();
  for (const key of table.keys()) {
    const [, name, crc] = /^(.+)_([0-9a-f]{8})$/.exec(key) ?? [];
    if (name !== undefined && crc !== undefined) crcs.set(name, crc);
  }
  return crcs;
}

function classified(name: string, def: MessageDef | undefined, context: Context): MessageCompat {
  const variants = context.catalogue.variants(name);
  const expected =
    variants.length > 0 ? variants.map((v) => v.def) : def === undefined ? [] : [def];
  const module = def?.module ?? expected[0]?.module ?? '';
  const known = expected.map(({ crc }) => crc);
  const actual = context.crcs.get(name);
  if (actual === undefined) return { status: 'missing', name, module, known };
  const id = context.table.get(`${name}_${actual}`);
  if (id !== undefined && known.includes(actual) && def?.crc === actual) {
    return { status: 'ok', name, module, id };
  }
  const difference = differenceOf(actual, def, variants, context.schema);
  return { status: 'changed', name, module, known, actual, difference };
}

/** VPP's own definition against the newest that is known, where both are at hand. */
function differenceOf(
  crc: string,
  def: MessageDef | undefined,
  variants: readonly KnownMessage[],
  schema: ApiSchema,
): string | undefined {
  const ours = def === undefined ? undefined : { def, schema };
  const actual = ours?.def.crc === crc ? ours : variants.find((known) => known.def.crc === crc);
  const known = actual === ours ? variants[0] : ours;
  return actual === undefined || known === undefined ? undefined : firstDifference(actual, known);
}

type FamilyOf = (request: string, need: Need) => readonly string[];

/** A request with its reply, details and events. */
function familyFinder(schema: ApiSchema, catalogue: Catalogue): FamilyOf {
  return (request, { events = [] }) => {
    const service =
      schema.services.get(request) ?? catalogue.variants(request)[0]?.schema.services.get(request);
    const names = [
      request,
      service?.reply,
      service?.streamMessage,
      ...(service?.events ?? []),
      ...events,
    ];
    return names.filter((name) => name !== undefined);
  };
}

interface NeedState {
  readonly all: readonly MessageCompat[];
  /** The request that meets the need. */
  readonly use: string | undefined;
  readonly problems: readonly MessageCompat[];
  readonly optional: boolean;
}

function stateOf(
  need: Need,
  familyOf: FamilyOf,
  classify: (name: string) => MessageCompat,
): NeedState {
  const families = need.anyOf.map((request) => ({
    request,
    members: familyOf(request, need).map(classify),
  }));
  const met = families.find(({ members }) => members.every(({ status }) => status === 'ok'));
  const best =
    met ?? families.find(({ members }) => members[0]?.status !== 'missing') ?? families[0];
  return {
    all: families.flatMap(({ members }) => members),
    use: met?.request,
    problems: best?.members.filter(({ status }) => status !== 'ok') ?? [],
    optional: need.optional === true,
  };
}

function summary(needs: readonly NeedState[]): FeatureCompat {
  const required = needs.filter(({ optional }) => !optional).flatMap(({ problems }) => problems);
  const has = (status: MessageCompat['status']): boolean =>
    required.some((problem) => problem.status === status);
  return {
    status: has('changed') ? 'changed' : has('missing') ? 'missing' : 'ok',
    uses: needs.flatMap(({ use }) => (use === undefined ? [] : [use])),
    problems: needs.flatMap(({ problems }) => problems),
  };
}

/**
 * Nothing if the message can be used.
 *
 * @throws NfvError VPP_MESSAGE_MISSING, VPP_MESSAGE_CHANGED: message, CRCs, API module, difference.
 */
export function requireMessage(report: CompatReport, name: string): void {
  const message = report.messages.get(name);
  if (message === undefined) {
    throw new NfvError('VPP_MESSAGE_UNKNOWN', `no message ${name} in this VPP`);
  }
  const problem = problemOf(message);
  if (problem !== undefined) throw problem;
}

/**
 * Nothing if the feature has all it cannot do without.
 *
 * @throws NfvError of its first problem, as requireMessage has it.
 */
export function requireFeature(report: CompatReport, feature: FeatureName): void {
  const state = report.features.get(feature);
  if (state === undefined || state.status === 'ok') return;
  const message = state.problems.find(({ status }) => status === state.status);
  const problem = message === undefined ? undefined : problemOf(message, feature);
  if (problem !== undefined) throw problem;
}

export function problemOf(message: MessageCompat, feature?: string): NfvError | undefined {
  const use = feature === undefined ? '' : `${feature}: `;
  switch (message.status) {
    case 'ok':
      return undefined;
    case 'missing': {
      const { name, module, known } = message;
      return new NfvError(
        'VPP_MESSAGE_MISSING',
        `${use}VPP has no ${name} (CRC ${known.join(' or ')}): API module ${module} is not loaded, or of another release`,
        {
          metadata: { message: name, module, known_crc: known.join(',') },
          remedy: `load the plugin with API module ${module} in startup.conf`,
        },
      );
    }
    case 'changed': {
      const { name, module, known, actual, difference } = message;
      return new NfvError(
        'VPP_MESSAGE_CHANGED',
        `${use}${name} of API module ${module} has CRC ${actual} in VPP, known ${known.join(' or ')}${difference === undefined ? '' : `: ${difference}`}`,
        {
          metadata: {
            message: name,
            module,
            vpp_crc: actual,
            known_crc: known.join(','),
            ...(difference === undefined ? {} : { difference }),
          },
        },
      );
    }
  }
}
