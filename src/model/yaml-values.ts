/** From a YAML document to plain values. */
import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Alias, Node, YAMLMap } from 'yaml';
import {
  MAX_DEPTH,
  MAX_PROBLEMS,
  type Path,
  type Source,
  type YamlProblem,
} from './yaml-source.js';

/** Values that all aliases of a document together may stand for. */
const MAX_ALIASED = 10_000;

/** What each alias stands for. */
export type Targets = ReadonlyMap<Alias, Node>;

export interface Values {
  /** Of plain objects, arrays, strings, numbers, booleans and null; bigints, if they were asked for. */
  readonly value: unknown;
  readonly targets: Targets;
  readonly problems: readonly YamlProblem[];
}

/** Duplicate keys and aliases that are cycles, bombs or nothing are problems. */
export function toValues(root: Node | null, source: Source): Values {
  const converter = new Converter(source);
  const value = converter.convert(root, [], 0);
  return { value, targets: converter.targets, problems: converter.problems };
}

class Converter {
  readonly problems: YamlProblem[] = [];
  /** The last node before the alias that has its anchor. */
  readonly targets = new Map<Alias, Node>();
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<Node>();
  #aliased = 0;
  #inAlias = false;

  constructor(private readonly source: Source) {}

  convert(node: Node | null, path: Path, depth: number): unknown {
    if (node === null) return null;
    if (this.#inAlias && ++this.#aliased > MAX_ALIASED) return null;
    if (isAlias(node)) return this.#alias(node, path, depth);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return plainNumber(node.value);
    this.#open.add(node);
    try {
      if (isMap(node)) return this.#map(node, path, depth);
      if (!isSeq(node)) return null;
      return node.items.map((item, i) =>
        this.convert(isYamlNode(item) ? item : null, [...path, i], depth + 1),
      );
    } finally {
      this.#open.delete(node);
    }
  }

  #map(node: YAMLMap, path: Path, depth: number): unknown {
    const entries = new Map<string, unknown>();
    const lines = new Map<string, number>();
    for (const { key, value } of node.items) {
      if (!isScalar(key) || typeof key.value !== 'string') continue;
      const name = key.value;
      const first = lines.get(name);
      if (first !== undefined) {
        const reason = `given twice, first in line ${first}`;
        this.#add(key, [...path, name], name, reason, 'give each key once');
      } else if (name === '__proto__') {
        this.#add(key, [...path, name], name, 'not allowed as a key', 'leave it out');
      } else {
        lines.set(name, this.source.position(offsetOf(key)).line);
        const child = isYamlNode(value) ? value : null;
        entries.set(name, this.convert(child, [...path, name], depth + 1));
      }
    }
    return Object.fromEntries(entries);
  }

  #alias(alias: Alias, path: Path, depth: number): unknown {
    const target = this.targets.get(alias) ?? this.#anchors.get(alias.source);
    const add = (reason: string, remedy: string): null => {
      this.#add(alias, path, `*${alias.source}`, reason, remedy);
      return null;
    };
    if (target === undefined) {
      return add('no such anchor above', `mark a value with &${alias.source}`);
    }
    this.targets.set(alias, target);
    if (this.#open.has(target)) return add('contains itself', 'write the value out');
    if (depth > MAX_DEPTH) return add('nested too deeply', 'write the values out');
    if (this.#aliased > MAX_ALIASED) return null;
    if (this.#inAlias) return this.convert(target, path, depth);
    this.#inAlias = true;
    const value = this.convert(target, path, depth);
    this.#inAlias = false;
    return this.#aliased > MAX_ALIASED
      ? add(`stands for more than ${MAX_ALIASED} values`, 'write the values out')
      : value;
  }

  #add(node: Node, path: Path, value: string, reason: string, remedy: string): void {
    if (this.problems.length >= MAX_PROBLEMS) return;
    const at = this.source.position(offsetOf(node));
    this.problems.push({ at, path, value, reason, remedy });
  }
}

/** A bigint only where a number is not exact. */
function plainNumber(value: unknown): unknown {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

export function isYamlNode(value: unknown): value is Node {
  return isScalar(value) || isAlias(value) || isMap(value) || isSeq(value);
}

export function offsetOf(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}
