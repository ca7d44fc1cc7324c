import { z } from 'zod';
import type { Labels } from '../metric-sample.ts';

/** Targets that a discovery found, with what it knows about them. */
export interface TargetGroup {
  /** host:port each; becomes the label `__address__`. */
  readonly targets: readonly string[];
  readonly labels: Labels;
}

/** What a file or an HTTP answer of discovery holds: the form that Prometheus reads. */
export const targetGroupsSchema = z
  .array(
    z.object({
      targets: z.array(z.string().min(1).max(1024)).max(100_000),
      labels: z
        .record(z.string().max(256), z.string().max(4096))
        .nullish()
        .transform((labels) => labels ?? {}),
    }),
  )
  .max(100_000);
