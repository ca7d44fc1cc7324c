/**
 * Installs what the tests need before the first of them: in a worker an installation of minutes would keep it from
 * answering the runner. What cannot be had is said by the tests that need it.
 */
import { installTools } from '../scripts/real-components.ts';
import { requireKafka } from './support/kafka-broker.ts';

installTools();
try {
  requireKafka();
} catch {
  // in CI: the tests that need a broker fail with the reason
}
