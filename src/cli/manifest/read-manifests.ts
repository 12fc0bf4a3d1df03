/** Manifests from files, directories and stdin. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { invalidField, invalidFields, NfvError, type FieldViolation } from '../../errors.js';
import { parseYamlDocuments, type YamlDocument } from '../../model/yaml.js';
import { readText, unreadable, type Input } from '../read-text.js';
import type { AskSubnets } from './allowed-prefixes.js';
import type { Desired, PlacedManifest, Where } from './desired.js';
import { Manifest } from './schema.js';
import { toDesired } from './to-desired.js';

/** Of one file. */
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_FILES = 1000;

/**
 * All that `-f` names, in its order: files, `*.yaml`, `*.yml` and `*.json` of directories, `-` for
 * stdin. `askSubnets` as of `toDesired`. @throws NfvError FILE_UNREADABLE, MANIFEST_INVALID (all faults
 * of all files), MESSAGE_TOO_LARGE, INVALID_FIELD
 */
export async function readManifests(
  paths: readonly string[],
  input: Input,
  askSubnets?: AskSubnets,
): Promise<Desired[]> {
  const manifests: PlacedManifest[] = [];
  const violations: FieldViolation[] = [];
  for (const file of await expand(paths)) {
    const text = await readText(file, input, { maxBytes: MAX_BYTES, code: 'MANIFEST_INVALID' });
    const name = file === '-' ? 'stdin' : file;
    try {
      const options = { file: name, code: 'MANIFEST_INVALID', maxBytes: MAX_BYTES } as const;
      for (const document of parseYamlDocuments(text, Manifest, options)) {
        manifests.push(...placed(document, name));
      }
    } catch (thrown) {
      const error = NfvError.from(thrown);
      if (error.code !== 'MANIFEST_INVALID') throw error;
      violations.push(...error.violations);
    }
  }
  if (violations.length > 0) throw invalidFields(violations, 'MANIFEST_INVALID');
  if (manifests.length === 0) {
    throw invalidField('-f', paths.join(' '), 'no manifest in there', 'give files that have some');
  }
  return toDesired(manifests, askSubnets);
}

function placed(document: YamlDocument<Manifest>, file: string): PlacedManifest[] {
  const { value, line } = document;
  if (value.kind !== 'List') {
    return [{ manifest: value, place: `${file}:${line}`, where: (path) => document.where(path) }];
  }
  return value.items.map((manifest, i) => {
    const where: Where = (path) => document.where(['items', i, ...path]);
    return { manifest, place: `${file}:${document.lineOf(['items', i])}`, where };
  });
}

async function expand(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    if (path !== '-' && (await isDirectory(path))) files.push(...(await manifestsIn(path)));
    else files.push(path);
  }
  if (files.filter((file) => file === '-').length > 1) {
    throw invalidField('-f', '-', 'given twice', 'stdin can be read once');
  }
  if (files.length > MAX_FILES) {
    throw invalidField('-f', `${files.length} files`, 'too many', `give at most ${MAX_FILES}`);
  }
  return files;
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch((cause: unknown) => unreadable(path, cause))).isDirectory();
}

async function manifestsIn(directory: string): Promise<string[]> {
  const entries: Dirent[] = await readdir(directory, { withFileTypes: true }).catch(
    (cause: unknown) => unreadable(directory, cause),
  );
  return entries
    .filter((entry) => !entry.isDirectory() && /\.(ya?ml|json)$/.test(entry.name))
    .map(({ name }) => join(directory, name))
    .sort();
}
