import type { Labels } from '../prometheus/metric-sample.ts';
import { histogramRules, labelOf, outcomeOfStatus, type ServingAdapter } from './serving-adapter.ts';

const PROBES = new Set(['/healthz', '/livez', '/readyz', '/metrics']);

/** Reads BentoML under its default prefix. @see bentoml docs/source/build-with-bentoml/observability/metrics.rst */
export const bentoml: ServingAdapter = {
  runtime: 'bentoml',
  title: 'BentoML',
  note: 'Under the default prefix `bentoml_`; health checks are left out.',
  rules: [
    {
      name: 'bentoml_service_request_total',
      measure: 'requests',
      keep: noProbe,
      outcome: (labels) => outcomeOfStatus(labelOf(labels, 'http_response_code')),
    },
    ...histogramRules('bentoml_service_request_duration_seconds', 'latency', { keep: noProbe }),
    { name: 'bentoml_service_request_in_progress', measure: 'in_flight', keep: noProbe },
    { name: 'bentoml_service_adaptive_batch_size_sum', measure: 'batch_sum' },
    { name: 'bentoml_service_adaptive_batch_size_count', measure: 'batch_count' },
  ],
  subject: (labels) => ({
    model: labelOf(labels, 'service_name'),
    version: labelOf(labels, 'service_version'),
    part: '',
  }),
};

function noProbe(labels: Labels): boolean {
  return !PROBES.has(labels['endpoint'] ?? '');
}
