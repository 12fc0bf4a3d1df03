/** A YAML document as a value of which every part can be found again in the text. */
import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Node } from 'yaml';
import { MAX_PROBLEMS, readDocuments, Source } from './yaml-source.js';
import type { Path, Position, YamlProblem } from './yaml-source.js';
import { isYamlNode, offsetOf, toValues, type Targets } from './yaml-values.js';

export interface YamlTree {
  /** Of plain objects, arrays, strings, numbers, booleans and null; bigints, if they were asked for. */
  readonly value: unknown;
  /** Where its content begins. */
  readonly line: number;
  /** Where the value at `path` is, or its key; the nearest thing around it if it is missing. */
  locate(path: Path, what: 'key' | 'value'): Position;
}

export interface YamlTrees {
  /** Those with the right syntax. */
  readonly trees: readonly YamlTree[];
  /** Syntax, duplicate keys, aliases. */
  readonly problems: readonly YamlProblem[];
}

/**
 * The time it takes is in proportion to `maxTokens`. `exact`: whole numbers that a double would round
 * are bigints.
 */
export function readYaml(text: string, maxTokens: number, exact = false): YamlTrees {
  const source = new Source(text);
  const { documents, faults } = readDocuments(source, maxTokens, exact);
  const trees: YamlTree[] = [];
  const problems = [...faults];
  for (const { contents } of documents) {
    const converted = toValues(contents, source);
    problems.push(...converted.problems);
    if (problems.length >= MAX_PROBLEMS) break;
    trees.push(new Tree(converted.value, contents, converted.targets, source));
  }
  return { trees, problems };
}

class Tree implements YamlTree {
  readonly line: number;

  constructor(
    readonly value: unknown,
    private readonly root: Node | null,
    private readonly targets: Targets,
    private readonly source: Source,
  ) {
    this.line = source.position(offsetOf(root)).line;
  }

  locate(path: Path, what: 'key' | 'value'): Position {
    let key: Node | null = null;
    let node = this.root;
    for (const step of path) {
      const next = this.#step(node, step);
      if (next === undefined) return this.source.position(offsetOf(key ?? node));
      ({ key, node } = next);
    }
    return this.source.position(offsetOf(what === 'key' ? (key ?? node) : (node ?? key)));
  }

  #step(
    from: Node | null,
    step: string | number,
  ): { readonly key: Node | null; readonly node: Node | null } | undefined {
    const node = isAlias(from) ? (this.targets.get(from) ?? null) : from;
    if (isSeq(node)) {
      const item = typeof step === 'number' ? node.items[step] : undefined;
      return isYamlNode(item) ? { key: null, node: item } : undefined;
    }
    if (!isMap(node)) return undefined;
    const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
    if (pair === undefined || !isYamlNode(pair.key)) return undefined;
    return { key: pair.key, node: isYamlNode(pair.value) ? pair.value : null };
  }
}
