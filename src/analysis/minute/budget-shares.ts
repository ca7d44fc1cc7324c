/** How the false alarms that a model may have are shared between the families of tests; they add up to one. */
export const BUDGET_SHARES = {
  /** Distributions of the features, when a window closes. */
  features: 0.45,
  /** Distribution of the prediction, when a window closes. */
  prediction: 0.25,
  /** Missing and unseen values of both, when a window closes. */
  quality: 0.2,
  /** What cannot wait for a window, every minute. */
  minute: 0.1,
} as const;
