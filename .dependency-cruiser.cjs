// The layer table: which folder of src may import which. A folder missing here may import nothing of ours.
const MAY_IMPORT = {
  core: [],
  signals: ['core'],
  stats: ['core'],
  telemetry: ['core'],
  store: ['core', 'stats', 'signals', 'telemetry'],
  collectors: ['core', 'store', 'telemetry'],
  analysis: ['core', 'stats', 'signals', 'store', 'telemetry'],
  alerting: ['core', 'signals', 'store', 'telemetry'],
  notify: ['core', 'store', 'telemetry'],
  grafana: ['core', 'signals'],
  api: ['core', 'signals', 'stats', 'telemetry', 'store', 'collectors', 'analysis', 'alerting', 'notify', 'grafana'],
};

const layers = Object.entries(MAY_IMPORT).map(([folder, allowed]) => ({
  name: `layer-${folder}`,
  comment: `src/${folder} may import only: ${[folder, ...allowed].join(', ')}`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^(src|dashboards|test|scripts)/', pathNot: [folder, ...allowed].map((name) => `^src/${name}/`) },
}));

module.exports = {
  forbidden: [
    ...layers,
    {
      name: 'dashboards-layer',
      severity: 'error',
      from: { path: '^dashboards/' },
      to: { path: '^(src|test|scripts)/', pathNot: ['^src/core/', '^src/signals/', '^src/grafana/'] },
    },
    { name: 'no-circular', severity: 'error', from: { path: '^(src|dashboards)/' }, to: { circular: true } },
    { name: 'no-test-in-product', severity: 'error', from: { path: '^(src|dashboards)/' }, to: { path: '^test/' } },
    {
      name: 'driver-only-in-store',
      comment: 'The ClickHouse driver and the engine belong to src/store.',
      severity: 'error',
      from: { path: '^(src|dashboards)/', pathNot: '^src/store/' },
      to: { path: 'node_modules/(@clickhouse|chdb|@chdb|ffi-rs)/' },
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
