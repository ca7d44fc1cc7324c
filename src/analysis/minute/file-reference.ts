import { AppError } from '../../core/errors.ts';
import { forgetReferenceFile, referenceFileFacts } from '../../store/queries/reference-files.ts';
import type { Store } from '../../store/store.ts';
import type { DriftSchedule } from './drift-schedule.ts';
import { putInForce, type StoredReference } from './reference-store.ts';

/** A reference made from a file. */
export interface FileReferenceResult {
  readonly stored: StoredReference;
  /** Lines that are no JSON objects. */
  readonly rejected: number;
}

/**
 * Keeps the rows of a file as a new version of a model's reference, with bins of its own, and judges the model's history
 * against it. The rows count as no traffic. When anything fails the reference stays what it was.
 *
 * @param options.lines  Records of predictions, one JSON object a line, in pieces; their ids and models are not read.
 * @param options.id     A name no other reference has.
 * @throws E_USAGE when no line is a record
 */
export async function replaceByFile(options: {
  readonly store: Store;
  readonly schedule: DriftSchedule;
  readonly model: string;
  readonly name: string;
  readonly id: string;
  readonly lines: AsyncIterable<readonly string[]>;
  readonly nowMs: number;
}): Promise<FileReferenceResult> {
  const { store, schedule, model, name, nowMs } = options;
  // No model may be called so.
  const source = `${model}#${options.id}`;
  const { sent, rows, fromMs, toMs } = await keepRows({ store, source, name, lines: options.lines });
  const reference = { kind: 'file', source, name } as const;
  const stored = await putInForce({ store, schedule, model, reference, fromMs, toMs, rows, nowMs });
  return { stored, rejected: sent - rows };
}

async function keepRows(options: {
  readonly store: Store;
  readonly source: string;
  readonly name: string;
  readonly lines: AsyncIterable<readonly string[]>;
}): Promise<{ readonly sent: number; readonly rows: number; readonly fromMs: number; readonly toMs: number }> {
  const { store, source, name } = options;
  let sent = 0;
  try {
    for await (const piece of options.lines) {
      const rows = piece.map((line) => ({ model: source, line }));
      await store.insert('ingest_reference', rows, { token: `${source} ${sent}` });
      sent += piece.length;
    }
    const facts = (await store.query(referenceFileFacts, { source }))[0];
    if (facts === undefined || facts.rows === 0) throw new AppError('E_USAGE', `${name} holds no records.`);
    return { sent, rows: facts.rows, fromMs: facts.from_ms, toMs: facts.to_ms };
  } catch (error) {
    await store.command({ name: 'forget_reference_file', sql: forgetReferenceFile, parameters: { source } });
    throw error;
  }
}
