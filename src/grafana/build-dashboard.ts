import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  type AnnotationQuery,
  DashboardBuilder,
  DashboardCursorSync,
  type DashboardLink,
  DashboardLinkBuilder,
  DashboardLinkType,
  TimePickerBuilder,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { AppError } from '../core/errors.ts';
import { dashboardProblems } from './dashboard-problems.ts';
import type { JsonObject } from './json.ts';
import { layOut, type Section } from './layout.ts';
import type { PanelLink } from './panel-text.ts';
import { tidy } from './tidy.ts';

/** On every dashboard of ours; the drop-down of the others finds them by it. */
const DASHBOARD_TAG = 'plumbline';

export interface DashboardSpec {
  /** At most 40 characters; stable for ever. */
  readonly uid: string;
  readonly title: string;
  /** The question the dashboard answers. */
  readonly description: string;
  readonly variables: readonly Builder<VariableModel>[];
  readonly annotations: readonly Builder<AnnotationQuery>[];
  readonly links: readonly PanelLink[];
  readonly sections: readonly Section[];
  /** Begin of the time range that is shown first; six hours ago by default. */
  readonly from?: string;
}

/**
 * Returns a dashboard as Grafana's JSON: read-only, one time axis with a shared crosshair.
 *
 * @throws E_DASHBOARD  when it has problems that Grafana would hide: missing ids, overlaps, undefined variables
 */
export function buildDashboard(spec: DashboardSpec): JsonObject {
  const dashboard = new DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags([DASHBOARD_TAG])
    .readonly()
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: spec.from ?? 'now-6h', to: 'now' })
    .timepicker(new TimePickerBuilder().refreshIntervals(['1m', '5m', '15m', '1h']))
    .refresh('1m')
    .variables([...spec.variables])
    .annotations([...spec.annotations])
    .links([otherDashboards(), ...spec.links.map(pageLink)])
    .build();
  const json = tidy({ ...dashboard, panels: [...layOut(spec.sections)] });
  const problems = dashboardProblems(json);
  if (problems.length === 0) return json;
  throw new AppError('E_DASHBOARD', `Dashboard ${spec.uid} has problems: ${problems.join(' ')}`);
}

function otherDashboards(): Builder<DashboardLink> {
  return new DashboardLinkBuilder('Plumbline dashboards')
    .type(DashboardLinkType.Dashboards)
    .tags([DASHBOARD_TAG])
    .asDropdown(true)
    .includeVars(true)
    .keepTime(true);
}

function pageLink(link: PanelLink): Builder<DashboardLink> {
  return new DashboardLinkBuilder(link.title)
    .type(DashboardLinkType.Link)
    .icon('external link')
    .url(link.url)
    .targetBlank(true);
}
