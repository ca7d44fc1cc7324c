import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

export interface Tracing {
  /** Sends what is left; safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Sends the spans of the service by OTLP/HTTP. Without an endpoint nothing is set up, and spans are no-ops.
 *
 * @param endpoint  Base URL of an OTLP receiver; spans go to its /v1/traces.
 */
export function startTracing(endpoint: string | undefined, version: string): Tracing {
  if (endpoint === undefined) return { stop: async () => {} };
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'plumbline', 'service.version': version }),
    spanProcessors: [
      new BatchSpanProcessor(
        new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces`, timeoutMillis: 10_000 }),
      ),
    ],
  });
  provider.register();
  return { stop: () => provider.shutdown() };
}
