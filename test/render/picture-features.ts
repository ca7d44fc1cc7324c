import { jitter, signalStatement, START } from './picture-sql.ts';

const FEATURES = [
  'distance',
  'origin',
  'departure_hour',
  'gap_min',
  'carrier',
  'weekday',
  'dest',
  'aircraft_age',
  'wind_knots',
  'visibility_km',
  'month',
  'taxi_out_min',
  'is_weekend',
  'route_delay_mean',
  'rain_mm',
  'crew_changes',
];

/** Returns the statements that write drift, missing and unseen values of sixteen features. */
export function featureStatements(): readonly string[] {
  return FEATURES.flatMap((feature, index) => {
    const labels = `'${feature}', '', ''`;
    const moved =
      index === 0
        ? '0.34 * greatest(0, (n - 120) / 240)'
        : index === 3
          ? '0.2 * greatest(0, (n - 200) / 160)'
          : `${0.06 / (index + 1)}`;
    const missing = index === 3 ? `0.02 + 0.3 * (n > 230)` : `${0.01 / (index + 1)}`;
    return [
      signalStatement('feature_psi', 'late-flights', labels, jitter(`0.01 + ${moved}`, feature, 0.25)),
      signalStatement('feature_ks', 'late-flights', labels, jitter(`0.02 + 0.4 * (${moved})`, `${feature}ks`, 0.2)),
      signalStatement('feature_missing_ratio', 'late-flights', labels, jitter(missing, `${feature}missing`, 0.2)),
      signalStatement(
        'feature_unseen_ratio',
        'late-flights',
        labels,
        jitter(index === 1 ? '0.004 + 0.03 * (n > 180)' : '0.0005', `${feature}unseen`, 0.3),
      ),
      signalStatement('feature_incidents', 'late-flights', labels, index === 3 ? 'toFloat64(n > 230)' : '0'),
      `INSERT INTO drift_results (model, feature, kind, window_from, window_to, final, n_reference, n_current, missing_reference, missing_current, unseen, psi, psi_noise, psi_corrected, ks, ks_corrected, p_value, p_adjusted, level, reason, evaluated_at)
       SELECT 'late-flights', '${feature}', '${index === 1 || index === 4 || index === 6 ? 'categorical' : 'numeric'}', ${START} + 18000, ${START} + 21600, 1, 250000, 151200,
         0.01, 0.01 + ${index === 3 ? 0.3 : 0}, ${index === 1 ? 0.03 : 0}, ${moved} + 0.01 AS psi, 0.002, ${moved} AS psi_corrected, 0.02 + 0.4 * (${moved}), 0.4 * (${moved}), 0.01, 0.02,
         multiIf(psi_corrected >= 0.25, 'major', psi_corrected >= 0.1, 'moderate', 'stable'), if(psi_corrected >= 0.1, 'beyond the noise of the reference', 'within the noise of the reference'), ${START} + 21600
       FROM (SELECT 340 AS n)`,
    ];
  });
}
