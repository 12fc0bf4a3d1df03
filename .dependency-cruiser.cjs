/**
 * The import table of docs/architecture.md, enforced. `ROOMS` is the table itself:
 * a room may import itself and the rooms listed, nothing else inside src.
 */
const ROOMS = {
  'errors\\.ts': [],
  model: ['errors\\.ts'],
  'vpp-api': ['errors\\.ts', 'statemachine'],
  host: ['errors\\.ts'],
  x509: ['errors\\.ts'],
  pki: ['errors\\.ts', 'model', 'host', 'x509'],
  dpdk: ['errors\\.ts', 'model', 'host'],
  sriov: ['errors\\.ts', 'model', 'host', 'dpdk'],
  statemachine: ['errors\\.ts', 'model'],
  reconcile: ['errors\\.ts', 'model'],
  'dataplane/vpp': ['errors\\.ts', 'model', 'reconcile', 'vpp-api'],
  'dataplane/linux': ['errors\\.ts', 'model', 'reconcile', 'host'],
  store: ['errors\\.ts'],
  // Over gRPC, which is rpc's.
  'store/etcd': ['errors\\.ts', 'store', 'rpc'],
  rpc: ['errors\\.ts', 'model', 'x509'],
  nva: ['errors\\.ts', 'model', 'store', 'rpc', 'statemachine'],
  conformance: ['errors\\.ts', 'model', 'rpc'],
  cli: ['errors\\.ts', 'model', 'rpc'],
  // It implements what the rooms of the daemons want told: see `telemetry-takes-types-only`.
  telemetry: ['errors\\.ts', 'model', 'rpc', 'store', 'nva', 'nve'],
};

/** A room in a room, with a row of its own. */
const INNER = { store: 'store/etcd' };

const room = (name) => (name.endsWith('.ts') ? `^src/${name}$` : `^src/${name}/`);

const table = Object.entries(ROOMS).map(([name, allowed]) => ({
  name: `room-${name.replace('\\.ts', '')}`,
  comment: `src/${name} may import only: ${allowed.join(', ') || 'nothing'}`,
  severity: 'error',
  from: { path: room(name), ...(INNER[name] && { pathNot: room(INNER[name]) }) },
  to: {
    path: '^src/',
    pathNot: [room(name), ...allowed.map((a) => (/\/[^/]+$/.test(a) ? `^src/${a}` : room(a)))],
  },
}));

module.exports = {
  forbidden: [
    ...table,
    {
      name: 'room-nve',
      comment: 'src/nve may import everything but nva, cli and main',
      severity: 'error',
      from: { path: '^src/nve/' },
      to: { path: '^src/(nva|cli|main)/' },
    },
    {
      name: 'main-is-the-roof',
      comment: 'programs are composed only in src/main, and nothing imports it',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/main/' },
      to: { path: '^src/main/' },
    },
    {
      name: 'grpc-only-in-rpc',
      comment: 'rpc is the only room that imports @grpc',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/rpc/' },
      to: { path: '(^|/)node_modules/(@grpc|grpc-health-check)/' },
    },
    {
      name: 'lmdb-only-in-store',
      comment: 'the embedded store is reached through the store interface',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/store/' },
      to: { path: '(^|/)node_modules/lmdb/' },
    },
    {
      name: 'metrics-only-in-telemetry',
      comment: 'rooms tell what happens to an interface of their own, which telemetry implements',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/telemetry/' },
      to: { path: '(^|/)node_modules/(prom-client|@opentelemetry)/' },
    },
    {
      name: 'telemetry-takes-types-only',
      comment: 'an agent with metrics loads nothing of the NVA, nor an NVA of the agent',
      severity: 'error',
      from: { path: '^src/telemetry/' },
      to: { path: '^src/(store|nva|nve)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'model-is-pure',
      comment: 'model, statemachine and reconcile do no I/O',
      severity: 'error',
      from: { path: '^src/(model|statemachine|reconcile)/' },
      to: {
        dependencyTypes: ['core'],
        pathNot: '^(node:)?(crypto|net|util|assert)$',
      },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'not-to-dev-dependency',
      comment: 'what ships may not import what does not',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'no-orphans',
      comment: 'a file that nothing imports and that imports nothing is dead',
      severity: 'error',
      from: { path: '^src/', orphan: true, pathNot: ['^src/main/'] },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^src/rpc/gen/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
