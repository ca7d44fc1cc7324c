/** Names under which the prediction itself is counted beside the features. */
const PREDICTION = new Set(['__score__', '__prediction__']);

/** Returns whether a name of the histograms is the prediction's and no feature's. */
export function isPrediction(feature: string): boolean {
  return PREDICTION.has(feature);
}
