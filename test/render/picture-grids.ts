const BINS = 250;
const MILES_A_BIN = 12;
const CENTER = 80;
const WIDTH = 38;

/** Returns the statements that write the histogram of one numeric feature, which wanders away from its reference. */
export function gridStatements(toMs: number): readonly string[] {
  const to = `toDateTime(${toMs / 1000}, 'UTC')`;
  const reference = Array.from({ length: BINS }, (_none, bin) => Math.round(3000 * bell(bin)));
  const total = reference.reduce((sum, count) => sum + count, 0);
  let before = 0;
  const deciles = reference.map((count) => {
    const decile = Math.min(9, Math.floor((10 * before) / total));
    before += count;
    return decile;
  });
  const edges = reference.map((_count, bin) => (bin + 1) * MILES_A_BIN);
  const profile = [...reference, 0, 0, 0, 0, 0, 0];
  const count = `toUInt64(round(120 * exp(-pow((bin - ${CENTER} - 34 * greatest(0, (n - 120) / 240)) / ${WIDTH}, 2))))`;
  return [
    `INSERT INTO feature_grids SELECT 1, 'late-flights', 'distance', 'numeric', 0, 1, 0, 1, [${edges.join(',')}], [${deciles.join(',')}], [], ${to} - 864000, ${to} - 864000, 1`,
    `INSERT INTO reference_profiles SELECT 'late-flights', 0, 1, 1, [${profile.join(',')}], [], ${to} - 864000`,
    `INSERT INTO feature_histogram SELECT 1, if(n < 300, '3', '4'), ${to} - 21600 + n * 60, bin, ${count}
     FROM (SELECT number * 5 AS n FROM numbers(72)) AS steps CROSS JOIN (SELECT toUInt8(number) AS bin FROM numbers(${BINS})) AS bins`,
  ];
}

function bell(bin: number): number {
  return Math.exp(-(((bin - CENTER) / WIDTH) ** 2));
}
