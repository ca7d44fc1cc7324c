import { Reader } from 'protobufjs/minimal.js';
import { describeError } from '../../../core/errors.ts';
import type { WrittenRequest, WrittenSample, WrittenSeries } from './written-series.ts';

export type RemoteWriteVersion = 1 | 2;

export interface RequestLimits {
  /** Labels read of a series; one with more is marked and its labels are not kept. */
  readonly maxLabels: number;
  readonly maxSeries: number;
  readonly maxSamples: number;
  readonly maxSymbols: number;
}

export const REQUEST_LIMITS: RequestLimits = {
  maxLabels: 64,
  maxSeries: 200_000,
  maxSamples: 1_000_000,
  maxSymbols: 1_000_000,
};

export type DecodedRequest =
  | { readonly ok: true; readonly request: WrittenRequest }
  | { readonly ok: false; readonly tooLarge: boolean; readonly reason: string };

/**
 * Decodes an uncompressed remote write request: prometheus.WriteRequest (version 1) or io.prometheus.write.v2.Request.
 * Nothing is kept beyond the limits, so a small body that swells is refused early.
 *
 * @see Prometheus, Remote-Write 1.0 and 2.0 specifications
 */
export function decodeRequest(
  body: Uint8Array,
  version: RemoteWriteVersion,
  limits: RequestLimits = REQUEST_LIMITS,
): DecodedRequest {
  const decoder = new RequestDecoder(version, limits);
  try {
    const tooMany = decoder.read(body);
    if (tooMany !== undefined) return { ok: false, tooLarge: true, reason: tooMany };
    return { ok: true, request: decoder.result() };
  } catch (error) {
    return { ok: false, tooLarge: false, reason: `is no protobuf of version ${version}: ${describeError(error)}` };
  }
}

interface OpenSeries {
  readonly labels: (readonly [string, string])[];
  readonly refs: number[];
  readonly samples: WrittenSample[];
  tooManyLabels: boolean;
  histograms: number;
  exemplars: number;
}

/** Numbers of the fields, which the two versions do not share. */
const FIELDS = {
  1: { series: 1, symbols: -1, metadata: 3, samples: 2, exemplars: 3, histograms: 4 },
  2: { series: 5, symbols: 4, metadata: -1, samples: 2, exemplars: 4, histograms: 3 },
} as const;

/** NaN with these bits says that a series has ended. @see Prometheus model/value/value.go StaleNaN */
const STALE_HIGH = 0x7ff00000;
const STALE_LOW = 0x00000002;

/** Wire type of strings and messages. */
const BYTES = 2;

class RequestDecoder {
  readonly #version: RemoteWriteVersion;
  readonly #limits: RequestLimits;
  readonly #symbols: string[] = [];
  readonly #series: OpenSeries[] = [];
  #samples = 0;
  #metadata = 0;

  constructor(version: RemoteWriteVersion, limits: RequestLimits) {
    this.#version = version;
    this.#limits = limits;
  }

  /** Reads the message; a text is the limit that ended it early. */
  read(body: Uint8Array): string | undefined {
    const { maxSeries, maxSamples, maxSymbols } = this.#limits;
    const fields = FIELDS[this.#version];
    const reader = Reader.create(body);
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      const field = tag >>> 3;
      if (field === fields.series && (tag & 7) === BYTES) this.#readSeries(reader);
      else if (field === fields.symbols && (tag & 7) === BYTES) this.#symbols.push(reader.string());
      else {
        if (field === fields.metadata) this.#metadata += 1;
        reader.skipType(tag & 7);
      }
      if (this.#series.length > maxSeries) return `holds more than ${maxSeries} series`;
      if (this.#samples > maxSamples) return `holds more than ${maxSamples} samples`;
      if (this.#symbols.length > maxSymbols) return `holds more than ${maxSymbols} symbols`;
    }
    return undefined;
  }

  result(): WrittenRequest {
    return { metadata: this.#metadata, series: this.#series.map((open) => this.#close(open)) };
  }

  #readSeries(reader: Reader): void {
    const end = endOfMessage(reader);
    const fields = FIELDS[this.#version];
    const series: OpenSeries = { labels: [], refs: [], samples: [], tooManyLabels: false, histograms: 0, exemplars: 0 };
    this.#series.push(series);
    while (reader.pos < end) {
      const tag = reader.uint32();
      const field = tag >>> 3;
      if (field === 1) {
        this.#readLabels(reader, tag & 7, series);
      } else if (field === fields.samples && (tag & 7) === BYTES) {
        this.#samples += 1;
        const sample = readSample(reader);
        if (this.#samples <= this.#limits.maxSamples) series.samples.push(sample);
      } else {
        if (field === fields.histograms) series.histograms += 1;
        if (field === fields.exemplars) series.exemplars += 1;
        reader.skipType(tag & 7);
      }
    }
    requireEnd(reader, end);
  }

  #readLabels(reader: Reader, wire: number, series: OpenSeries): void {
    const { maxLabels } = this.#limits;
    if (this.#version === 1) {
      const label = readLabel(reader);
      if (series.labels.length < maxLabels) series.labels.push(label);
      else series.tooManyLabels = true;
      return;
    }
    const end = wire === BYTES ? endOfMessage(reader) : reader.pos + 1;
    while (reader.pos < end) {
      const ref = reader.uint32();
      if (series.refs.length < 2 * maxLabels) series.refs.push(ref);
      else series.tooManyLabels = true;
    }
  }

  #close(open: OpenSeries): WrittenSeries {
    const { samples, tooManyLabels, histograms, exemplars } = open;
    const common = { samples, tooManyLabels, histograms, exemplars };
    if (this.#version === 1) return { ...common, labels: open.labels, badReference: false };
    const labels: (readonly [string, string])[] = [];
    for (let at = 0; at < open.refs.length; at += 2) {
      const name = this.#symbols[open.refs[at] ?? -1];
      const value = this.#symbols[open.refs[at + 1] ?? -1];
      if (name === undefined || value === undefined) return { ...common, labels: [], badReference: true };
      labels.push([name, value]);
    }
    return { ...common, labels, badReference: false };
  }
}

function readLabel(reader: Reader): readonly [string, string] {
  const end = endOfMessage(reader);
  let name = '';
  let value = '';
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag >>> 3 === 1) name = reader.string();
    else if (tag >>> 3 === 2) value = reader.string();
    else reader.skipType(tag & 7);
  }
  requireEnd(reader, end);
  return [name, value];
}

function readSample(reader: Reader): WrittenSample {
  const end = endOfMessage(reader);
  let value = 0;
  let stale = false;
  let timestampMs = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag >>> 3 === 1) {
      const at = reader.pos;
      value = reader.double();
      stale = Number.isNaN(value) && isStale(reader.buf, at);
    } else if (tag >>> 3 === 2) {
      const { low, high } = reader.int64();
      timestampMs = high * 0x1_0000_0000 + (low >>> 0);
    } else {
      reader.skipType(tag & 7);
    }
  }
  requireEnd(reader, end);
  return { value, timestampMs, stale };
}

/** JavaScript has one NaN only: the bits must be looked at where they came. */
function isStale(bytes: Uint8Array, at: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8);
  return view.getUint32(4, true) === STALE_HIGH && view.getUint32(0, true) === STALE_LOW;
}

function endOfMessage(reader: Reader): number {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError('a message goes beyond the end');
  return end;
}

function requireEnd(reader: Reader, end: number): void {
  if (reader.pos !== end) throw new RangeError('a message is longer than it says');
}
