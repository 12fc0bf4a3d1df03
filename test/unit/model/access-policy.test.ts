import assert from 'node:assert/strict';
import { NfvError } from '../../../src/errors.js';
import {
  callerOf,
  grantsOf,
  isReplica,
  maySpeakFor,
  parseAccessPolicy,
} from '../../../src/model/access-policy.js';
import type { Identity } from '../../../src/model/identity.js';

const POLICY = parseAccessPolicy(
  [
    'trustDomain: nfv.example',
    'bindings:',
    '  - { users: [root], role: admin }',
    '  - { users: [ops, both], role: operator }',
    '  - { users: [alice, both], role: tenant, tenants: [blue] }',
    '  - { users: [bob], role: tenant, tenants: [blue, red], ports: [veth] }',
    '  - { users: [eve], role: viewer, tenants: [red] }',
  ].join('\n'),
  'policy.yaml',
);

const LOCAL: Identity = { kind: 'local' };
const NVA: Identity = { kind: 'nva' };
const HOST_A: Identity = { kind: 'nve', id: 'host-a' };
const UNNAMED: Identity = { kind: 'unnamed', subject: 'web' };
const GONE: Identity = { kind: 'gone' };
const user = (name: string): Identity => ({ kind: 'user', name });

const ALL = [{ role: 'admin', tenants: undefined, ports: undefined }];

describe('the access policy', () => {
  const grants: readonly (readonly [string, Identity, readonly object[]])[] = [
    ['this host', LOCAL, ALL],
    ['an NVA', NVA, []],
    ['an NVE', HOST_A, []],
    ['a certificate without an identity', UNNAMED, []],
    ['a connection that has ended', GONE, []],
    ['an admin', user('root'), ALL],
    ['an operator', user('ops'), [{ role: 'operator', tenants: undefined, ports: undefined }]],
    [
      'a tenant, whose ports are those that only its guests are behind',
      user('alice'),
      [
        {
          ...{ role: 'tenant', tenants: new Set(['blue']) },
          ports: new Set(['vhost_user', 'memif', 'tap']),
        },
      ],
    ],
    [
      'a tenant with other ports',
      user('bob'),
      [{ role: 'tenant', tenants: new Set(['blue', 'red']), ports: new Set(['veth']) }],
    ],
    ['a viewer', user('eve'), [{ role: 'viewer', tenants: new Set(['red']), ports: undefined }]],
    ['a user whom it does not name', user('mallory'), []],
    ['a name that differs in case', user('Root'), []],
    ['a name of an object of JavaScript', user('constructor'), []],
  ];
  for (const [who, identity, expected] of grants) {
    it(`gives ${who} its rights`, () => {
      assert.deepEqual(grantsOf(POLICY, identity), expected);
    });
  }

  it('gives somebody of two bindings the rights of both', () => {
    const roles = callerOf(POLICY, user('both')).grants.map(({ role }) => role);
    assert.deepEqual(roles, ['operator', 'tenant']);
    assert.equal(callerOf(POLICY, user('both')).who, 'user/both');
  });

  const withoutPolicy: readonly (readonly [Identity, readonly object[]])[] = [
    [LOCAL, ALL],
    [NVA, []],
    [user('anybody'), ALL],
    [UNNAMED, ALL],
    [HOST_A, []],
    [GONE, []],
  ];
  for (const [identity, expected] of withoutPolicy) {
    it(`gives ${identity.kind} its rights where there is no policy`, () => {
      assert.deepEqual(grantsOf(undefined, identity), expected);
    });
  }

  const speakers: readonly (readonly [Identity, boolean, boolean])[] = [
    [LOCAL, true, true],
    [HOST_A, true, true],
    [{ kind: 'nve', id: 'host-b' }, false, false],
    [UNNAMED, false, true],
    [NVA, false, false],
    [user('root'), false, false],
    [GONE, false, false],
  ];
  for (const [identity, withPolicy, without] of speakers) {
    it(`lets ${JSON.stringify(identity)} speak for host-a or not`, () => {
      assert.equal(maySpeakFor(POLICY, identity, 'host-a'), withPolicy);
      assert.equal(maySpeakFor(undefined, identity, 'host-a'), without);
    });
  }

  const replicas: readonly (readonly [Identity, boolean])[] = [
    [LOCAL, true],
    [NVA, true],
    [HOST_A, false],
    [UNNAMED, false],
    [GONE, false],
    [user('root'), false],
    [{ kind: 'revoked', who: 'nva' }, false],
  ];
  for (const [identity, may] of replicas) {
    it(`lets ${JSON.stringify(identity)} ask as a replica or not`, () => {
      assert.equal(isReplica(identity), may);
    });
  }

  it('may be empty: then no certificate has a right', () => {
    const policy = parseAccessPolicy('{}', 'policy.yaml');
    assert.deepEqual(grantsOf(policy, user('root')), []);
    assert.deepEqual(grantsOf(policy, LOCAL), ALL);
  });

  const bad: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['a list', ['- a'], ['1:1']],
    [
      'unknown keys and roles',
      ['trustDomain: NFV', 'bindings:', '  - { users: [a], role: god, group: x }', 'more: 1'],
      ['1:14: trustDomain', '3:25: bindings[0].role', '3:30: bindings[0].group', '4:1: more'],
    ],
    [
      'wrong users, tenants and ports',
      [
        'bindings:',
        '  - users: []',
        '    role: viewer',
        '  - users: ["al ice", -a]',
        '    role: tenant',
        '    tenants: [Blue]',
        '    ports: [wire]',
      ],
      [
        '2:12: bindings[0].users',
        '4:13: bindings[1].users[0]',
        '4:23: bindings[1].users[1]',
        '6:15: bindings[1].tenants[0]',
        '7:13: bindings[1].ports[0]',
      ],
    ],
    [
      'an admin of one tenant',
      ['bindings:', '  - { users: [a], role: admin, tenants: [blue] }'],
      ['2:41: bindings[0].tenants'],
    ],
    [
      'a tenant of none',
      ['bindings:', '  - { users: [a], role: tenant }'],
      ['2:5: bindings[0].tenants'],
    ],
    [
      'no tenants at all, which is not the same as all',
      ['bindings:', '  - { users: [a], role: viewer, tenants: [] }'],
      ['2:42: bindings[0].tenants'],
    ],
  ];
  for (const [title, lines, faults] of bad) {
    it(`refuses ${title}, with every fault and its line`, () => {
      assert.throws(
        () => parseAccessPolicy(lines.join('\n'), 'policy.yaml'),
        (error: unknown) => {
          assert.ok(error instanceof NfvError);
          assert.equal(error.code, 'CONFIG_INVALID');
          for (const fault of faults) {
            assert.ok(error.message.includes(`policy.yaml:${fault}`), error.message);
          }
          assert.equal(error.message.split('policy.yaml:').length - 1, faults.length);
          return true;
        },
      );
    });
  }
});
