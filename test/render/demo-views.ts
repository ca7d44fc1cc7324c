import { INCIDENT, LIVE_FROM_MS, LIVE_TO_MS, END_OF_JUNE_MS } from '../../src/demo/demo-dates.ts';
import { DASHBOARD_UIDS } from '../../src/grafana/links.ts';

/** What of the demo's half year a picture shows. */
export interface DemoView {
  readonly fromMs: number;
  readonly toMs: number;
  /** Values of variables preferred to the first. */
  readonly preferred?: Readonly<Record<string, string>>;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Dashboards that the demo does not feed, or hardly: no server of language models, and a single GPU that is simulated. */
export const NOT_OF_DEMO: ReadonlySet<string> = new Set([DASHBOARD_UIDS.gpuFleet, DASHBOARD_UIDS.llm]);

/** The incident for what is of minutes; June for what the demo concludes once a day. */
export const DEMO_VIEWS: Readonly<Record<string, DemoView>> = {
  [DASHBOARD_UIDS.fleet]: { fromMs: LIVE_FROM_MS - 5 * HOUR, toMs: INCIDENT.toMs - MINUTE },
  [DASHBOARD_UIDS.model]: { fromMs: LIVE_FROM_MS - HOUR, toMs: LIVE_TO_MS - 2 * MINUTE },
  [DASHBOARD_UIDS.featureDrift]: {
    fromMs: END_OF_JUNE_MS - 30 * DAY,
    toMs: END_OF_JUNE_MS,
    preferred: { feature: 'origin_delay_min' },
  },
  [DASHBOARD_UIDS.dataQuality]: { fromMs: END_OF_JUNE_MS - 30 * DAY, toMs: END_OF_JUNE_MS },
  [DASHBOARD_UIDS.alerts]: { fromMs: LIVE_TO_MS - 14 * DAY, toMs: LIVE_TO_MS },
  [DASHBOARD_UIDS.self]: { fromMs: LIVE_FROM_MS + 2 * MINUTE, toMs: LIVE_TO_MS - 2 * MINUTE },
  [DASHBOARD_UIDS.objectives]: { fromMs: END_OF_JUNE_MS - 30 * DAY, toMs: END_OF_JUNE_MS },
};
