/** docs/api.md against the protocol and the code, in both directions. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import type { Resource, ResourceKind } from '../../../src/model/api.js';
import { fieldsOf } from '../../../src/model/filter-fields.js';
import type { FieldValue } from '../../../src/model/filter.js';
import { FILTER_FIELDS, resourceFilter } from '../../../src/model/resource-filter.js';
import { ENDPOINT as ENDPOINT_WIRE } from '../../../src/rpc/convert/endpoint.js';
import { HOST_PROFILE as HOST_PROFILE_WIRE } from '../../../src/rpc/convert/host-profile.js';
import { NVE as NVE_WIRE } from '../../../src/rpc/convert/nve.js';
import { ROUTER as ROUTER_WIRE } from '../../../src/rpc/convert/router.js';
import { SUBNET as SUBNET_WIRE } from '../../../src/rpc/convert/subnet.js';
import { VIRTUAL_NETWORK as NETWORK_WIRE } from '../../../src/rpc/convert/virtual-network.js';
import { codes, fences, Markdown } from '../../support/markdown.js';
import {
  ENDPOINT,
  FAILED_ENDPOINT,
  HOST_PROFILE,
  FROZEN_NETWORK,
  NVE,
  PROVIDER_NETWORK,
  ROUTER,
  SUBNET,
} from '../../support/samples.js';
import { VPP_PORTS } from '../../support/vpp-port-samples.js';

const read = (path: string): string => readFileSync(path, 'utf8');
const text = read('docs/api.md');
const document = Markdown.read('docs/api.md');
const service = read('proto/nfv/v1/nva_service.proto');

const KINDS: readonly ResourceKind[] = [
  'VirtualNetwork',
  'Nve',
  'Endpoint',
  'Subnet',
  'Router',
  'HostProfile',
];

describe('docs/api.md', () => {
  it('has every method, and no other', () => {
    const methods = [...service.matchAll(/^ {2}rpc (\w+)\(/gm)].map(([, name]) => name);
    assert.deepEqual(
      document.table('Methods').map(([cell]) => codes(cell)[0]),
      methods,
    );
  });

  it('has every event of Watch', () => {
    const types = [...service.matchAll(/^ {4}(TYPE_\w+) = [1-9]/gm)].map(([, name]) => name);
    assert.deepEqual(
      document.table('Watch').map(([cell]) => codes(cell)[0]),
      types,
    );
  });

  it('quotes its example as it is', () => {
    const example = read('examples/api-client.mjs');
    const quotes = fences(text, 'js');
    assert.ok(quotes.length >= 5);
    for (const quote of quotes) assert.ok(example.includes(quote), quote);
  });

  it('has the grammar of filters as the parser has it', () => {
    const [comment = ''] =
      /^ \* {5}filter {6}=[^]*?(?=^ \*\/)/m.exec(read('src/model/filter.ts')) ?? [];
    assert.deepEqual(fences(document.section('Filters'), 'text'), [
      comment.replace(/^ \* {5}/gm, ''),
    ]);
  });

  it('has filters that are some', () => {
    const filters = document.table('Filters').map(([cell]) => codes(cell)[0] ?? '');
    assert.ok(filters.length > 5);
    for (const filter of filters) assert.doesNotThrow(() => resourceFilter(filter, KINDS), filter);
  });
});

describe('docs/api.md, fields', () => {
  const samples: Record<ResourceKind, readonly Resource[]> = {
    VirtualNetwork: [{ ...PROVIDER_NETWORK, duplicates: FROZEN_NETWORK.duplicates }],
    Nve: [NVE],
    HostProfile: [HOST_PROFILE],
    Endpoint: [
      ENDPOINT,
      FAILED_ENDPOINT,
      {
        ...ENDPOINT,
        spec: { ...ENDPOINT.spec, port: { kind: 'host_interface', interface: 'eth5' } },
      },
      ...VPP_PORTS.map((port) => ({ ...ENDPOINT, spec: { ...ENDPOINT.spec, port } })),
    ],
    Subnet: [SUBNET],
    // All of its routes have next hops.
    Router: [{ ...ROUTER, spec: { ...ROUTER.spec, routes: ROUTER.spec.routes.slice(0, 1) } }],
  };
  const protos = {
    VirtualNetwork: 'virtual_network',
    Nve: 'nve',
    Endpoint: 'endpoint',
    Subnet: 'subnet',
    Router: 'router',
    HostProfile: 'host_profile',
  } as const;
  const client: Record<ResourceKind, readonly string[]> = {
    VirtualNetwork: Object.keys(NETWORK_WIRE.fields),
    Nve: Object.keys(NVE_WIRE.fields),
    Endpoint: Object.keys(ENDPOINT_WIRE.fields),
    Subnet: Object.keys(SUBNET_WIRE.fields),
    Router: Object.keys(ROUTER_WIRE.fields),
    HostProfile: Object.keys(HOST_PROFILE_WIRE.fields),
  };

  /** The field as the protocol declares it, with its options. */
  function declaration(kind: ResourceKind, field: string): string {
    const proto = read(`proto/nfv/v1/${protos[kind]}.proto`);
    const message = proto.slice(proto.indexOf(`message ${kind} {`)).split('\n}')[0] ?? '';
    const [found = ''] = new RegExp(` ${field} = \\d+[^;]*;`).exec(message) ?? [];
    assert.notEqual(found, '', field);
    return found;
  }

  function setBy(kind: ResourceKind, field: string): string {
    const [top = ''] = field.split('.');
    const declared = declaration(kind, top);
    if (declared.includes('IDENTIFIER')) return 'client, fixed';
    if (!client[kind].includes(top)) return 'NVA';
    return declared.includes('IMMUTABLE') ? 'client, fixed' : 'client';
  }

  for (const kind of KINDS) {
    const rows = document.table(kind).map(([name, ...rest]) => ({
      name: codes(name)[0] ?? '',
      rest,
    }));

    it(`has every field of ${kind}, and no other`, () => {
      const shown = new Set(samples[kind].flatMap((sample) => leaves(fieldsOf(sample), '')));
      assert.deepEqual(rows.map(({ name }) => name).sort(), [...shown].sort());
    });

    it(`has what filters on ${kind} know of each field, and who sets it`, () => {
      const known = Object.entries(FILTER_FIELDS[kind]).map(([name, { rule, comparators }]) => ({
        name,
        rest: [valuesOf(rule), comparators.includes('<') ? 'yes' : 'no', setBy(kind, name)],
      }));
      assert.deepEqual(rows, known);
    });
  }

  function valuesOf(rule: string): string {
    const [, names] = /^one of (.*)$/.exec(rule) ?? [];
    if (names !== undefined)
      return names
        .split(', ')
        .map((name) => `\`${name}\``)
        .join(', ');
    if (rule.startsWith('"')) return rule.replaceAll('"', '`');
    return rule
      .replace(/^an? /, '')
      .replace(/, e\.g\. .*/, '')
      .replace('IP address', 'IP');
  }
});

describe('links of docs/api.md and docs/nfvctl.md', () => {
  for (const page of ['docs/api.md', 'docs/nfvctl.md']) {
    it(`${page} leads to what exists`, () => {
      const links = [...read(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)];
      assert.ok(links.length > 5);
      for (const [link, path = '', anchor] of links) {
        const target = path === '' ? page : `docs/${path}`;
        assert.ok(existsSync(target), link);
        if (anchor !== undefined) assert.ok(anchorsOf(target).includes(anchor), link);
      }
    });
  }

  it('the remedy for a bad filter leads to what exists', () => {
    assert.ok(anchorsOf('docs/api.md').includes('filters'));
  });

  /** As GitHub makes them. */
  function anchorsOf(page: string): string[] {
    return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    );
  }
});

function leaves(value: FieldValue, path: string): string[] {
  if (path === 'labels' || path === 'nve_labels' || typeof value !== 'object') return [path];
  if (Array.isArray(value)) {
    const inner = value.flatMap((element: FieldValue) => leaves(element, path));
    return inner.length === 0 ? [path] : inner;
  }
  return Object.entries(value).flatMap(([name, inner]: [string, FieldValue]) =>
    leaves(inner, path === '' ? name : `${path}.${name}`),
  );
}
