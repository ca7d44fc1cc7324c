import { kserveSubject } from './kserve-name.ts';
import {
  histogramRules,
  labelOf,
  outcomeOfStatus,
  type SeriesRule,
  type ServingAdapter,
  type ServingSubject,
} from './serving-adapter.ts';
import type { Labels } from '../prometheus/metric-sample.ts';

/** OpenCensus, before Knative 1.19: latencies in milliseconds, identity in labels of every series. */
const FIRST_ERA: readonly SeriesRule[] = [
  {
    name: 'revision_request_count',
    measure: 'requests',
    outcome: (labels) => outcomeOfStatus(labelOf(labels, 'response_code_class', 'response_code')),
  },
  ...histogramRules('revision_request_latencies', 'latency', { scale: 1e-3 }),
  { name: 'revision_queue_depth', measure: 'queue_depth' },
  { name: 'autoscaler_desired_pods', measure: 'desired_replicas' },
  { name: 'autoscaler_actual_pods', measure: 'replicas' },
];

/** OpenTelemetry, since Knative 1.19: seconds; identity on `target_info`. */
const SECOND_ERA: readonly SeriesRule[] = [
  {
    name: 'kn_serving_invocation_duration_seconds_count',
    measure: 'requests',
    outcome: (labels) => outcomeOfStatus(labelOf(labels, 'http_response_status_code')),
  },
  ...histogramRules('kn_serving_invocation_duration_seconds', 'latency'),
  { name: 'kn_serving_queue_depth', measure: 'queue_depth' },
  { name: 'kn_revision_pods_count', measure: 'replicas' },
];

/** Reads Knative's queue-proxy and autoscaler. @see knative/serving pkg/queue/request_metric.go, docs serving-metrics.md */
export const knative: ServingAdapter = {
  runtime: 'knative',
  title: 'Knative queue-proxy and autoscaler',
  note: 'Both eras: `revision_*` in milliseconds before 1.19, `kn_*` in seconds with identity on `target_info` since.',
  rules: [...FIRST_ERA, ...SECOND_ERA],
  subject,
};

function subject(labels: Labels): ServingSubject {
  const revision = labelOf(labels, 'revision_name', 'kn_revision_name');
  const byRevision = kserveSubject(revision);
  if (byRevision.model !== '') return byRevision;
  const service = labelOf(labels, 'kn_service_name', 'configuration_name', 'kn_configuration_name');
  const byService = kserveSubject(service);
  const number = /-(\d{5})$/.exec(revision)?.[1] ?? '';
  return { model: byService.model === '' ? service : byService.model, version: number, part: '' };
}
