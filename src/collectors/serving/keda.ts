import type { Labels } from '../prometheus/metric-sample.ts';
import { kserveSubject } from './kserve-name.ts';
import { labelOf, type ServingAdapter } from './serving-adapter.ts';

/** Scalers whose value is a number of waiting messages; others may tell anything. */
const QUEUES = /kafka|rabbitmq|sqs|pubsub|queue|redis|nats|pulsar|activemq|artemis|servicebus/i;

/** Reads KEDA and the horizontal autoscalers that kube-state-metrics shows. @see keda pkg/metricscollector/prommetrics.go */
export const keda: ServingAdapter = {
  runtime: 'keda',
  title: 'KEDA and HPA',
  note: 'Queue depth of queue scalers, scaler errors, wanted and actual replicas; the model is that of a KServe predictor, or configured.',
  rules: [
    {
      name: 'keda_scaler_metrics_value',
      measure: 'queue_depth',
      keep: (labels) => QUEUES.test(`${labels['scaler'] ?? ''} ${labels['metric'] ?? ''}`),
    },
    { name: 'keda_scaler_detail_errors_total', measure: 'scaler_errors' },
    { name: 'kube_horizontalpodautoscaler_status_current_replicas', measure: 'replicas' },
    { name: 'kube_horizontalpodautoscaler_status_desired_replicas', measure: 'desired_replicas' },
  ],
  subject: (labels) => kserveSubject(scaledObject(labels)),
};

/** KEDA names the autoscaler that it makes `keda-hpa-<scaled object>`. */
function scaledObject(labels: Labels): string {
  return labelOf(labels, 'scaledObject', 'horizontalpodautoscaler').replace(/^keda-hpa-/, '');
}
