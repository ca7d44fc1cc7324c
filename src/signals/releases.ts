import { defineSignals, type SignalDefinition } from './signal-definition.ts';

/** What is new in a model, and how its older versions do in the same minutes. */
export const releaseSignals: readonly SignalDefinition[] = defineSignals('service', [
  {
    name: 'deploy_age_seconds',
    unit: 'seconds',
    scope: ['model'],
    help: 'Time since the last deploy or rollout event of the model, for seven days.',
    direction: 'neutral',
    combine: 'last',
  },
  {
    name: 'version_age_seconds',
    unit: 'seconds',
    scope: ['version'],
    help: 'Time since the first prediction of the version, for seven days.',
    direction: 'neutral',
    combine: 'last',
  },
  {
    name: 'older_versions_latency_p99_seconds',
    unit: 'seconds',
    scope: ['version'],
    help: 'Latency of the versions first seen before this one, 99th percentile of the last five minutes.',
    direction: 'neutral',
    combine: 'avg',
  },
  {
    name: 'older_versions_error_ratio',
    unit: 'ratio',
    scope: ['version'],
    help: 'Share of errors of the versions first seen before this one, over the last five minutes.',
    direction: 'neutral',
    combine: 'avg',
    bounded: true,
  },
]);
