import { setImmediate } from 'node:timers/promises';
import type { ApiSchema, FieldDef, MessageDef, ModuleDef, ServiceDef } from './api-schema.js';
import {
  isRecord,
  listAt,
  nameAt,
  optionalListAt,
  optionalRecordAt,
  recordAt,
  refuse,
  textAt,
  type At,
} from './json-shape.js';
import { fieldsAt, optionsAt } from './parse-definition.js';
import { TypeInterner, type RawType, type Scope } from './type-interner.js';

interface Draft {
  readonly messages: Map<string, MessageDef>;
  readonly services: Map<string, ServiceDef>;
  readonly modules: Map<string, ModuleDef>;
  readonly interner: TypeInterner;
}

/** One module and where it is from, for errors: a file, or its place in a list. */
export interface ModuleSource {
  readonly json: unknown;
  /** The module's name if it does not say one. */
  readonly name: string;
  readonly at: At;
}

/**
 * The definitions of `json`: a list of modules as `get_api_json` answers it, or one module as in a
 * `*.api.json` file.
 *
 * @throws NfvError VPP_SCHEMA_INVALID with the JSON pointer of what is wrong. Keys that are not known
 * are left alone: later releases add some.
 */
export function parseModules(json: unknown): ApiSchema {
  if (isRecord(json)) return parseSources([{ json, name: 'module', at: [] }]);
  return parseSources(
    listAt(json, []).map((module, i) => ({ json: module, name: `module_${i}`, at: [i] })),
  );
}

/** The same for modules from several places. */
export function parseSources(sources: Iterable<ModuleSource>): ApiSchema {
  const draft = newDraft();
  for (const source of sources) addModule(draft, source);
  return finished(draft);
}

/** `parseModules`, a module in each turn of the event loop: all of a VPP takes some 50 ms. */
export async function parseModulesInTurns(list: readonly unknown[]): Promise<ApiSchema> {
  const draft = newDraft();
  for (const [i, json] of list.entries()) {
    addModule(draft, { json, name: `module_${i}`, at: [i] });
    await setImmediate();
  }
  return finished(draft);
}

function newDraft(): Draft {
  const interner = new TypeInterner();
  return { messages: new Map(), services: new Map(), modules: new Map(), interner };
}

function finished({ messages, services, modules, interner }: Draft): ApiSchema {
  return { messages, services, modules, types: interner.types };
}

function addModule(draft: Draft, source: ModuleSource): void {
  const { json, at } = source;
  const module = recordAt(json, at);
  const name = module['module'] === undefined ? source.name : textAt(module['module'], at);
  const options = optionsAt(module['options'], [...at, 'options']);
  draft.modules.set(name, { name, version: options.get('version') ?? '', options });
  const scope: Scope = { module: name, types: rawTypes(module, at), ids: new Map() };
  for (const type of scope.types.keys()) draft.interner.resolve(scope, type);
  optionalListAt(module['messages'], [...at, 'messages']).forEach((message, i) => {
    const def = messageAt(message, [...at, 'messages', i], name);
    const known = draft.messages.get(def.name);
    if (known !== undefined && known.crc !== def.crc) {
      refuse([...at, 'messages', i], def.key, `the message of ${known.module}, ${known.key}`);
    }
    draft.messages.set(def.name, { ...def, fields: draft.interner.fields(scope, def.fields) });
  });
  const services = optionalRecordAt(module['services'], [...at, 'services']);
  for (const [request, service] of Object.entries(services)) {
    draft.services.set(request, serviceAt(request, service, [...at, 'services', request]));
  }
}

function rawTypes(module: Readonly<Record<string, unknown>>, at: At): Map<string, RawType> {
  const types = new Map<string, RawType>();
  for (const kind of ['types', 'unions', 'enums', 'enumflags'] as const) {
    optionalListAt(module[kind], [...at, kind]).forEach((json, i) => {
      const place = [...at, kind, i];
      const name = nameAt(listAt(json, place)[0], place);
      types.set(name, { kind, name, json, at: place });
    });
  }
  const aliases = optionalRecordAt(module['aliases'], [...at, 'aliases']);
  for (const [name, json] of Object.entries(aliases)) {
    types.set(name, { kind: 'aliases', name, json, at: [...at, 'aliases', name] });
  }
  return types;
}

function messageAt(json: unknown, at: At, module: string): MessageDef {
  const definition = listAt(json, at);
  const name = nameAt(definition[0], at);
  const meta = recordAt(definition.at(-1), at);
  const crc = /^0x([0-9a-f]{8})$/.exec(textAt(meta['crc'], at))?.[1];
  if (crc === undefined) refuse(at, meta['crc'], 'a CRC: 0x and eight hexadecimal digits');
  const all = fieldsAt(definition, at);
  if (!isHeader(all[0], 'u16', '_vl_msg_id')) refuse(at, name, 'a message: no u16 _vl_msg_id');
  const hasClientIndex = isHeader(all[1], 'u32', 'client_index');
  const hasContext = isHeader(all[hasClientIndex ? 2 : 1], 'u32', 'context');
  return {
    name,
    crc,
    key: `${name}_${crc}`,
    module,
    hasClientIndex,
    hasContext,
    fields: all.slice(1 + Number(hasClientIndex) + Number(hasContext)),
    options: optionsAt(meta['options'], at),
  };
}

function isHeader(field: FieldDef | undefined, type: string, name: string): boolean {
  return field?.type === type && field.name === name && field.repeat.kind === 'one';
}

function serviceAt(request: string, json: unknown, at: At): ServiceDef {
  const { reply, stream, stream_msg: streamMessage, events } = recordAt(json, at);
  return {
    request: nameAt(request, at),
    reply: reply === undefined || reply === 'null' ? undefined : nameAt(reply, at),
    stream: stream === true,
    streamMessage: streamMessage === undefined ? undefined : nameAt(streamMessage, at),
    events: optionalListAt(events, at).map((event) => nameAt(event, at)),
  };
}
