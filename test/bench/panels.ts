import { dashboards } from '../../dashboards/index.ts';
import { objectsAt, textAt } from '../../src/grafana/json.ts';

/** A panel of a generated dashboard that asks ClickHouse. */
export interface Panel {
  readonly dashboard: string;
  readonly title: string;
  readonly sqls: readonly string[];
  /** Most points that the panel asks for; undefined is one a pixel. */
  readonly maxPoints: number | undefined;
}

/** Returns the panels of all dashboards. */
export function panels(): readonly Panel[] {
  return dashboards.flatMap((make) => {
    const dashboard = make();
    return objectsAt(dashboard, 'panels')
      .map((panel) => ({
        dashboard: textAt(dashboard, 'uid').replace('plumbline-', ''),
        title: textAt(panel, 'title'),
        maxPoints: typeof panel['maxDataPoints'] === 'number' ? panel['maxDataPoints'] : undefined,
        sqls: objectsAt(panel, 'targets')
          .map((target) => textAt(target, 'rawSql'))
          .filter((sql) => sql !== ''),
      }))
      .filter(({ sqls }) => sqls.length > 0);
  });
}
