import { CATALOGUE_JSON } from '../generated/catalogue.js';
import type { ApiSchema, MessageDef } from './api-schema.js';
import { listAt, recordAt, textAt } from './json-shape.js';
import { parseModules } from './parse-module.js';

/** What VPP's message table says: `name_crc` to the message's id. */
export type MessageTable = ReadonlyMap<string, number>;

/** A message as a release of VPP has it. */
export interface KnownMessage {
  readonly def: MessageDef;
  /** Where its types are. */
  readonly schema: ApiSchema;
  /** The newest release with this CRC: `26.06`. */
  readonly release: string;
}

/** The messages the product uses, as all releases from 22.10 to 26.06 have them. */
export interface Catalogue {
  /** Every message in every form it has: `name_crc`. */
  readonly keys: readonly string[];
  /** Every CRC of a message, newest first; empty for what the product does not use. */
  variants(name: string): readonly KnownMessage[];
  /**
   * One definition of each message: that whose CRC `table` has, else the newest. For a VPP that does
   * not hand out its definitions, on a host where they are not installed.
   *
   * An enum that gained values under the same CRC is that of the newest release.
   */
  schemaFor(table: MessageTable): ApiSchema;
  /**
   * Modules, in the form of get_api_json, of the messages that `table` has and `known` (keys) has not:
   * VPP leaves its `memclnt` out of what it tells (src/vlibmemory, to 26.06).
   */
  supplement(table: MessageTable, known: ReadonlySet<string>): readonly unknown[];
}

interface Layer {
  readonly release: string;
  readonly modules: readonly unknown[];
  readonly schema: ApiSchema;
}

/** Parses what is bundled: 212 messages, a few milliseconds. */
export function readCatalogue(): Catalogue {
  const json: unknown = JSON.parse(CATALOGUE_JSON);
  const layers = listAt(json, []).map((entry, i): Layer => {
    const layer = recordAt(entry, [i]);
    const modules = listAt(layer['modules'], [i, 'modules']);
    const release = textAt(layer['release'], [i, 'release']);
    return { release, modules, schema: parseModules(modules) };
  });
  const variants = (name: string): KnownMessage[] =>
    layers.flatMap(({ schema, release }) => {
      const def = schema.messages.get(name);
      return def === undefined ? [] : [{ def, schema, release }];
    });
  const choose = (name: string, table: MessageTable): string | undefined => {
    const known = variants(name);
    return (known.find(({ def }) => table.has(def.key)) ?? known[0])?.def.key;
  };
  const keys = layers.flatMap(({ schema }) => [...schema.messages.values()].map(({ key }) => key));
  return {
    keys,
    variants,
    schemaFor: (table) =>
      parseModules(
        layers.flatMap(({ modules, schema }) =>
          modules.map((module) => {
            const chosen = (def: MessageDef): boolean => choose(def.name, table) === def.key;
            return withMessages(module, schema, chosen);
          }),
        ),
      ),
    supplement: (table, known) => {
      const given = new Set<string>();
      return layers.flatMap(({ modules, schema }) => {
        const wanted = ({ key }: MessageDef): boolean =>
          table.has(key) && !known.has(key) && !given.has(key);
        const found = modules.map((module) => withMessages(module, schema, wanted));
        for (const def of schema.messages.values()) if (wanted(def)) given.add(def.key);
        return found.filter((module) => listAt(recordAt(module, [])['messages'], []).length > 0);
      });
    },
  };
}

/** The module with only the chosen messages of its schema. */
function withMessages(
  json: unknown,
  schema: ApiSchema,
  chosen: (def: MessageDef) => boolean,
): unknown {
  const module = recordAt(json, []);
  const messages = listAt(module['messages'], []).filter((message) => {
    const def = schema.messages.get(textAt(listAt(message, [])[0], []));
    return def !== undefined && chosen(def);
  });
  return { ...module, messages };
}
