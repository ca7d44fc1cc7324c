/**
 * Computes the false-discovery level of one look from a budget of false alarms a model and month.
 *
 * q = min(1, budget share windowHours / 720): with nothing drifting, Benjamini-Hochberg at q rejects anything in at
 * most a share q of the looks, and a month of 30 days has 720 / windowHours of them.
 *
 * @param input.budgetPerMonth  False alarms a model and month that are acceptable; 1 by default in the product.
 * @param input.share           Part of the budget this family of looks may use, 0..1.
 * @param input.windowHours     Hours between independent looks.
 */
export function alarmBudget(input: {
  readonly budgetPerMonth: number;
  readonly share: number;
  readonly windowHours: number;
}): number {
  return Math.min(1, (input.budgetPerMonth * input.share * input.windowHours) / HOURS_PER_MONTH);
}

const HOURS_PER_MONTH = 720;
