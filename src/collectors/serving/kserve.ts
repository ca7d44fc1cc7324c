import { histogramRules, labelOf, type ServingAdapter } from './serving-adapter.ts';

/** Reads the Python model servers of KServe. @see kserve python/kserve/kserve/metrics.py */
export const kserve: ServingAdapter = {
  runtime: 'kserve',
  title: 'KServe model servers',
  note: 'Time in the predictor and its requests; errors come from the queue-proxy or the mesh.',
  rules: [
    { name: 'request_predict_seconds_count', measure: 'requests' },
    ...histogramRules('request_predict_seconds', 'latency'),
  ],
  subject: (labels) => ({ model: labelOf(labels, 'model_name'), version: '', part: '' }),
};
