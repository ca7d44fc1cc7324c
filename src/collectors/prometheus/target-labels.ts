import type { Labels } from './metric-sample.ts';

/**
 * Returns the labels of a sample together with those of its target, as Prometheus does it: with `honorLabels` the
 * exporter's own label wins; without, the target's wins and the exporter's is kept as `exported_<name>`.
 * Empty labels are absent labels and left out.
 *
 * @see Prometheus, scrape_config.honor_labels and scrape.mutateSampleLabels
 */
export function withTargetLabels(exposed: Labels, target: Labels, honorLabels: boolean): Labels {
  const merged = honorLabels ? { ...target, ...exposed } : { ...renameConflicts(exposed, target), ...target };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ''));
}

function renameConflicts(exposed: Labels, target: Labels): Labels {
  const kept: [string, string][] = [];
  for (const [name, value] of Object.entries(exposed)) {
    if (!Object.hasOwn(target, name)) {
      kept.push([name, value]);
    } else if (value !== '') {
      kept.push([freeName(`exported_${name}`, exposed, target), value]);
    }
  }
  return Object.fromEntries(kept);
}

function freeName(name: string, exposed: Labels, target: Labels): string {
  let free = name;
  while (Object.hasOwn(exposed, free) || Object.hasOwn(target, free)) free = `exported_${free}`;
  return free;
}
