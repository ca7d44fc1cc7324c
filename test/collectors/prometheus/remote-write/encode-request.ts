import protobuf from 'protobufjs';
import { compress } from 'snappyjs';

/** The messages as the specifications write them, without what is not needed here. */
const V1 = `syntax = "proto3"; package prometheus;
message WriteRequest { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3; }
message MetricMetadata { int32 type = 1; string metric_family_name = 2; string help = 4; string unit = 5; }
message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; repeated Exemplar exemplars = 3; repeated Histogram histograms = 4; }
message Label { string name = 1; string value = 2; }
message Sample { double value = 1; int64 timestamp = 2; }
message Exemplar { repeated Label labels = 1; double value = 2; int64 timestamp = 3; }
message Histogram { uint64 count_int = 1; double sum = 3; int64 timestamp = 15; }`;

const V2 = `syntax = "proto3"; package v2;
message Request { repeated string symbols = 4; repeated TimeSeries timeseries = 5; }
message TimeSeries { repeated uint32 labels_refs = 1; repeated Sample samples = 2; repeated Histogram histograms = 3; repeated Exemplar exemplars = 4; Metadata metadata = 5; }
message Sample { double value = 1; int64 timestamp = 2; int64 start_timestamp = 3; }
message Histogram { uint64 count_int = 1; double sum = 3; int64 timestamp = 15; }
message Exemplar { repeated uint32 labels_refs = 1; double value = 2; int64 timestamp = 3; }
message Metadata { int32 type = 1; uint32 help_ref = 3; uint32 unit_ref = 4; }`;

const v1 = protobuf.parse(V1, { keepCase: true }).root.lookupType('prometheus.WriteRequest');
const v2 = protobuf.parse(V2, { keepCase: true }).root.lookupType('v2.Request');

export interface TestSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples?: readonly (readonly [value: number, timestampMs: number])[];
  readonly histograms?: number;
  readonly exemplars?: number;
}

/** Returns the protobuf of a request of version 1. */
export function encodeV1(series: readonly TestSeries[], metadata = 0): Uint8Array {
  const timeseries = series.map(({ labels, samples = [], histograms = 0, exemplars = 0 }) => ({
    labels: Object.entries(labels).map(([name, value]) => ({ name, value })),
    samples: samples.map(([value, timestamp]) => ({ value, timestamp })),
    histograms: Array.from({ length: histograms }, () => ({ count_int: 3, sum: 4, timestamp: 5 })),
    exemplars: Array.from({ length: exemplars }, () => ({ value: 4, timestamp: 5 })),
  }));
  const entries = Array.from({ length: metadata }, () => ({ type: 2, metric_family_name: 'up', help: 'Whether.' }));
  return v1.encode(v1.create({ timeseries, metadata: entries })).finish();
}

/** Returns the protobuf of a request of version 2. */
export function encodeV2(series: readonly TestSeries[]): Uint8Array {
  const symbols = [''];
  const refOf = (text: string): number => {
    const known = symbols.indexOf(text);
    return known === -1 ? symbols.push(text) - 1 : known;
  };
  const timeseries = series.map(({ labels, samples = [], histograms = 0, exemplars = 0 }) => ({
    labels_refs: Object.entries(labels).flatMap(([name, value]) => [refOf(name), refOf(value)]),
    samples: samples.map(([value, timestamp]) => ({ value, timestamp, start_timestamp: 1 })),
    histograms: Array.from({ length: histograms }, () => ({ count_int: 3, sum: 4, timestamp: 5 })),
    exemplars: Array.from({ length: exemplars }, () => ({ value: 4, timestamp: 5 })),
    metadata: { type: 1, help_ref: refOf('Help.') },
  }));
  return v2.encode(v2.create({ symbols, timeseries })).finish();
}

/** Returns the snappy block of some bytes. */
export function snappy(raw: Uint8Array): Uint8Array {
  return compress(new Uint8Array(raw));
}

/** Replaces the NaN in an encoded request by the marker that a series has ended. */
export function withStaleMarker(raw: Uint8Array): Uint8Array {
  const nan = Buffer.from([0, 0, 0, 0, 0, 0, 0xf8, 0x7f]);
  const at = Buffer.from(raw).indexOf(nan);
  if (at === -1) throw new Error('There is no NaN in the request.');
  const changed = Buffer.from(raw);
  changed.set([2, 0, 0, 0, 0, 0, 0xf0, 0x7f], at);
  return new Uint8Array(changed);
}

/** Series `up{job="dcgm"} 1 @1795300000000` as Prometheus 2.42 encodes it. */
export const UP_FIXTURES = {
  v1: '0a2f0a0e0a085f5f6e616d655f5f120275700a0b0a036a6f6212046463676d121009000000000000f03f108082e081a034',
  v1Snappy: '31c00a2f0a0e0a085f5f6e616d655f5f120275700a0b0a036a6f6212046463676d121009000000000000f03f108082e081a034',
  v2: '220022085f5f6e616d655f5f2202757022036a6f6222046463676d2a1c0a0401020304121009000000000000f03f108082e081a0342a020802',
  v2Snappy:
    '39e0220022085f5f6e616d655f5f2202757022036a6f6222046463676d2a1c0a0401020304121009000000000000f03f108082e081a0342a020802',
} as const;
