import { z } from 'zod';
import { routingConfigSchema } from '../alerting/routing-config.ts';
import { businessConfigSchema } from '../collectors/business/config.ts';
import { eventsConfigSchema } from '../collectors/events/config.ts';
import { kafkaConfigSchema } from '../collectors/kafka/config.ts';
import { kserveConfigSchema } from '../collectors/kserve/config.ts';
import { otlpConfigSchema } from '../collectors/otlp/config.ts';
import { prometheusConfigSchema } from '../collectors/prometheus/config.ts';
import { remoteWriteConfigSchema } from '../collectors/prometheus/remote-write/config.ts';
import { opencostConfigSchema } from '../collectors/serving/config.ts';
import { notifyConfigSchema } from '../notify/config.ts';
import { duration } from './fields.ts';
import { modelSchema } from './models.ts';

const tokenSchema = z.strictObject({
  name: z.string().min(1),
  token: z.string().min(16).describe('The secret; ${ENV} or file:PATH.'),
  scopes: z.array(z.enum(['ingest', 'read', 'admin'])).min(1),
});

const serverSchema = z.strictObject({
  host: z.string().default('127.0.0.1').describe('Without tokens only a loopback address is allowed.'),
  port: z.number().int().min(0).max(65_535).default(8080),
  tokens: z.array(tokenSchema).default([]),
  public_url: z.url().optional().describe('How people reach the service; used in links of alerts.'),
  max_body_bytes: z.number().int().positive().default(4_294_967_296).describe('Largest body after decompression.'),
  answer_timeout: duration()
    .default(30_000)
    .describe('How long a sender waits for its records to be stored before it is told to send them again (503).'),
});

const clickhouseSchema = z.strictObject({
  url: z
    .union([
      z.literal('embedded'),
      z.url({ protocol: /^https?$/, error: 'must be "embedded" or an http or https URL' }),
    ])
    .default('embedded')
    .describe('"embedded" or the http(s) URL of a ClickHouse server, 25.3 or newer.'),
  path: z.string().default('.plumbline').describe('Data folder of the embedded engine and of the spool.'),
  database: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'must match ^[A-Za-z_][A-Za-z0-9_]{0,63}$')
    .default('plumbline'),
  username: z.string().default('default'),
  password: z.string().default(''),
  cluster: z.string().optional().describe('Name of a cluster: tables are then replicated and distributed.'),
  port: z
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(0)
    .describe('HTTP port of the embedded engine; 0 lets the system choose.'),
  memory_bytes: z.number().int().min(500_000_000).default(4_000_000_000).describe('Memory of the embedded engine.'),
  threads: z.number().int().min(1).max(256).default(2).describe('Threads per query of the embedded engine.'),
});

const retentionSchema = z.strictObject({
  predictions: duration().optional(),
  labels: duration().optional(),
  samples: duration().optional(),
  signals: duration().optional(),
  dead_letters: duration().optional(),
  late: duration().default(86_400_000).describe('How late data may come and still change a drift result.'),
});

const telemetrySchema = z.strictObject({
  log_level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  otlp_endpoint: z.url().optional().describe('OTLP/HTTP endpoint that receives the spans of the service itself.'),
});

/** The whole of plumbline.yaml. Everything has a default. */
export const configSchema = z.strictObject({
  server: serverSchema.prefault({}),
  clickhouse: clickhouseSchema.prefault({}),
  retention: retentionSchema.prefault({}).describe('What is deleted after how long; by default nothing.'),
  collectors: z
    .strictObject({
      events: eventsConfigSchema.prefault({}),
      kafka: kafkaConfigSchema.optional(),
      kserve: kserveConfigSchema.prefault({}),
      otlp: otlpConfigSchema.prefault({}),
      opencost: opencostConfigSchema.optional(),
      prometheus: prometheusConfigSchema.prefault({}),
      remote_write: remoteWriteConfigSchema.prefault({}),
    })
    .prefault({}),
  models: z.array(modelSchema).default([]),
  business: businessConfigSchema,
  rules: z.array(z.string()).optional().describe('Rule files or folders; default: the rules that come with Plumbline.'),
  notify: notifyConfigSchema
    .extend(routingConfigSchema.shape)
    .prefault({})
    .describe('Whom to tell of alerts, and how.'),
  metrics: z
    .strictObject({
      max_features_per_model: z
        .number()
        .int()
        .min(0)
        .default(20)
        .describe('Feature series per model on /metrics, worst first.'),
    })
    .prefault({}),
  evaluation: z
    .strictObject({
      interval: duration().default(60_000).describe('How often the minute loop looks for closed minutes.'),
      delay: duration().default(5_000).describe('How long after its end a minute is evaluated.'),
      lease: duration()
        .refine((ms) => ms >= 2000, 'must be 2s or longer')
        .default(24_000)
        .describe('How long a replica that died keeps the others from evaluating and paging in its place.'),
    })
    .prefault({}),
  telemetry: telemetrySchema.prefault({}),
});

export type Config = z.infer<typeof configSchema>;
export type ConfigInput = z.input<typeof configSchema>;
