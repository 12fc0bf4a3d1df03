import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NfvError } from '../../../../src/errors.js';
import {
  parseFdb,
  parseNeighborLine,
  parseNeighbors,
  parseRoute,
  type FdbEntry,
} from '../../../../src/dataplane/linux/entries.js';
import { fixture, jsonFixture } from '../../../support/fixtures.js';

const entry = (mac: string, device: string, more: Partial<FdbEntry>): FdbEntry => ({
  mac,
  device,
  self: false,
  dst: '',
  extern: false,
  fixed: false,
  odd: false,
  ...more,
});

for (const version of ['5.15.0', '6.1.0', '7.1.0']) {
  describe(`entries of iproute2 ${version}`, () => {
    const read = (name: string): unknown => jsonFixture(`iproute2/${version}/${name}.json`);

    it('are FDB entries of all kinds', () => {
      const found = parseFdb(read('fdb')).filter(
        ({ mac }) => mac.startsWith('02:00') || mac.startsWith('00'),
      );
      const sorted = (entries: FdbEntry[]): FdbEntry[] =>
        entries.sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
      const flood = { self: true, extern: true, fixed: true };
      assert.deepEqual(
        sorted(found),
        sorted([
          entry('02:00:00:00:00:01', 'nfvp0123456789', { extern: true }),
          entry('02:00:00:00:00:02', 'nfvx7', { extern: true }),
          entry('02:00:00:00:00:02', 'nfvx7', {
            self: true,
            dst: '10.1.0.2',
            extern: true,
            fixed: true,
          }),
          entry('02:00:00:00:00:03', 'nfvx7', {
            self: true,
            dst: '10.1.0.4',
            fixed: true,
            odd: true,
          }),
          entry('02:00:00:00:00:04', 'nfvp0123456789', { fixed: true }),
          entry('00:00:00:00:00:00', 'nfvx7', { ...flood, dst: '10.1.0.2' }),
          entry('00:00:00:00:00:00', 'nfvx7', { ...flood, dst: '10.1.0.3' }),
          entry('00:00:00:00:00:00', 'group6', {
            self: true,
            dst: 'ff05::8',
            fixed: true,
            odd: true,
          }),
        ]),
      );
    });

    it('of one device have the name that was asked for', () => {
      const found = parseFdb(read('fdb-dev'), 'nfvx7').filter(({ dst }) => dst === '10.1.0.3');
      assert.deepEqual(
        found.map(({ device, self }) => [device, self]),
        [['nfvx7', true]],
      );
    });

    it('are got one by one', () => {
      assert.deepEqual(parseFdb(read('fdb-get-self')), [
        entry('02:00:00:00:00:02', 'nfvx7', {
          self: true,
          dst: '10.1.0.2',
          extern: true,
          fixed: true,
        }),
      ]);
      assert.deepEqual(parseFdb(read('fdb-get-br')), [
        entry('02:00:00:00:00:02', 'nfvx7', { extern: true }),
      ]);
    });

    it('are neighbours, IPv6 ones as the model writes them', () => {
      const found = parseNeighbors(read('neighbors')).filter(({ device }) => device === 'nfvb7');
      const neighbor = (ip: string, n: number, extern: boolean, fixed: boolean): unknown => ({
        ip,
        mac: `02:00:00:00:00:0${n}`,
        device: 'nfvb7',
        extern,
        fixed,
      });
      const unicast = found.filter(({ ip }) => !/^(22|ff)/.test(ip));
      assert.deepEqual(
        unicast.sort((a, b) => a.ip.localeCompare(b.ip)),
        [
          neighbor('::1:2', 2, true, true),
          neighbor('192.168.7.2', 2, true, true),
          neighbor('192.168.7.3', 3, false, false),
          neighbor('192.168.7.4', 4, false, true),
          neighbor('fd00:7::2', 2, true, true),
        ],
      );
    });

    it('are neighbours got one by one, JSON or not', () => {
      for (const [name, ip] of [
        ['neigh-get', '192.168.7.2'],
        ['neigh-get-6', '::1:2'],
      ] as const) {
        assert.deepEqual(parseNeighborLine(fixture(`iproute2/${version}/${name}.txt`)), {
          ip,
          mac: '02:00:00:00:00:02',
          device: 'nfvb7',
          extern: true,
          fixed: true,
        });
      }
    });

    it('are routes', () => {
      assert.deepEqual(parseRoute(read('route-get')), { type: 'unicast', device: 'u0' });
      assert.deepEqual(parseRoute(read('route-get-6')), { type: 'unicast', device: 'u0' });
      assert.deepEqual(parseRoute(read('route-get-local')), { type: 'local', device: 'lo' });
    });
  });
}

describe('entries', () => {
  it('of any JSON are entries or an error', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (answer) => {
        for (const parse of [parseFdb, parseNeighbors, parseRoute]) {
          try {
            parse(answer);
            parse([answer]);
          } catch (error) {
            assert.ok(error instanceof NfvError);
          }
        }
      }),
    );
  });

  it('of any line are a neighbour or an error', () => {
    fc.assert(
      fc.property(fc.string(), (line) => {
        for (const text of [line, `[${line}`, `192.0.2.1 dev ${line}`]) {
          try {
            parseNeighborLine(text);
          } catch (error) {
            assert.ok(error instanceof NfvError, String(error));
          }
        }
      }),
    );
  });

  it('lead nowhere when there is no answer', () => {
    assert.equal(parseRoute([]), undefined);
    assert.equal(parseRoute([{ type: 'blackhole', dst: '10.0.0.1' }]), undefined);
  });
});
