import type { LogEntry, RecordFields } from './log-entry.ts';

/**
 * Returns the fields that gen_ai attributes give: the requested model, the response's id, token counts and other
 * numbers as features. Prompts and answers are left out.
 *
 * @see https://github.com/open-telemetry/semantic-conventions, gen-ai
 */
export function genAiFields({ attributes }: LogEntry): RecordFields {
  const text = (name: string): string | undefined => {
    const value = attributes.get(name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const model = text('gen_ai.request.model') ?? text('gen_ai.response.model');
  if (model === undefined) return {};
  const features: Record<string, unknown> = {};
  for (const [key, value] of attributes) {
    const name = /^gen_ai\.(?:usage|request)\.(.+)$/.exec(key)?.[1];
    if (name !== undefined && name !== 'model' && (typeof value === 'number' || typeof value === 'boolean')) {
      features[name] = value;
    }
  }
  const operation = text('gen_ai.operation.name');
  if (operation !== undefined) features['operation'] = operation;
  const id = text('gen_ai.response.id');
  const answeredBy = text('gen_ai.response.model');
  const reasons = attributes.get('gen_ai.response.finish_reasons');
  return {
    model,
    features,
    ...(id === undefined ? {} : { prediction_id: id }),
    ...(answeredBy === undefined || answeredBy === model ? {} : { version: answeredBy }),
    ...(Array.isArray(reasons) && typeof reasons[0] === 'string' ? { prediction: reasons[0] } : {}),
  };
}

/** Returns the label that an evaluation of a generated answer is, or undefined when the log record is none. */
export function evaluationLabel({ eventName, attributes, tsMs }: LogEntry): RecordFields | undefined {
  if (eventName !== 'gen_ai.evaluation.result') return undefined;
  const id = attributes.get('gen_ai.response.id');
  const label = attributes.get('gen_ai.evaluation.score.label') ?? attributes.get('gen_ai.evaluation.score.value');
  const model = attributes.get('gen_ai.request.model') ?? attributes.get('gen_ai.response.model');
  return { prediction_id: id, label, label_ts: tsMs, ...(typeof model === 'string' ? { model } : {}) };
}
