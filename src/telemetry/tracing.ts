export interface Tracing {
  /** Sends what is left; safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Sends the spans of the service by OTLP/HTTP. Without an endpoint nothing is set up, and spans are no-ops.
 *
 * @param endpoint  Base URL of an OTLP receiver; spans go to its /v1/traces.
 */
export async function startTracing(endpoint: string | undefined, version: string): Promise<Tracing> {
  if (endpoint === undefined) return { stop: async () => {} };
  // Some three hundred files, which a service that sends no spans need not read at its start.
  const [{ OTLPTraceExporter }, { resourceFromAttributes }, { BatchSpanProcessor, NodeTracerProvider }] =
    await Promise.all([
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/sdk-trace-node'),
    ]);
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
