import { describe, expect, it } from 'vitest';
import { decodeRequest, REQUEST_LIMITS } from '../../../../src/collectors/prometheus/remote-write/decode-request.ts';
import { uncompressSnappy } from '../../../../src/collectors/prometheus/remote-write/uncompress-snappy.ts';
import { encodeV1, encodeV2, snappy, UP_FIXTURES, withStaleMarker } from './encode-request.ts';

const MIB = 1_048_576;

function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

const UP = {
  labels: [
    ['__name__', 'up'],
    ['job', 'dcgm'],
  ],
  samples: [{ value: 1, timestampMs: 1_795_300_000_000, stale: false }],
  tooManyLabels: false,
  badReference: false,
  histograms: 0,
  exemplars: 0,
};

describe('a remote write request', () => {
  it.each([
    [1, UP_FIXTURES.v1Snappy],
    [2, UP_FIXTURES.v2Snappy],
  ] as const)('of version %i is read as Prometheus writes it', (version, block) => {
    const uncompressed = uncompressSnappy(hex(block), MIB);
    const raw = uncompressed.ok ? uncompressed.raw : new Uint8Array(0);
    expect(decodeRequest(raw, version)).toEqual({ ok: true, request: { series: [UP], metadata: 0 } });
  });

  it('tells the end of a series from a value that is no number', () => {
    const raw = encodeV1([{ labels: { __name__: 'a' }, samples: [[Number.NaN, 7]] }]);
    const samplesOf = (bytes: Uint8Array) => {
      const decoded = decodeRequest(bytes, 1);
      return decoded.ok ? decoded.request.series.flatMap((series) => series.samples) : [];
    };
    expect(samplesOf(raw)).toEqual([{ value: Number.NaN, timestampMs: 7, stale: false }]);
    expect(samplesOf(withStaleMarker(raw))).toEqual([{ value: Number.NaN, timestampMs: 7, stale: true }]);
  });

  it.each([
    [1, encodeV1],
    [2, encodeV2],
  ] as const)('of version %i counts what is not stored: metadata, exemplars, native histograms', (version, encode) => {
    const raw = encode([{ labels: { __name__: 'a', b: '' }, samples: [[-0.5, -3]], histograms: 2, exemplars: 3 }]);
    const decoded = decodeRequest(raw, version);
    expect(decoded).toMatchObject({
      ok: true,
      request: {
        series: [
          {
            labels: [
              ['__name__', 'a'],
              ['b', ''],
            ],
            samples: [{ value: -0.5, timestampMs: -3 }],
            histograms: 2,
            exemplars: 3,
          },
        ],
      },
    });
    expect(decodeRequest(encodeV1([], 2), 1)).toEqual({ ok: true, request: { series: [], metadata: 2 } });
  });

  it('marks a series whose labels point beyond the symbols', () => {
    const raw = hex('22002a080a04090902031200');
    expect(decodeRequest(raw, 2)).toMatchObject({ ok: true, request: { series: [{ badReference: true }] } });
  });

  it.each([
    ['series', { maxSeries: 2 }],
    ['samples', { maxSamples: 2 }],
  ])('with too many %s is refused, not cut', (what, limit) => {
    const series = ['a', 'b', 'c'].map((name) => ({ labels: { __name__: name }, samples: [[1, 1] as const] }));
    const decoded = decodeRequest(encodeV1(series), 1, { ...REQUEST_LIMITS, ...limit });
    expect(decoded).toEqual({ ok: false, tooLarge: true, reason: `holds more than 2 ${what}` });
  });

  it('keeps no more labels of a series than allowed, and says so', () => {
    const labels = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`l${i}`, 'x']));
    for (const [version, encode] of [
      [1, encodeV1],
      [2, encodeV2],
    ] as const) {
      const decoded = decodeRequest(encode([{ labels }]), version, { ...REQUEST_LIMITS, maxLabels: 5 });
      const series = decoded.ok ? decoded.request.series : [];
      expect(series.map((entry) => [entry.labels.length, entry.tooManyLabels])).toEqual([[5, true]]);
    }
  });

  it('is never a fault, whatever the bytes', () => {
    const whole = [hex(UP_FIXTURES.v1), hex(UP_FIXTURES.v2)];
    let refused = 0;
    for (let round = 0; round < 4000; round += 1) {
      const bytes = new Uint8Array(whole[round % 2] ?? []);
      // A fixed sequence, so that a failure can be repeated.
      const at = (round * 7919) % bytes.length;
      bytes[at] = (round * 31 + 17) & 0xff;
      const cut = bytes.subarray(0, bytes.length - (round % 5));
      for (const version of [1, 2] as const) if (!decodeRequest(cut, version).ok) refused += 1;
    }
    expect(refused).toBeGreaterThan(1000);
  });
});

describe('a snappy block', () => {
  it('gives back what was compressed', () => {
    const raw = encodeV1([{ labels: { __name__: 'a'.repeat(5000) }, samples: [[1, 2]] }]);
    expect(uncompressSnappy(snappy(raw), MIB)).toEqual({ ok: true, raw: new Uint8Array(raw) });
    expect(uncompressSnappy(hex('00'), MIB)).toEqual({ ok: true, raw: new Uint8Array(0) });
  });

  it.each([
    ['that is larger than allowed', '80808001', true],
    ['that claims more than it can hold', 'ffff3f00', false],
    ['without a length', '', false],
    ['whose length does not end', 'ffffffffffff', false],
    ['that is cut', UP_FIXTURES.v1Snappy.slice(0, 40), false],
    ['of another format', Buffer.from('{"a":1}').toString('hex'), false],
    ['that is framed', 'ff060000734e61507059', false],
  ])('%s is refused', (_what, block, tooLarge) => {
    expect(uncompressSnappy(hex(block), MIB)).toMatchObject({ ok: false, tooLarge });
  });
});
