import type { Labels } from '../prometheus/metric-sample.ts';
import { kserveSubject } from './kserve-name.ts';
import { histogramRules, labelOf, outcomeOfStatus, type ServingAdapter } from './serving-adapter.ts';

/** Envoy's flags of requests that never reached the destination: only the source reports those. */
const NEVER_ARRIVED = /\b(UH|UF|UO|NR|NC)\b/;
const UNKNOWN = new Set(['unknown', 'latest']);

/** Reads Istio's standard metrics. @see istio.io content/en/docs/reference/config/metrics */
export const istio: ServingAdapter = {
  runtime: 'istio',
  title: 'Istio',
  note: 'The destination proxy counts; of the source only requests that never arrived. The model is that of a KServe predictor, or configured.',
  rules: [
    { name: 'istio_requests_total', measure: 'requests', keep: countsOnce, outcome },
    ...histogramRules('istio_request_duration_milliseconds', 'latency', { scale: 1e-3, keep: atDestination }),
  ],
  subject: (labels) => {
    const { model, version } = kserveSubject(labelOf(labels, 'destination_workload'));
    const revision = labelOf(labels, 'destination_canonical_revision', 'destination_version');
    return { model, version: version === '' && !UNKNOWN.has(revision) ? revision : version, part: '' };
  },
};

function atDestination(labels: Labels): boolean {
  return labels['reporter'] === 'destination';
}

function countsOnce(labels: Labels): boolean {
  return atDestination(labels) || NEVER_ARRIVED.test(labels['response_flags'] ?? '');
}

function outcome(labels: Labels): 'ok' | 'error' {
  const code = labels['response_code'] ?? '';
  // Code 0: the connection ended before an answer.
  if (code === '0' || outcomeOfStatus(code) === 'error') return 'error';
  const grpc = labels['grpc_response_status'] ?? '';
  return /^(2|4|8|12|13|14|15)$/.test(grpc) ? 'error' : 'ok';
}
