-- Made anew at each start, because they carry the credentials in force. They load when first asked.

-- Asked by no view since 0024, but 0002 cannot be applied to a new database without it.
CREATE OR REPLACE DICTIONARY grid_by_feature $ON_CLUSTER (
  model String, feature String, grid_id UInt32, center Float64, scale Float64, low Float64, bins_per_unit Float64, active_from DateTime64(3, 'UTC')
) PRIMARY KEY model, feature
SOURCE(CLICKHOUSE(USER '$USER' PASSWORD '$PASSWORD' QUERY 'SELECT model, feature, grid_id, center, scale, low, bins_per_unit, active_from FROM $DATABASE.feature_grids FINAL'))
LAYOUT(COMPLEX_KEY_HASHED_ARRAY()) LIFETIME(MIN 20 MAX 40);

-- The same by one number made of both names, which is what the views ask for.
CREATE OR REPLACE DICTIONARY grid_by_key $ON_CLUSTER (
  key UInt64, grid_id UInt32, center Float64, scale Float64, low Float64, bins_per_unit Float64, active_from DateTime64(3, 'UTC')
) PRIMARY KEY key
SOURCE(CLICKHOUSE(USER '$USER' PASSWORD '$PASSWORD' QUERY 'SELECT 31 * cityHash64(model) + cityHash64(feature) AS key, grid_id, center, scale, low, bins_per_unit, active_from FROM $DATABASE.feature_grids FINAL'))
LAYOUT(HASHED_ARRAY()) LIFETIME(MIN 20 MAX 40);

CREATE OR REPLACE DICTIONARY grid_value_codes $ON_CLUSTER (
  grid_id UInt32, value String, code UInt8
) PRIMARY KEY grid_id, value
SOURCE(CLICKHOUSE(USER '$USER' PASSWORD '$PASSWORD' QUERY 'SELECT grid_id, value, code FROM $DATABASE.feature_grid_values FINAL'))
LAYOUT(COMPLEX_KEY_HASHED_ARRAY()) LIFETIME(MIN 20 MAX 40);

