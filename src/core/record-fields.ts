/** The names of the contract's records, by kind; a prediction's other columns in a table are its features. */
export const RECORD_FIELDS = {
  predictions: [
    'prediction_id',
    'ts',
    'model',
    'version',
    'prediction',
    'score',
    'scores',
    'latency_ms',
    'status',
    'segment',
    'segments',
    'trace_id',
    'pod',
    'node',
    'features',
  ],
  labels: ['prediction_id', 'model', 'label', 'label_ts', 'ts'],
  business: ['ts', 'metric', 'value', 'model', 'labels'],
  events: ['ts', 'kind', 'title', 'model', 'version', 'url', 'labels'],
} as const;

/** Names a record's time may have in a table; the first one present counts. */
export const TIME_NAMES = ['ts', 'timestamp', 'time'] as const;
