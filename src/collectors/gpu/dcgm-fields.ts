/**
 * What a field says, in base units after scaling: ratios 0..1, bytes, celsius, watts, bytes per second, codes. Those
 * from `energy` on are counters since the driver was loaded: joules, seconds throttled, events.
 */
export type GpuQuantity =
  | 'utilization'
  | 'engine_active'
  | 'sm_active'
  | 'tensor_active'
  | 'dram_active'
  | 'memory_used'
  | 'memory_free'
  | 'memory_reserved'
  | 'memory_total'
  | 'memory_used_ratio'
  | 'temperature'
  | 'power'
  | 'pcie_sent'
  | 'pcie_received'
  | 'nvlink_sent'
  | 'nvlink_received'
  | 'xid_code'
  | 'xid_count'
  | 'throttle_reasons'
  | 'row_remap_failed'
  | GpuCounter;

export type GpuCounter =
  | 'energy'
  | 'power_violation'
  | 'thermal_violation'
  | 'board_limit_violation'
  | 'reliability_violation'
  | 'pcie_replays'
  | 'ecc_correctable'
  | 'ecc_correctable_lifetime'
  | 'ecc_uncorrectable'
  | 'ecc_uncorrectable_lifetime'
  | 'rows_remapped_correctable'
  | 'rows_remapped_uncorrectable'
  | 'pages_retired_correctable'
  | 'pages_retired_uncorrectable'
  | 'nvlink_crc_flit'
  | 'nvlink_crc_data'
  | 'nvlink_replay'
  | 'nvlink_recovery';

export interface DcgmField {
  /** Number of the field in DCGM's dcgm_fields.h; undefined for what another exporter makes. */
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
const BYTES = { scale: 1, max: 1e15 } as const;
const BYTES_PER_SECOND = { scale: 1, max: 1e13 } as const;
/** Below the blanks of int64. */
const EVENTS = { scale: 1, max: 1e12 } as const;
/** Its help said microseconds before DCGM 4.4.2; the numbers were nanoseconds all along. */
const NANOSECONDS = { scale: 1e-9, max: 9e18 } as const;
const INSTANCE = { level: 'instance' } as const;
const DEVICE = { level: 'device' } as const;

function field(
  id: number | undefined,
  quantity: GpuQuantity,
  names: readonly string[],
  rest: Pick<DcgmField, 'scale' | 'max' | 'level'>,
): DcgmField {
  return { id, quantity, names, ...rest };
}

const DEV = (name: string): string => `DCGM_FI_DEV_${name}`;
const PROF = (name: string): string => `DCGM_FI_PROF_${name}`;

/**
 * The fields that are read, by DCGM's number, under every name they had: today's exporter, DCGM 4.6 (2026-07), the
 * shell exporter of 2019; and what Triton and nvidia_gpu_exporter tell of the same GPUs.
 * DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL is left out: releases disagree about its unit.
 *
 * @see NVIDIA/DCGM dcgmlib/dcgm_fields.h v4.6.0; NVIDIA/dcgm-exporter etc/default-counters.csv
 */
const FIELDS: readonly DcgmField[] = [
  field(112, 'throttle_reasons', [DEV('CLOCKS_EVENT_REASONS'), DEV('CLOCK_THROTTLE_REASONS')], {
    scale: 1,
    max: 0xffff_ffff,
    ...DEVICE,
  }),
  field(150, 'temperature', [DEV('GPU_TEMP'), DEV('GPU_TEMP_CELSIUS'), 'dcgm_gpu_temp', 'nvidia_smi_temperature_gpu'], {
    scale: 1,
    max: 1000,
    ...DEVICE,
  }),
  field(
    155,
    'power',
    [
      DEV('POWER_USAGE'),
      DEV('BOARD_POWER_WATTS'),
      'dcgm_power_usage',
      'nv_gpu_power_usage',
      'nvidia_smi_power_draw_watts',
    ],
    { scale: 1, max: 100_000, ...DEVICE },
  ),
  field(156, 'energy', [DEV('TOTAL_ENERGY_CONSUMPTION'), 'dcgm_total_energy_consumption'], {
    scale: 0.001,
    max: 1e17,
    ...DEVICE,
  }),
  field(undefined, 'energy', ['nv_energy_consumption'], { scale: 1, max: 1e14, ...DEVICE }),
  field(202, 'pcie_replays', [DEV('PCIE_REPLAY_COUNTER'), DEV('PCIE_REPLAY_TOTAL'), 'dcgm_pcie_replay_counter'], {
    ...EVENTS,
    ...DEVICE,
  }),
  field(203, 'utilization', [DEV('GPU_UTIL'), 'dcgm_gpu_utilization'], { ...PERCENT, ...INSTANCE }),
  // An integer percent in DCGM 4.6, and the name of a 0..1 field in releases after it.
  field(203, 'utilization', [DEV('GPU_UTIL_RATIO')], { scale: 'undeclared', max: 100, ...INSTANCE }),
  field(undefined, 'utilization', ['nv_gpu_utilization', 'nvidia_smi_utilization_gpu_ratio'], {
    ...RATIO,
    ...INSTANCE,
  }),
  field(230, 'xid_code', [DEV('XID_ERRORS'), DEV('XID_ERROR'), 'dcgm_xid_errors'], {
    scale: 1,
    max: 1_000_000,
    ...DEVICE,
  }),
  field(undefined, 'xid_count', ['DCGM_EXP_XID_ERRORS_COUNT'], { scale: 1, max: 1e9, ...DEVICE }),
  field(240, 'power_violation', [DEV('POWER_VIOLATION'), 'dcgm_power_violation'], { ...NANOSECONDS, ...DEVICE }),
  field(241, 'thermal_violation', [DEV('THERMAL_VIOLATION'), 'dcgm_thermal_violation'], { ...NANOSECONDS, ...DEVICE }),
  field(243, 'board_limit_violation', [DEV('BOARD_LIMIT_VIOLATION'), 'dcgm_board_limit_violation'], {
    ...NANOSECONDS,
    ...DEVICE,
  }),
  field(245, 'reliability_violation', [DEV('RELIABILITY_VIOLATION'), 'dcgm_reliability_violation'], {
    ...NANOSECONDS,
    ...DEVICE,
  }),
  field(250, 'memory_total', [DEV('FB_TOTAL')], { ...MEBIBYTES, ...INSTANCE }),
  field(251, 'memory_free', [DEV('FB_FREE'), 'dcgm_fb_free'], { ...MEBIBYTES, ...INSTANCE }),
  field(252, 'memory_used', [DEV('FB_USED'), 'dcgm_fb_used'], { ...MEBIBYTES, ...INSTANCE }),
  field(253, 'memory_reserved', [DEV('FB_RESERVED')], { ...MEBIBYTES, ...INSTANCE }),
  field(undefined, 'memory_total', ['nv_gpu_memory_total_bytes', 'nvidia_smi_memory_total_bytes'], {
    ...BYTES,
    ...INSTANCE,
  }),
  field(undefined, 'memory_used', ['nv_gpu_memory_used_bytes', 'nvidia_smi_memory_used_bytes'], {
    ...BYTES,
    ...INSTANCE,
  }),
  field(254, 'memory_used_ratio', [DEV('FB_USED_PERCENT'), DEV('FB_USED_RATIO')], { ...RATIO, ...INSTANCE }),
  field(310, 'ecc_correctable', [DEV('ECC_SBE_VOL_TOTAL'), 'dcgm_ecc_sbe_volatile_total'], { ...EVENTS, ...DEVICE }),
  field(311, 'ecc_uncorrectable', [DEV('ECC_DBE_VOL_TOTAL'), 'dcgm_ecc_dbe_volatile_total'], { ...EVENTS, ...DEVICE }),
  field(312, 'ecc_correctable_lifetime', [DEV('ECC_SBE_AGG_TOTAL'), 'dcgm_ecc_sbe_aggregate_total'], {
    ...EVENTS,
    ...DEVICE,
  }),
  field(313, 'ecc_uncorrectable_lifetime', [DEV('ECC_DBE_AGG_TOTAL'), 'dcgm_ecc_dbe_aggregate_total'], {
    ...EVENTS,
    ...DEVICE,
  }),
  field(
    390,
    'pages_retired_correctable',
    [DEV('RETIRED_SBE'), DEV('PAGE_RETIRED_SBE_TOTAL'), 'dcgm_retired_pages_sbe'],
    { ...EVENTS, ...DEVICE },
  ),
  field(
    391,
    'pages_retired_uncorrectable',
    [DEV('RETIRED_DBE'), DEV('PAGE_RETIRED_DBE_TOTAL'), 'dcgm_retired_pages_dbe'],
    { ...EVENTS, ...DEVICE },
  ),
  field(
    393,
    'rows_remapped_uncorrectable',
    [DEV('UNCORRECTABLE_REMAPPED_ROWS'), DEV('ROW_REMAP_UNCORRECTABLE_TOTAL')],
    { ...EVENTS, ...DEVICE },
  ),
  field(394, 'rows_remapped_correctable', [DEV('CORRECTABLE_REMAPPED_ROWS'), DEV('ROW_REMAP_CORRECTABLE_TOTAL')], {
    ...EVENTS,
    ...DEVICE,
  }),
  field(395, 'row_remap_failed', [DEV('ROW_REMAP_FAILURE'), DEV('ROW_REMAP_FAILED')], { scale: 1, max: 1, ...DEVICE }),
  field(409, 'nvlink_crc_flit', [DEV('NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL'), 'dcgm_nvlink_flit_crc_error_count_total'], {
    ...EVENTS,
    ...DEVICE,
  }),
  field(419, 'nvlink_crc_data', [DEV('NVLINK_CRC_DATA_ERROR_COUNT_TOTAL'), 'dcgm_nvlink_data_crc_error_count_total'], {
    ...EVENTS,
    ...DEVICE,
  }),
  field(429, 'nvlink_replay', [DEV('NVLINK_REPLAY_ERROR_COUNT_TOTAL'), 'dcgm_nvlink_replay_error_count_total'], {
    ...EVENTS,
    ...DEVICE,
  }),
  field(439, 'nvlink_recovery', [DEV('NVLINK_RECOVERY_ERROR_COUNT_TOTAL'), 'dcgm_nvlink_recovery_error_count_total'], {
    ...EVENTS,
    ...DEVICE,
  }),
  field(1001, 'engine_active', [PROF('GR_ENGINE_ACTIVE'), PROF('GR_ENGINE_UTIL_RATIO')], { ...RATIO, ...INSTANCE }),
  field(1002, 'sm_active', [PROF('SM_ACTIVE'), PROF('SM_UTIL_RATIO')], { ...RATIO, ...INSTANCE }),
  field(1004, 'tensor_active', [PROF('PIPE_TENSOR_ACTIVE'), PROF('TENSOR_UTIL_RATIO')], { ...RATIO, ...INSTANCE }),
  field(1005, 'dram_active', [PROF('DRAM_ACTIVE'), PROF('DRAM_UTIL_RATIO')], { ...RATIO, ...INSTANCE }),
  field(1009, 'pcie_sent', [PROF('PCIE_TX_BYTES')], { ...BYTES_PER_SECOND, ...DEVICE }),
  field(1010, 'pcie_received', [PROF('PCIE_RX_BYTES')], { ...BYTES_PER_SECOND, ...DEVICE }),
  field(1011, 'nvlink_sent', [PROF('NVLINK_TX_BYTES')], { ...BYTES_PER_SECOND, ...DEVICE }),
  field(1012, 'nvlink_received', [PROF('NVLINK_RX_BYTES')], { ...BYTES_PER_SECOND, ...DEVICE }),
];

const BY_NAME: ReadonlyMap<string, DcgmField> = new Map(
  FIELDS.flatMap((entry) => entry.names.map((name) => [name, entry] as const)),
);

/** Returns the DCGM field a metric stands for, whichever name the exporter uses, or undefined for another metric. */
export function findDcgmField(metric: string): DcgmField | undefined {
  return BY_NAME.get(metric);
}
