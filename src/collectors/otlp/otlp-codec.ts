import { AppError } from '../../core/errors.ts';
import { isJsonObject, type JsonObject } from '../cloudevents/json-object.ts';
import { type OtlpMessages, otlpMessages } from './otlp-messages.ts';

export type OtlpFormat = 'protobuf' | 'json';
export type OtlpSignal = 'logs' | 'metrics';

/** The request is not what its content type says: 400, never sent again. */
export class OtlpBodyError extends AppError {
  constructor(format: OtlpFormat, options: { readonly cause?: unknown } = {}) {
    super('E_OTLP_BODY', `The body is not a readable OTLP request in ${format}.`, options);
  }
}

export interface PartialSuccess {
  readonly rejected: number;
  readonly message: string;
}

/** Reads requests and writes answers, protobuf and JSON. Both forms become the same objects: those of OTLP's JSON. */
export class OtlpCodec {
  readonly #messages: OtlpMessages = otlpMessages();

  /** @throws OtlpBodyError */
  decode(signal: OtlpSignal, format: OtlpFormat, body: Buffer): JsonObject {
    let document: unknown;
    try {
      document = format === 'json' ? JSON.parse(body.toString('utf8')) : this.#fromProtobuf(signal, body);
    } catch (error) {
      throw new OtlpBodyError(format, { cause: error });
    }
    if (!isJsonObject(document)) throw new OtlpBodyError(format);
    return document;
  }

  /** Writes a full or partial success. */
  success(signal: OtlpSignal, format: OtlpFormat, partial: PartialSuccess | undefined): Buffer {
    const rejected = signal === 'logs' ? 'rejectedLogRecords' : 'rejectedDataPoints';
    const answer =
      partial === undefined
        ? {}
        : { partialSuccess: { [rejected]: String(partial.rejected), errorMessage: partial.message } };
    if (format === 'json') return Buffer.from(JSON.stringify(answer));
    const type = signal === 'logs' ? this.#messages.logsResponse : this.#messages.metricsResponse;
    return Buffer.from(type.encode(type.fromObject(answer)).finish());
  }

  /** Writes a google.rpc.Status. */
  failure(format: OtlpFormat, message: string): Buffer {
    if (format === 'json') return Buffer.from(JSON.stringify({ message }));
    const { status } = this.#messages;
    return Buffer.from(status.encode(status.fromObject({ message })).finish());
  }

  #fromProtobuf(signal: OtlpSignal, body: Buffer): unknown {
    const type = signal === 'logs' ? this.#messages.logsRequest : this.#messages.metricsRequest;
    return type.toObject(type.decode(body), { longs: String, bytes: String });
  }
}
