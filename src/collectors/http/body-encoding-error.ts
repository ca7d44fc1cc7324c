import { AppError } from '../../core/errors.ts';

/** A body is not what its Content-Encoding says; the message is the reason that its sender is told. */
export class BodyEncodingError extends AppError {
  constructor(reason: string, options: { readonly cause?: unknown } = {}) {
    super('E_BODY_ENCODING', reason, options);
  }
}
