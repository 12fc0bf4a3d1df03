import type { Resource, ResourceKind } from '../model/api.js';
import type { Change } from './watching.js';
import { cellsOf, headerOf } from './columns.js';
import { escapeOutput } from './escape.js';
import { KINDS, nameOf } from './kinds.js';
import { toBareManifest, toManifest } from './manifest/to-manifest.js';
import {
  renderJson,
  renderNames,
  renderTables,
  renderYaml,
  toYaml,
  type Format,
} from './render.js';
import type { Session } from './session.js';
import { Table, type Cell } from './table.js';

export interface PrintOptions {
  readonly output: Format;
  readonly headers: boolean;
  /** Only what a user sets: there is no such resource, so that it has no etag either. */
  readonly bare?: boolean;
}

/** Prints resources, and changes of them, in the form that was asked for. */
export class Printer {
  /** Of changes, one for each kind: the columns of what came before stay. */
  readonly #tables = new Map<ResourceKind, Table>();

  constructor(
    private readonly session: Session,
    private readonly options: PrintOptions,
    /** Names with their collection. */
    private readonly qualified: boolean,
  ) {}

  /** `single`: one was asked for, by name. */
  print(resources: readonly Resource[], single: boolean): Promise<void> {
    return this.session.out.write(this.#render(resources, single));
  }

  #render(resources: readonly Resource[], single: boolean): string {
    const { output, headers, bare = false } = this.options;
    const convert = bare ? toBareManifest : toManifest;
    switch (output) {
      case 'json':
        // Nothing, where the one that was asked for is not there.
        return single && resources.length === 0 ? '' : renderJson(resources.map(convert), single);
      case 'yaml':
        return renderYaml(resources.map(convert));
      case 'name':
        return renderNames(resources);
      case 'table':
      case 'wide':
        return renderTables(resources, {
          wide: output === 'wide',
          header: headers,
          qualified: this.qualified,
          paint: this.session.paint,
          now: this.session.clock.now(),
        });
    }
  }

  /** Changes that came together, a line each (a document each in YAML). */
  printChanges(changes: readonly Change[]): Promise<void> {
    return this.session.out.write(this.#renderChanges(changes));
  }

  #renderChanges(changes: readonly Change[]): string {
    switch (this.options.output) {
      case 'json':
        return changes
          .map((change) => `${escapeOutput(JSON.stringify(toEvent(change)))}\n`)
          .join('');
      case 'yaml':
        return changes.map((change) => `---\n${toYaml(toEvent(change))}`).join('');
      case 'name':
        return changes.map(({ type, resource }) => `${type} ${nameOf(resource)}\n`).join('');
      case 'table':
      case 'wide':
        return KINDS.map((kind) => {
          return this.#rows(
            kind,
            changes.filter(({ resource }) => resource.kind === kind),
          );
        }).join('');
    }
  }

  #rows(kind: ResourceKind, changes: readonly Change[]): string {
    if (changes.length === 0) return '';
    const wide = this.options.output === 'wide';
    const now = this.session.clock.now();
    const rows = changes.map(({ type, resource }): Cell[] => {
      const [name, ...rest] = cellsOf(resource, wide, now);
      const first = this.qualified ? { text: nameOf(resource) } : name;
      const event: Cell = { text: type, colour: type === 'DELETED' ? 'red' : 'green' };
      return [event, ...(first === undefined ? [] : [first]), ...rest];
    });
    const known = this.#tables.get(kind);
    if (known !== undefined) return known.rows(rows);
    const table = new Table([EVENT, ...headerOf(kind, wide)], this.session.paint);
    this.#tables.set(kind, table);
    return table.all(rows, this.options.headers);
  }
}

/** As wide as the longest event, so that the columns need not move for it. */
const EVENT = 'EVENT  ';

function toEvent({ type, revision, resource }: Change): object {
  return { type, revision, resource: toManifest(resource) };
}
