import type { PayloadMapping } from './config.ts';

export interface Outcome {
  readonly prediction: number | string | boolean | null;
  /** Probability of the positive class. */
  readonly score?: number;
  readonly scores?: Readonly<Record<string, number>>;
  /** Plain outputs that are neither. */
  readonly others: Readonly<Record<string, number | string | boolean>>;
}

type Mapping = Pick<PayloadMapping, 'prediction' | 'score' | 'classes' | 'threshold'>;

const SCORE_NAMES = /^(score|scores|prob|probs|proba|probability|probabilities|predict_proba|confidence)$/i;
const PREDICTION_NAMES =
  /^(prediction|predictions|predict|predicted|label|labels|class|classes|output_label|output|output0|output-0|y)$/i;
const MAX_CLASSES = 1000;
const MAX_TEXT_CHARS = 256;
const MAX_OTHERS = 32;

/**
 * Returns what one row of outputs means. The configured names decide; without them an output called score or
 * probability is the score, one called prediction, label or class, else the only or first one, is the prediction, and
 * a vector of probabilities that add up to 1 becomes `scores` with the likeliest class as prediction.
 */
export function outcomeOf(
  row: ReadonlyMap<string, unknown>,
  mapping: Mapping,
  classes: readonly string[] | undefined,
): Outcome {
  const names = mapping.classes ?? classes;
  const vector = classVector(row, mapping, names);
  if (vector !== undefined) return withThreshold(fromProbabilities(vector, names), mapping);
  const scoreName = mapping.score ?? [...row.keys()].find((name) => SCORE_NAMES.test(name));
  const predictionName = mapping.prediction ?? predictionNameOf(row, scoreName);
  const scored = scoreName === undefined ? {} : readScore(single(row.get(scoreName)), names);
  const given = predictionName === undefined ? undefined : single(row.get(predictionName));
  const others: Record<string, number | string | boolean> = {};
  for (const [name, value] of row) {
    const plain = single(value);
    if (name === '' || name === predictionName || name === scoreName || !isPlain(plain)) continue;
    if (Object.keys(others).length < MAX_OTHERS) others[name] = plain;
  }
  if (isPlain(given)) return withThreshold({ ...scored, prediction: given, others }, mapping);
  const inferred = probabilities(given);
  if (inferred !== undefined)
    return withThreshold({ ...fromProbabilities(inferred, names), ...scored, others }, mapping);
  const likeliest = 'scores' in scored ? argMax(Object.entries(scored.scores)) : undefined;
  const prediction = likeliest === undefined ? null : classValue(likeliest, names);
  return withThreshold({ ...scored, prediction, others }, mapping);
}

/** The whole row as class probabilities: one nameless vector, or one column a class. */
function classVector(
  row: ReadonlyMap<string, unknown>,
  mapping: Mapping,
  names: readonly string[] | undefined,
): readonly number[] | undefined {
  if (mapping.prediction !== undefined || mapping.score !== undefined) return undefined;
  const values = [...row.values()];
  if (values.length === 1) return probabilities(single(values[0]));
  return names !== undefined && names.length === values.length ? probabilities(values.map(single)) : undefined;
}

/** The likeliest output to be the prediction: by its name, else the first plain one, else the score itself when there is nothing else. */
function predictionNameOf(row: ReadonlyMap<string, unknown>, scoreName: string | undefined): string | undefined {
  const names = [...row.keys()];
  const others = names.filter((name) => name !== scoreName);
  if (others.length === 0) return names[0];
  return (
    others.find((name) => PREDICTION_NAMES.test(name)) ??
    others.find((name) => isPlain(single(row.get(name)))) ??
    others[0]
  );
}

function fromProbabilities(values: readonly number[], names: readonly string[] | undefined): Outcome {
  const entries = values.map((value, at): readonly [string, number] => [names?.[at] ?? String(at), value]);
  const score = values.length === 2 ? values[1] : undefined;
  return {
    prediction: classValue(argMax(entries) ?? '', names),
    ...(score === undefined ? {} : { score }),
    scores: Object.fromEntries(entries),
    others: {},
  };
}

function readScore(
  value: unknown,
  names: readonly string[] | undefined,
): Pick<Outcome, 'score'> | Required<Pick<Outcome, 'scores'>> {
  if (typeof value === 'number') return value >= 0 && value <= 1 ? { score: value } : {};
  const vector = probabilities(value);
  if (vector === undefined) return {};
  const { scores = {}, score } = fromProbabilities(vector, names);
  return { scores, ...(score === undefined ? {} : { score }) };
}

function withThreshold(outcome: Outcome, { threshold }: Mapping): Outcome {
  const score = outcome.score ?? (typeof outcome.prediction === 'number' ? outcome.prediction : undefined);
  if (threshold === undefined || score === undefined || score < 0 || score > 1) return outcome;
  return { ...outcome, score, prediction: score >= threshold ? 1 : 0 };
}

/** A vector of at least two numbers from 0 to 1 that add up to 1, float32 rounding forgiven. */
function probabilities(value: unknown): readonly number[] | undefined {
  if (!Array.isArray(value) || value.length < 2 || value.length > MAX_CLASSES) return undefined;
  const numbers = value.filter((each) => typeof each === 'number' && each >= 0 && each <= 1);
  if (numbers.length !== value.length) return undefined;
  const sum = numbers.reduce((total: number, each: number) => total + each, 0);
  return Math.abs(sum - 1) <= 1e-3 ? numbers : undefined;
}

function argMax(entries: readonly (readonly [string, number])[]): string | undefined {
  let best: readonly [string, number] | undefined;
  for (const entry of entries) if (best === undefined || entry[1] > best[1]) best = entry;
  return best?.[0];
}

/** Classes without names are their numbers, as labels have them. */
function classValue(name: string, names: readonly string[] | undefined): number | string {
  return names === undefined ? Number(name) : name;
}

/** A vector of one element is that element. */
function single(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? single(value[0]) : value;
}

function isPlain(value: unknown): value is number | string | boolean {
  if (typeof value === 'string') return value.length <= MAX_TEXT_CHARS;
  return typeof value === 'number' ? Number.isFinite(value) : typeof value === 'boolean';
}
