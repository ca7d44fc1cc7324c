import type { BacktestPage, PageComparison } from '../alerting/backtest.ts';

/** What a replay found. Times in epoch ms. */
export interface BacktestReport {
  readonly fromMs: number;
  readonly toMs: number;
  readonly pages: readonly BacktestPage[];
  readonly against: readonly BacktestPage[] | undefined;
  readonly comparison: PageComparison | undefined;
}

const MINUTE_MS = 60_000;
const WEEK_MS = 7 * 86_400_000;
/** So many lines a list; the counts are always whole. */
const SHOWN = 200;

/** Returns a replay as JSON. */
export function backtestJson(report: BacktestReport): string {
  const { pages, against, comparison } = report;
  const whole = {
    from: iso(report.fromMs),
    to: iso(report.toMs),
    rules: setJson(pages, report),
    ...(against === undefined ? {} : { against: setJson(against, report) }),
    ...(comparison === undefined
      ? {}
      : { gained: comparison.gained.map(pageJson), lost: comparison.lost.map(pageJson), kept: comparison.kept }),
  };
  return `${JSON.stringify(whole, undefined, 2)}\n`;
}

/** Returns a replay as text: what fired how often, and line by line when; with another set only what differs. */
export function backtestTable(report: BacktestReport): string {
  const { pages, against, comparison } = report;
  const days = ((report.toMs - report.fromMs) / 86_400_000).toFixed(1);
  const lines = [`From ${iso(report.fromMs)} to ${iso(report.toMs)}, ${days} days.`, ''];
  lines.push(...table(['alert', 'times', 'a week', 'minutes', 'wakes'], summaryRows(pages, report)));
  if (against !== undefined && comparison !== undefined) {
    lines.push(
      '',
      'Against:',
      ...table(['alert', 'times', 'a week', 'minutes', 'wakes'], summaryRows(against, report)),
    );
    lines.push('', `${comparison.kept} kept, ${comparison.gained.length} gained, ${comparison.lost.length} lost.`);
    lines.push(...pageLines('+', comparison.gained), ...pageLines('-', comparison.lost));
  } else {
    lines.push('', ...pageLines(' ', pages));
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function setJson(pages: readonly BacktestPage[], report: BacktestReport) {
  return {
    fired: pages.length,
    pages: pages.filter(wakes).length,
    pages_per_week: perWeek(pages.filter(wakes).length, report),
    alerts: byAlert(pages).map(([alert, list]) => ({
      alert,
      fired: list.length,
      per_week: perWeek(list.length, report),
      minutes: minutesOf(list),
      wakes: list.some(wakes),
    })),
    episodes: pages.map(pageJson),
  };
}

function pageJson(page: BacktestPage) {
  const { alert, scope, model, severity, actions, resolved, summary } = page;
  const times = { from: iso(page.fromMs), to: iso(page.toMs), minutes: minutesOf([page]), resolved };
  return { alert, scope, model, severity, actions, ...times, summary };
}

function summaryRows(pages: readonly BacktestPage[], report: BacktestReport): readonly (readonly string[])[] {
  const row = (name: string, list: readonly BacktestPage[]): readonly string[] => [
    name,
    String(list.length),
    perWeek(list.length, report).toFixed(2),
    String(minutesOf(list)),
    String(list.filter(wakes).length),
  ];
  return [...byAlert(pages).map(([alert, list]) => row(alert, list)), row('all', pages)];
}

function pageLines(sign: string, pages: readonly BacktestPage[]): readonly string[] {
  const lines = pages.slice(0, SHOWN).map((page) => {
    const end = page.resolved ? iso(page.toMs) : 'still firing';
    return `${sign} ${iso(page.fromMs)} .. ${end}  ${page.alert} ${page.scope}  ${minutesOf([page])} min  ${page.summary}`;
  });
  return pages.length > SHOWN ? [...lines, `${sign} and ${pages.length - SHOWN} more`] : lines;
}

function byAlert(pages: readonly BacktestPage[]): readonly (readonly [string, readonly BacktestPage[]])[] {
  const names = [...new Set(pages.map(({ alert }) => alert))].sort();
  return names.map((name) => [name, pages.filter(({ alert }) => alert === name)]);
}

function wakes({ actions }: BacktestPage): boolean {
  return actions.includes('page');
}

function perWeek(count: number, { fromMs, toMs }: BacktestReport): number {
  return Math.round(((count * WEEK_MS) / (toMs - fromMs)) * 100) / 100;
}

function minutesOf(pages: readonly BacktestPage[]): number {
  return pages.reduce((sum, { fromMs, toMs }) => sum + (toMs - fromMs) / MINUTE_MS, 0);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((_, index) => Math.max(...[head, ...rows].map((cells) => (cells[index] ?? '').length)));
  return [head, ...rows].map((cells) =>
    cells
      .map((cell, index) => (index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join('  '),
  );
}

function iso(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16)}Z`;
}
