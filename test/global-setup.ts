/** Nothing to start yet: each integration test owns its engine. Kept as the single place that installs real components. */
export function setup(): void {}
