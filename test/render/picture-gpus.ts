import { PREFERRED } from './picture-models.ts';
import { BUSY, jitter, MINUTES, signalStatement, TROUBLE } from './picture-sql.ts';

const GPUS: readonly (readonly [string, string, number])[] = [
  ['GPU-7f1c', 'late-flights', 0.62],
  ['GPU-2b90', 'late-flights', 0.6],
  ['GPU-a415', 'search-rank', 0.71],
  ['GPU-c7de', 'ad-clicks', 0.55],
  ['GPU-13aa', 'card-fraud', 0.38],
  ['GPU-9e02', 'support-chat', 0.83],
  ['GPU-55b8', 'code-helper', 0.68],
  ['GPU-0d6f', 'churn', 0.06],
];

/** Returns the statements that write signals and samples of eight GPUs. */
export function gpuStatements(): readonly string[] {
  return GPUS.flatMap(([gpu, model, busy], index) => {
    const t = model === PREFERRED.model ? TROUBLE : '0';
    const use = `least(0.995, ${busy} * ${BUSY} + 0.4 * ${t})`;
    const values: Readonly<Record<string, string>> = {
      gpu_utilization_ratio: use,
      gpu_sm_active_ratio: `0.7 * ${use}`,
      gpu_tensor_active_ratio: `0.35 * ${use}`,
      gpu_memory_bandwidth_ratio: `0.45 * ${use}`,
      gpu_memory_used_ratio: `least(0.98, 0.3 + 0.5 * ${busy} + 0.15 * ${t})`,
      gpu_temperature_celsius: `38 + 45 * ${use}`,
      gpu_power_watts: `90 + 560 * ${use}`,
      gpu_pcie_bytes_per_second: `4e9 * ${use}`,
    };
    const throttled = index === 0 ? `0.2 * ${TROUBLE}` : '0';
    const noisy = Object.entries(values);
    return [
      ...noisy.map(([signal, value]) =>
        signalStatement(signal, model, `'', '', '${gpu}'`, jitter(value, gpu + signal, 0.02)),
      ),
      signalStatement('gpu_throttled_ratio', model, `'', '', '${gpu}'`, throttled),
      signalStatement('gpu_xid_changes', model, `'', '', '${gpu}'`, index === 1 ? 'toFloat64(n = 331)' : '0'),
      ...noisy.map(
        ([signal, value]) => `INSERT INTO gpu_samples (ts, signal, gpu, node, namespace, pod, model, weight, value)
          SELECT minute, '${signal}', '${gpu}', 'gpu-node-${1 + (index % 3)}', '${['travel', 'travel', 'search', 'ads', 'payments', 'assistants', 'assistants', 'growth'][index]}', '${model}-${index}', '${model}', 1, ${jitter(value, gpu + signal, 0.02)} FROM ${MINUTES}`,
      ),
    ];
  });
}
