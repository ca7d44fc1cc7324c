import { z } from 'zod';
import { parseDuration } from '../../core/duration.ts';
import { RECORD_KINDS } from '../../store/ingest/unit.ts';

const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  context.addIssue({ code: 'custom', message: 'must be a duration such as 500ms, 10s or 1m' });
  return z.NEVER;
});

const topicName = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,249}$/, 'must be a topic name: letters, digits, dot, underscore and hyphen, at most 249');
const topicList = z
  .union([topicName.transform((name) => [name]), z.array(topicName).max(1000)])
  .default([])
  .describe('One topic or a list.');

const topicsSchema = z
  .strictObject({
    predictions: topicList,
    labels: topicList,
    business: topicList,
    events: topicList,
  })
  .refine((topics) => RECORD_KINDS.some((kind) => topics[kind].length > 0), 'must name at least one topic')
  .refine((topics) => {
    const names = RECORD_KINDS.flatMap((kind) => topics[kind]);
    return new Set(names).size === names.length;
  }, 'must not name a topic twice: its records are of one kind');

const sslSchema = z.union([
  z.boolean(),
  z.strictObject({
    ca: z.string().optional().describe('Path of the certificates (PEM) that the brokers are checked against.'),
    cert: z.string().optional().describe('Path of our certificate (PEM).'),
    key: z.string().optional().describe('Path of our key (PEM).'),
    server_name: z.string().optional().describe('Name expected in the brokers’ certificate.'),
    verify: z.boolean().default(true).describe('False takes any certificate: for tests only.'),
  }),
]);

const passwordSchema = z.strictObject({
  mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']),
  username: z.string().min(1),
  password: z.string().min(1).describe('Give it as ${ENV_NAME} or file:/path, never literally.'),
});

const oauthSchema = z
  .strictObject({
    mechanism: z.literal('oauthbearer'),
    token_file: z.string().min(1).optional().describe('Path of a token that somebody keeps fresh; read at each login.'),
    token_url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('Or the token endpoint of an authorization server, asked with client credentials (RFC 6749).'),
    client_id: z.string().min(1).optional(),
    client_secret: z.string().min(1).optional().describe('Give it as ${ENV_NAME} or file:/path, never literally.'),
    scope: z.string().min(1).optional().describe('Scopes to ask for, separated by spaces.'),
  })
  .refine((sasl) => (sasl.token_file === undefined) !== (sasl.token_url === undefined), {
    path: ['token_file'],
    error: 'must be given, or token_url instead of it',
  })
  .refine(
    (sasl) => sasl.token_url === undefined || (sasl.client_id !== undefined && sasl.client_secret !== undefined),
    {
      path: ['client_id'],
      error: 'must be given with client_secret when there is a token_url',
    },
  );

const saslSchema = z.discriminatedUnion('mechanism', [passwordSchema, oauthSchema]);

const MIB = 1024 * 1024;

/** The configuration `collectors.kafka`: which topics are read, from which brokers and how. */
export const kafkaConfigSchema = z
  .strictObject({
    brokers: z
      .array(z.string().regex(/^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):\d{1,5}$/, 'must be host:port'))
      .min(1)
      .describe('Brokers to begin with, host:port each; the others are found through them.'),
    group_id: z
      .string()
      .min(1)
      .max(249)
      .default('plumbline')
      .describe('Consumer group. A new name reads everything again and counts it again.'),
    client_id: z.string().min(1).max(249).default('plumbline').describe('How the brokers log us.'),
    topics: topicsSchema.describe('Topics by the kind of record they carry.'),
    from: z
      .enum(['earliest', 'latest'])
      .default('earliest')
      .describe('Where topics are begun that the group has never read.'),
    ssl: sslSchema.default(false).describe('True for TLS with the system’s certificates, or paths.'),
    sasl: saslSchema.optional(),
    session_timeout: duration.prefault('30s').describe('Silence after which the group gives our partitions away.'),
    rebalance_timeout: duration.prefault('60s').describe('How long the group waits for us to hand partitions over.'),
    request_timeout: duration.prefault('30s').describe('How long a broker may take to answer.'),
    silence_timeout: duration
      .prefault('60s')
      .describe('A consumer that has fetched nothing for so long, and stores nothing, is thrown away and made anew.'),
    linger: duration.prefault('1s').describe('How long a broker waits for more records before it answers.'),
    min_fetch_bytes: z
      .int()
      .min(1)
      .max(64 * MIB)
      .default(MIB)
      .describe('A broker that has this much does not wait.'),
    max_fetch_bytes: z
      .int()
      .min(1024)
      .max(1024 * MIB)
      .default(16 * MIB)
      .describe('Most bytes of one fetch of a broker.'),
    max_partition_fetch_bytes: z
      .int()
      .min(1024)
      .max(256 * MIB)
      .default(4 * MIB)
      .describe('Most bytes of one partition in a fetch, as they are stored by the broker.'),
    max_inflated_bytes: z
      .int()
      .min(MIB)
      .max(1024 * MIB)
      .default(256 * MIB)
      .describe(
        'Most bytes of one batch of records once it is decompressed: a larger one is a dead letter, and so is one of more records than a 512th of it. A fetch that is larger in all is read in parts.',
      ),
    max_block_rows: z.int().min(1).max(500_000).default(50_000).describe('Most records stored in one step.'),
    max_block_bytes: z
      .int()
      .min(1024)
      .max(256 * MIB)
      .default(32 * MIB)
      .describe('Most bytes of records stored in one step.'),
    concurrency: z.int().min(1).max(64).default(4).describe('Partitions that are stored side by side.'),
    lag_limit: z
      .int()
      .min(1)
      .optional()
      .describe('Records not read yet, over all our partitions, beyond which /readyz says 503.'),
  })
  .refine((config) => config.max_partition_fetch_bytes <= config.max_fetch_bytes, {
    path: ['max_partition_fetch_bytes'],
    error: 'must not be larger than max_fetch_bytes',
  })
  .refine((config) => config.request_timeout > config.linger, {
    path: ['request_timeout'],
    error: 'must be longer than linger',
  })
  .refine((config) => config.silence_timeout > config.linger, {
    path: ['silence_timeout'],
    error: 'must be longer than linger',
  });

export type KafkaConfig = z.infer<typeof kafkaConfigSchema>;
