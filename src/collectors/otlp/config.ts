import { z } from 'zod';

/** The configuration `collectors.otlp`: OpenTelemetry logs and metrics over HTTP. */
export const otlpConfigSchema = z.strictObject({
  enabled: z.boolean().default(true).describe('False removes POST /otlp/v1/logs and /otlp/v1/metrics.'),
  max_body_bytes: z
    .int()
    .min(1024)
    .max(268_435_456)
    .default(67_108_864)
    .describe('Largest request after decompression.'),
  max_held_bytes: z
    .int()
    .min(1024)
    .default(268_435_456)
    .describe('Most bytes of requests in hand at once; beyond that senders are told to come back (503).'),
  series_limit: z
    .int()
    .min(1)
    .max(10_000_000)
    .default(200_000)
    .describe('Most different metric series within an hour; new ones beyond are refused.'),
});

export type OtlpConfig = z.infer<typeof otlpConfigSchema>;
