import { labelOf, partOf, type SeriesRule, type ServingAdapter } from './serving-adapter.ts';

/** The exporter of vpenso. */
const VPENSO: readonly SeriesRule[] = [
  { name: 'slurm_queue_pending', measure: 'pending' },
  { name: 'slurm_queue_running', measure: 'running' },
  { name: 'slurm_partition_jobs_pending', measure: 'pending' },
  { name: 'slurm_gpus_total', measure: 'gpu_quota' },
  { name: 'slurm_gpus_alloc', measure: 'gpu_quota_used' },
];

/** The exporter of SlinkyProject: gauges in spite of `_total`. */
const SLINKY: readonly SeriesRule[] = [
  { name: 'slurm_jobs_pending_total', measure: 'pending' },
  { name: 'slurm_jobs_running_total', measure: 'running' },
  { name: 'slurm_partition_jobs_pending_total', measure: 'pending' },
];

/** The exporter of rivosinc: jobs by partition and state. */
const RIVOS: readonly SeriesRule[] = [
  {
    name: 'slurm_partition_job_state_total',
    measure: 'pending',
    keep: ({ state }) => /^pending$/i.test(state ?? ''),
  },
  {
    name: 'slurm_partition_job_state_total',
    measure: 'running',
    keep: ({ state }) => /^running$/i.test(state ?? ''),
  },
];

/** Reads the three exporters of Slurm, by the series that exist. @see vpenso, SlinkyProject and rivosinc, collectors */
export const slurm: ServingAdapter = {
  runtime: 'slurm',
  title: 'Slurm',
  note: 'Exporters of vpenso (the only one with GPUs), SlinkyProject and rivosinc, told apart by their series.',
  rules: [...VPENSO, ...SLINKY, ...RIVOS],
  subject: (labels) => ({ model: '', version: '', part: partOf('partition', labelOf(labels, 'partition')) }),
};
