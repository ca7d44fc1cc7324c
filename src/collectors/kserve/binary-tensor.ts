/**
 * Returns the values of one little-endian tensor of Triton's binary extension, or undefined when its bytes do not fit
 * its type.
 *
 * @see https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
 */
export function readBinaryTensor(datatype: string, bytes: Buffer): readonly unknown[] | undefined {
  if (bytes.length === 0) return undefined;
  if (datatype === 'BYTES') return readTexts(bytes);
  const reader = READERS[datatype];
  if (reader === undefined || bytes.length % reader.width !== 0) return undefined;
  return Array.from({ length: bytes.length / reader.width }, (_, index) => reader.read(bytes, index * reader.width));
}

interface Reader {
  readonly width: number;
  readonly read: (bytes: Buffer, at: number) => number | boolean;
}

const READERS: Readonly<Record<string, Reader>> = {
  BOOL: { width: 1, read: (bytes, at) => bytes[at] !== 0 },
  UINT8: { width: 1, read: (bytes, at) => bytes.readUInt8(at) },
  UINT16: { width: 2, read: (bytes, at) => bytes.readUInt16LE(at) },
  UINT32: { width: 4, read: (bytes, at) => bytes.readUInt32LE(at) },
  UINT64: { width: 8, read: (bytes, at) => Number(bytes.readBigUInt64LE(at)) },
  INT8: { width: 1, read: (bytes, at) => bytes.readInt8(at) },
  INT16: { width: 2, read: (bytes, at) => bytes.readInt16LE(at) },
  INT32: { width: 4, read: (bytes, at) => bytes.readInt32LE(at) },
  INT64: { width: 8, read: (bytes, at) => Number(bytes.readBigInt64LE(at)) },
  FP16: { width: 2, read: (bytes, at) => halfFloat(bytes.readUInt16LE(at)) },
  BF16: { width: 2, read: (bytes, at) => brainFloat(bytes.readUInt16LE(at)) },
  FP32: { width: 4, read: (bytes, at) => bytes.readFloatLE(at) },
  FP64: { width: 8, read: (bytes, at) => bytes.readDoubleLE(at) },
};

/** IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. */
function halfFloat(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The upper half of a binary32. */
function brainFloat(bits: number): number {
  const wide = Buffer.alloc(4);
  wide.writeUInt16LE(bits, 2);
  return wide.readFloatLE(0);
}

function readTexts(bytes: Buffer): readonly string[] | undefined {
  const texts: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) return undefined;
    const end = at + 4 + bytes.readUInt32LE(at);
    if (end > bytes.length) return undefined;
    texts.push(bytes.toString('utf8', at + 4, end));
    at = end;
  }
  return texts;
}
