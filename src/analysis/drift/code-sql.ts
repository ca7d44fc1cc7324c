/**
 * Returns a ClickHouse expression of a sortable UInt64 that holds a double and the side it belongs to.
 *
 * The bits of a double are made monotone and the side takes the last one; values that differ in the last of their 53 bits
 * only therefore count as ties.
 *
 * @param side  Expression that is 0 for the reference and 1 for the current side.
 */
export function codeSql(value: string, side: string): string {
  const bits = `reinterpretAsUInt64(${value} + 0.)`;
  return `bitOr(bitAnd(bitXor(${bits}, if(bitTest(${bits}, 63), ${ONES}, ${SIGN})), ${EVEN}), toUInt64(${side}))`;
}

/** Returns the ClickHouse expression of the double in a code. */
export function valueOfCodeSql(code: string): string {
  return `reinterpretAsFloat64(bitXor(bitAnd(${code}, ${EVEN}), if(${code} >= ${SIGN}, ${SIGN}, ${ONES})))`;
}

/** Returns the ClickHouse expression of the running gap a n - b m after each of the sorted codes. */
export function gapsSql(input: { readonly codes: string; readonly m: string; readonly n: string }): string {
  return `arrayCumSum(code -> if(bitAnd(code, 1) = 0, toInt64(${input.n}), -toInt64(${input.m})), ${input.codes})`;
}

/** Returns the ClickHouse expression of the largest gap |base + a n - b m| over sorted codes, ties consumed first. */
export function gapSql(input: {
  readonly codes: string;
  readonly base: string;
  readonly m: string;
  readonly n: string;
}): string {
  const { codes, base } = input;
  const next = `arrayPushBack(arrayPopFront(${codes}), ${ONES})`;
  const test = 'bitShiftRight(code, 1) != bitShiftRight(next, 1)';
  return `arrayMax(arrayMap((gap, code, next) -> if(${test}, abs(gap + ${base}), 0), ${gapsSql(input)}, ${codes}, ${next}))`;
}

const SIGN = 'toUInt64(9223372036854775808)';
const ONES = 'toUInt64(18446744073709551615)';
const EVEN = 'toUInt64(18446744073709551614)';
