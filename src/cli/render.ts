/** Resources as text, in the forms of `-o`. */
import { Option } from 'commander';
import { Document, isScalar, visit } from 'yaml';
import { z } from 'zod';
import type { Resource } from '../model/api.js';
import { cellsOf, headerOf } from './columns.js';
import { escapeOutput, escapeText } from './escape.js';
import { KINDS, nameOf } from './kinds.js';
import { API_VERSION, type ResourceManifest } from './manifest/schema.js';
import type { Paint } from './style.js';
import { Table } from './table.js';

export const Format = z.enum(['table', 'wide', 'json', 'yaml', 'name']);
export type Format = z.infer<typeof Format>;

/** For verbs that list. */
export function formatOption(): Option {
  return new Option('-o, --output <format>', 'how to print resources').choices(Format.options);
}

export interface TableOptions {
  readonly wide: boolean;
  readonly header: boolean;
  /** Names with their collection: there are several kinds. */
  readonly qualified: boolean;
  readonly paint: Paint;
  /** Milliseconds since the epoch, for ages. */
  readonly now: number;
}

/** A table for each kind that there is one of. */
export function renderTables(resources: readonly Resource[], options: TableOptions): string {
  const tables = KINDS.flatMap((kind) => {
    const own = resources.filter((resource) => resource.kind === kind);
    if (own.length === 0) return [];
    const table = new Table(headerOf(kind, options.wide), options.paint);
    const rows = own.map((resource) => {
      const [name, ...cells] = cellsOf(resource, options.wide, options.now);
      const first = options.qualified ? { text: nameOf(resource) } : name;
      return first === undefined ? cells : [first, ...cells];
    });
    return [table.all(rows, options.header)];
  });
  return tables.join('\n');
}

/** `virtualNetworks/blue`, a line each. */
export function renderNames(resources: readonly Resource[]): string {
  return resources.map((resource) => `${nameOf(resource)}\n`).join('');
}

/** One resource, if one was asked for, or a list. */
export function renderJson(manifests: readonly ResourceManifest[], single: boolean): string {
  const [first] = manifests;
  const list = { apiVersion: API_VERSION, kind: 'List', items: manifests };
  const value = single && first !== undefined ? first : list;
  return `${escapeOutput(JSON.stringify(value, undefined, 2))}\n`;
}

/** A document each. */
export function renderYaml(manifests: readonly ResourceManifest[]): string {
  return manifests.map(toYaml).join('---\n');
}

/** YAML that is the same in version 1.1, and harmless for a terminal. */
export function toYaml(value: unknown): string {
  const document = new Document(value, {
    aliasDuplicateObjects: false,
    compat: 'yaml-1.1',
  });
  visit(document, {
    Scalar(_key, node) {
      const { value } = node;
      if (typeof value === 'string' && isScalar(node) && escapeText(value) !== value) {
        node.type = 'QUOTE_DOUBLE';
      }
    },
  });
  return escapeOutput(document.toString({ lineWidth: 0 }));
}
