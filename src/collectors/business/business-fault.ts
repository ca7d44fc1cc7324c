import { AppError } from '../../core/errors.ts';

/** The source of a business number did not answer as it should; the interval is asked for again later. */
export class BusinessFault extends AppError {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super('E_BUSINESS_SOURCE', message, { ...options, retryable: true });
  }
}
