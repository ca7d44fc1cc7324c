/** One field that differs from the golden value. */
export type Mismatch = { readonly field: string; readonly actual: unknown; readonly expected: unknown };

/** Allowed differences of a case. */
export type Tolerance = {
  readonly rel: number;
  readonly abs: number;
  readonly fields?: Readonly<Record<string, { readonly rel: number; readonly abs: number }>>;
  /** Fields that may be absent. */
  readonly optional?: readonly string[];
};

/**
 * Compares a result with its golden value: |actual - expected| <= abs + rel |expected| for numbers, null only with null,
 * everything else exactly. A field's own tolerance holds for all that is inside it. Extra fields are allowed.
 *
 * @returns  The fields that differ; empty when the case passes.
 */
export function compare(actual: unknown, expected: unknown, tolerance: Tolerance): readonly Mismatch[] {
  return walk({ actual, expected, tolerance, path: '', limit: tolerance });
}

type Step = {
  readonly actual: unknown;
  readonly expected: unknown;
  readonly tolerance: Tolerance;
  readonly path: string;
  readonly limit: { readonly rel: number; readonly abs: number };
};

function walk(step: Step): readonly Mismatch[] {
  const { actual, expected } = step;
  const wrong: readonly Mismatch[] = [{ field: step.path, actual, expected }];
  if (typeof expected === 'number') return typeof actual === 'number' && isClose(actual, expected, step) ? [] : wrong;
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) return wrong;
    return expected.flatMap((item: unknown, index) => {
      const other: unknown = actual[index];
      return walk({ ...step, actual: other, expected: item, path: `${step.path}[${index}]` });
    });
  }
  if (isRecord(expected)) return isRecord(actual) ? walkRecord(step, actual, expected) : wrong;
  return Object.is(actual, expected) ? [] : wrong;
}

function walkRecord(
  step: Step,
  actual: Readonly<Record<string, unknown>>,
  expected: Readonly<Record<string, unknown>>,
): readonly Mismatch[] {
  return Object.entries(expected).flatMap(([key, value]) => {
    if (actual[key] === undefined && step.tolerance.optional?.includes(key) === true) return [];
    const limit = step.tolerance.fields?.[key] ?? step.limit;
    const path = step.path === '' ? key : `${step.path}.${key}`;
    return walk({ ...step, actual: actual[key], expected: value, path, limit });
  });
}

function isClose(actual: number, expected: number, step: Step): boolean {
  if (actual === expected) return true;
  return Math.abs(actual - expected) <= step.limit.abs + step.limit.rel * Math.abs(expected);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
