/** What a DCGM field says, in base units after scaling: ratios 0..1, bytes, celsius, watts, bytes per second, codes. */
export type GpuQuantity =
  | 'utilization'
  | 'engine_active'
  | 'sm_active'
  | 'memory_used'
  | 'memory_free'
  | 'memory_reserved'
  | 'memory_total'
  | 'memory_used_ratio'
  | 'temperature'
  | 'power'
  | 'pcie_sent'
  | 'pcie_received'
  | 'xid_code'
  | 'xid_count';

export interface DcgmField {
  /** Number of the field in DCGM's dcgm_fields.h; undefined for what only the exporter makes. */
  readonly id: number | undefined;
  readonly quantity: GpuQuantity;
  readonly names: readonly string[];
  /** Factor to the base unit; 'undeclared' where releases of DCGM disagree about the unit of one name. */
  readonly scale: number | 'undeclared';
  /** Largest believable value in the exporter's unit. DCGM's blanks (int32, int64 and double) all lie above. */
  readonly max: number;
  /** A device field has one value for the whole GPU, also when the GPU is cut into MIG instances. */
  readonly level: 'instance' | 'device';
}

const MIB = 1_048_576;
/** Profiling ratios overshoot 1 by rounding. */
const RATIO = { scale: 1, max: 1.05 } as const;
const PERCENT = { scale: 0.01, max: 100 } as const;
const MEBIBYTES = { scale: MIB, max: 1e9 } as const;
const BYTES_PER_SECOND = { scale: 1, max: 1e13 } as const;
const INSTANCE = { level: 'instance' } as const;
const DEVICE = { level: 'device' } as const;

/**
 * The fields of DCGM that are read, by number, under every name they had: today's exporter, DCGM 4.6 (2026-07) and
 * the shell exporter of 2019.
 *
 * @see NVIDIA/DCGM dcgmlib/dcgm_fields.h v4.6.0; NVIDIA/dcgm-exporter etc/default-counters.csv
 */
const FIELDS: readonly DcgmField[] = [
  {
    id: 150,
    quantity: 'temperature',
    names: ['DCGM_FI_DEV_GPU_TEMP', 'DCGM_FI_DEV_GPU_TEMP_CELSIUS', 'dcgm_gpu_temp'],
    scale: 1,
    max: 1000,
    ...DEVICE,
  },
  {
    id: 155,
    quantity: 'power',
    names: ['DCGM_FI_DEV_POWER_USAGE', 'DCGM_FI_DEV_BOARD_POWER_WATTS', 'dcgm_power_usage'],
    scale: 1,
    max: 100_000,
    ...DEVICE,
  },
  {
    id: 203,
    quantity: 'utilization',
    names: ['DCGM_FI_DEV_GPU_UTIL', 'dcgm_gpu_utilization'],
    ...PERCENT,
    ...INSTANCE,
  },
  // An integer percent in DCGM 4.6, and the name of a 0..1 field in releases after it.
  {
    id: 203,
    quantity: 'utilization',
    names: ['DCGM_FI_DEV_GPU_UTIL_RATIO'],
    scale: 'undeclared',
    max: 100,
    ...INSTANCE,
  },
  {
    id: 230,
    quantity: 'xid_code',
    names: ['DCGM_FI_DEV_XID_ERRORS', 'DCGM_FI_DEV_XID_ERROR', 'dcgm_xid_errors'],
    scale: 1,
    max: 1_000_000,
    ...DEVICE,
  },
  { id: undefined, quantity: 'xid_count', names: ['DCGM_EXP_XID_ERRORS_COUNT'], scale: 1, max: 1e9, ...DEVICE },
  { id: 250, quantity: 'memory_total', names: ['DCGM_FI_DEV_FB_TOTAL'], ...MEBIBYTES, ...INSTANCE },
  { id: 251, quantity: 'memory_free', names: ['DCGM_FI_DEV_FB_FREE', 'dcgm_fb_free'], ...MEBIBYTES, ...INSTANCE },
  { id: 252, quantity: 'memory_used', names: ['DCGM_FI_DEV_FB_USED', 'dcgm_fb_used'], ...MEBIBYTES, ...INSTANCE },
  { id: 253, quantity: 'memory_reserved', names: ['DCGM_FI_DEV_FB_RESERVED'], ...MEBIBYTES, ...INSTANCE },
  {
    id: 254,
    quantity: 'memory_used_ratio',
    names: ['DCGM_FI_DEV_FB_USED_PERCENT', 'DCGM_FI_DEV_FB_USED_RATIO'],
    ...RATIO,
    ...INSTANCE,
  },
  {
    id: 1001,
    quantity: 'engine_active',
    names: ['DCGM_FI_PROF_GR_ENGINE_ACTIVE', 'DCGM_FI_PROF_GR_ENGINE_UTIL_RATIO'],
    ...RATIO,
    ...INSTANCE,
  },
  {
    id: 1002,
    quantity: 'sm_active',
    names: ['DCGM_FI_PROF_SM_ACTIVE', 'DCGM_FI_PROF_SM_UTIL_RATIO'],
    ...RATIO,
    ...INSTANCE,
  },
  { id: 1009, quantity: 'pcie_sent', names: ['DCGM_FI_PROF_PCIE_TX_BYTES'], ...BYTES_PER_SECOND, ...DEVICE },
  { id: 1010, quantity: 'pcie_received', names: ['DCGM_FI_PROF_PCIE_RX_BYTES'], ...BYTES_PER_SECOND, ...DEVICE },
];

const BY_NAME: ReadonlyMap<string, DcgmField> = new Map(
  FIELDS.flatMap((field) => field.names.map((name) => [name, field] as const)),
);

/** Returns the DCGM field a metric stands for, whichever name the exporter uses, or undefined for another metric. */
export function findDcgmField(metric: string): DcgmField | undefined {
  return BY_NAME.get(metric);
}
