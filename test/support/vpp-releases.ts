/**
 * The API definitions of eleven VPP releases, as test/fixtures/vpp-api/releases.json.gz has them:
 * `{pool, releases: {"v26.06": [place of a module in the pool, ...]}}`; in a module, the place of each
 * definition stands for it. Written by pack-vpp-releases.ts.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';

const KINDS = ['types', 'messages', 'unions', 'enums', 'enumflags'] as const;

const packed = z.object({
  pool: z.array(z.unknown()),
  releases: z.record(z.string(), z.array(z.number())),
});

const places = z.looseObject(Object.fromEntries(KINDS.map((kind) => [kind, z.array(z.number())])));

export interface Release {
  /** `26.06` */
  readonly name: string;
  /** As get_api_json answers it. */
  readonly modules: readonly unknown[];
}

export const FIXTURE = 'test/fixtures/vpp-api/releases.json.gz';

/** Oldest first. */
export function vppReleases(): Release[] {
  const { pool, releases } = packed.parse(JSON.parse(gunzipSync(readFileSync(FIXTURE)).toString()));
  const moduleAt = (place: number): unknown => {
    const module = places.parse(pool[place]);
    const lists = KINDS.map((kind) => [
      kind,
      z
        .array(z.number())
        .parse(module[kind])
        .map((i) => pool[i]),
    ]);
    return { ...module, ...Object.fromEntries(lists) };
  };
  return Object.entries(releases).map(([name, modules]) => ({
    name: name.replace(/^v/, ''),
    modules: modules.map(moduleAt),
  }));
}

/** What `pack` writes is what `vppReleases` reads. Comments are left out. */
export function packReleases(releases: readonly Release[]): string {
  const pool: unknown[] = [];
  const placeOf = new Map<string, number>();
  const put = (value: unknown): number => {
    const text = JSON.stringify(value);
    const known = placeOf.get(text);
    if (known !== undefined) return known;
    placeOf.set(text, pool.length);
    return pool.push(value) - 1;
  };
  const module = z.looseObject(
    Object.fromEntries(KINDS.map((kind) => [kind, z.array(z.array(z.unknown()))])),
  );
  const packModule = (json: unknown): number => {
    const parsed = module.parse(json);
    const lists = KINDS.map((kind) => {
      const definitions = z.array(z.array(z.unknown())).parse(parsed[kind]);
      return [kind, definitions.map((item) => put(withoutComment(item)))] as const;
    });
    return put({ ...parsed, ...Object.fromEntries(lists) });
  };
  const packedReleases = releases.map(
    ({ name, modules }) => [`v${name}`, modules.map(packModule)] as const,
  );
  return JSON.stringify({ pool, releases: Object.fromEntries(packedReleases) });
}

function withoutComment(definition: readonly unknown[]): unknown[] {
  const kept = definition.map((part) => {
    const properties = z.record(z.string(), z.unknown()).safeParse(part);
    if (!properties.success) return part;
    return Object.fromEntries(Object.entries(properties.data).filter(([key]) => key !== 'comment'));
  });
  const last = kept.at(-1);
  const empty = typeof last === 'object' && last !== null && Object.keys(last).length === 0;
  return empty && !Array.isArray(last) ? kept.slice(0, -1) : kept;
}
