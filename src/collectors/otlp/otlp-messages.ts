import { Root, type Type } from 'protobufjs/light.js';

export interface OtlpMessages {
  readonly logsRequest: Type;
  readonly metricsRequest: Type;
  readonly logsResponse: Type;
  readonly metricsResponse: Type;
  readonly status: Type;
}

/**
 * Builds the part of the OTLP messages that is read here; other fields are skipped.
 *
 * @see https://github.com/open-telemetry/opentelemetry-proto, version 1
 */
export function otlpMessages(): OtlpMessages {
  const root = Root.fromJSON({ nested: DESCRIPTOR });
  return {
    logsRequest: root.lookupType('ExportLogsServiceRequest'),
    metricsRequest: root.lookupType('ExportMetricsServiceRequest'),
    logsResponse: root.lookupType('ExportLogsServiceResponse'),
    metricsResponse: root.lookupType('ExportMetricsServiceResponse'),
    status: root.lookupType('Status'),
  };
}

const many = (type: string, id: number) => ({ rule: 'repeated', type, id });
const one = (type: string, id: number) => ({ type, id });

const POINT_COMMON = { startTimeUnixNano: one('fixed64', 2), timeUnixNano: one('fixed64', 3) };

const DESCRIPTOR = {
  AnyValue: {
    oneofs: {
      value: {
        oneof: ['stringValue', 'boolValue', 'intValue', 'doubleValue', 'arrayValue', 'kvlistValue', 'bytesValue'],
      },
    },
    fields: {
      stringValue: one('string', 1),
      boolValue: one('bool', 2),
      intValue: one('int64', 3),
      doubleValue: one('double', 4),
      arrayValue: one('ArrayValue', 5),
      kvlistValue: one('KeyValueList', 6),
      bytesValue: one('bytes', 7),
    },
  },
  ArrayValue: { fields: { values: many('AnyValue', 1) } },
  KeyValueList: { fields: { values: many('KeyValue', 1) } },
  KeyValue: { fields: { key: one('string', 1), value: one('AnyValue', 2) } },
  Resource: { fields: { attributes: many('KeyValue', 1) } },
  Scope: { fields: { name: one('string', 1) } },
  LogRecord: {
    fields: {
      timeUnixNano: one('fixed64', 1),
      body: one('AnyValue', 5),
      attributes: many('KeyValue', 6),
      traceId: one('bytes', 9),
      spanId: one('bytes', 10),
      observedTimeUnixNano: one('fixed64', 11),
      eventName: one('string', 12),
    },
  },
  ScopeLogs: { fields: { scope: one('Scope', 1), logRecords: many('LogRecord', 2) } },
  ResourceLogs: { fields: { resource: one('Resource', 1), scopeLogs: many('ScopeLogs', 2) } },
  ExportLogsServiceRequest: { fields: { resourceLogs: many('ResourceLogs', 1) } },
  NumberDataPoint: {
    fields: {
      ...POINT_COMMON,
      asDouble: one('double', 4),
      asInt: one('sfixed64', 6),
      attributes: many('KeyValue', 7),
      flags: one('uint32', 8),
    },
  },
  HistogramDataPoint: {
    fields: {
      ...POINT_COMMON,
      count: one('fixed64', 4),
      sum: one('double', 5),
      bucketCounts: many('fixed64', 6),
      explicitBounds: many('double', 7),
      attributes: many('KeyValue', 9),
      flags: one('uint32', 10),
    },
  },
  ExponentialHistogramDataPoint: {
    fields: { attributes: many('KeyValue', 1), ...POINT_COMMON, count: one('fixed64', 4), sum: one('double', 5) },
  },
  ValueAtQuantile: { fields: { quantile: one('double', 1), value: one('double', 2) } },
  SummaryDataPoint: {
    fields: {
      ...POINT_COMMON,
      count: one('fixed64', 4),
      sum: one('double', 5),
      quantileValues: many('ValueAtQuantile', 6),
      attributes: many('KeyValue', 7),
    },
  },
  Gauge: { fields: { dataPoints: many('NumberDataPoint', 1) } },
  Sum: {
    fields: {
      dataPoints: many('NumberDataPoint', 1),
      aggregationTemporality: one('int32', 2),
      isMonotonic: one('bool', 3),
    },
  },
  Histogram: { fields: { dataPoints: many('HistogramDataPoint', 1), aggregationTemporality: one('int32', 2) } },
  ExponentialHistogram: {
    fields: { dataPoints: many('ExponentialHistogramDataPoint', 1), aggregationTemporality: one('int32', 2) },
  },
  Summary: { fields: { dataPoints: many('SummaryDataPoint', 1) } },
  Metric: {
    fields: {
      name: one('string', 1),
      unit: one('string', 3),
      gauge: one('Gauge', 5),
      sum: one('Sum', 7),
      histogram: one('Histogram', 9),
      exponentialHistogram: one('ExponentialHistogram', 10),
      summary: one('Summary', 11),
    },
  },
  ScopeMetrics: { fields: { metrics: many('Metric', 2) } },
  ResourceMetrics: { fields: { resource: one('Resource', 1), scopeMetrics: many('ScopeMetrics', 2) } },
  ExportMetricsServiceRequest: { fields: { resourceMetrics: many('ResourceMetrics', 1) } },
  LogsPartial: { fields: { rejectedLogRecords: one('int64', 1), errorMessage: one('string', 2) } },
  ExportLogsServiceResponse: { fields: { partialSuccess: one('LogsPartial', 1) } },
  MetricsPartial: { fields: { rejectedDataPoints: one('int64', 1), errorMessage: one('string', 2) } },
  ExportMetricsServiceResponse: { fields: { partialSuccess: one('MetricsPartial', 1) } },
  Status: { fields: { code: one('int32', 1), message: one('string', 2) } },
};
