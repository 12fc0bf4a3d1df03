/** Data that is no resource, as a table, JSON or YAML: what VPP says, what a host has, hops and counters. */
import { Option } from 'commander';
import { z } from 'zod';
import { escapeOutput } from './escape.js';
import { toYaml } from './render.js';
import { plain } from './plain.js';

export const DataFormat = z.enum(['table', 'wide', 'json', 'yaml']);
export type DataFormat = z.infer<typeof DataFormat>;

export function dataFormatOption(): Option {
  return new Option('-o, --output <format>', 'how to print it').choices(DataFormat.options);
}

/** Indented. */
export function jsonText(value: unknown): string {
  return `${escapeOutput(JSON.stringify(plain(value), undefined, 2))}\n`;
}

/** In one line. */
export function jsonLine(value: unknown): string {
  return `${escapeOutput(JSON.stringify(plain(value)))}\n`;
}

export function yamlText(value: unknown): string {
  return toYaml(plain(value));
}

/** Data in the form that was asked for; `table` makes the other two. */
export function render(
  format: DataFormat,
  data: unknown,
  table: (wide: boolean) => string,
): string {
  switch (format) {
    case 'json':
      return jsonText(data);
    case 'yaml':
      return yamlText(data);
    case 'table':
    case 'wide':
      return table(format === 'wide');
  }
}
