import type { Dashboard } from '@grafana/schema';

/** What ClickHouse answered: columns with their types, and rows. */
export interface Answer {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** One series of Prometheus: its labels, and pairs of milliseconds and value. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [number, number])[];
}

/** A question to Prometheus; times in milliseconds. */
export interface PrometheusQuestion {
  readonly expression: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  readonly instant: boolean;
}

/** What is drawn, of which time range, with which values of variables preferred to the first. */
export interface RenderRequest {
  readonly dashboard: Dashboard;
  readonly fromMs: number;
  readonly toMs: number;
  readonly width: number;
  readonly preferred: Readonly<Record<string, string>>;
}

/** What became of a panel. */
export interface PanelReport {
  readonly title: string;
  readonly type: string;
  readonly rows: number;
  readonly milliseconds: number;
  readonly error: string;
}

declare global {
  interface Window {
    /** Answered by the script that opened the page. */
    askClickHouse(sql: string): Promise<Answer>;
    askPrometheus(question: PrometheusQuestion): Promise<readonly Series[]>;
    /** Draws a dashboard and reports when everything is painted. */
    renderDashboard(request: RenderRequest): Promise<readonly PanelReport[]>;
  }
}
