import { z } from 'zod';
import { durationMs } from '../fields.ts';

/** The configuration `collectors.remote_write`: the receiver of Prometheus remote write at POST /api/v1/write. */
export const remoteWriteConfigSchema = z.strictObject({
  enabled: z.boolean().default(true).describe('False answers 404 at POST /api/v1/write.'),
  max_compressed_bytes: z
    .int()
    .min(1024)
    .max(268_435_456)
    .default(16_777_216)
    .describe('Largest request as sent; a larger one is refused (413).'),
  max_raw_bytes: z
    .int()
    .min(1024)
    .max(1_073_741_824)
    .default(67_108_864)
    .describe('Largest request after decompression, read from its beginning before memory is taken (413).'),
  max_age: durationMs
    .prefault('30d')
    .describe('Samples older than this are refused (400); Prometheus catches up two hours after an outage.'),
  answer_timeout: durationMs
    .prefault('20s')
    .describe('How long a sender waits for its samples to be stored before it is told to send them again (503).'),
  label_limit: z.int().min(1).max(256).default(64).describe('Most labels of a series; one with more is refused.'),
  series_limit: z
    .int()
    .min(1)
    .max(10_000_000)
    .default(500_000)
    .describe('Most different series within an hour, of all senders; new ones beyond are refused and counted.'),
});

export type RemoteWriteConfig = z.infer<typeof remoteWriteConfigSchema>;
