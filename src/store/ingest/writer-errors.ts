import { AppError } from '../../core/errors.ts';

/** Too much is waiting for the database: come back later. */
export class OverloadedError extends AppError {
  constructor() {
    super('E_OVERLOADED', 'Too many records wait for the database; send them again later.', { retryable: true });
  }
}

/** The database takes too long: the unit is in hand and will be stored, but the sender is not kept waiting. */
export class StoreSlowError extends AppError {
  constructor() {
    super('E_STORE_SLOW', 'The database does not take the records now; send them again later.', { retryable: true });
  }
}
