import {
  createTheme,
  type DataFrame,
  dateTime,
  type GrafanaTheme2,
  type InterpolateFunction,
  LoadingState,
  type TimeRange,
} from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import type { Dashboard, Panel } from '@grafana/schema';
import { GlobalStyles, PanelChrome, PortalContainer } from '@grafana/ui';
import { ThemeContext } from '@grafana/data';
import type { ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import type { PanelReport, RenderRequest } from './bridge.ts';
import { chooseVariables, type ShownVariable } from './choose-variables.ts';
import { overridden } from './field-overrides.ts';
import { type Mark, PanelBody } from './panel-body.tsx';
import { queryPanel } from './query-panel.ts';
import { readMarks } from './read-marks.ts';
import { replaceVariables } from './replace-variables.ts';

/** Grafana's grid: 24 columns, rows of 30 pixels, 8 pixels between them. */
const COLUMNS = 24;
const ROW_HEIGHT = 30;
const GAP = 8;
const MARGIN = 16;
const HEADER_HEIGHT = 96;

interface DrawnPanel {
  readonly panel: Panel;
  readonly title: string;
  readonly frames: DataFrame[];
  readonly error: string;
  readonly box: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
}

window.renderDashboard = async (request: RenderRequest): Promise<readonly PanelReport[]> => {
  await initPluginTranslations('grafana');
  const { dashboard, fromMs, toMs, width } = request;
  const range = rangeOf(fromMs, toMs);
  const theme = createTheme({ colors: { mode: 'dark' } });
  const context = { fromMs, toMs, intervalMs: 60_000 };
  const { values, shown } = await chooseVariables({ dashboard, context, preferred: request.preferred });
  const replace = replaceVariables(values);
  const marks = await readMarks(dashboard, values, context);
  const drawn: DrawnPanel[] = [];
  const reports: PanelReport[] = [];
  for (const panel of panelsOf(dashboard)) {
    const box = boxOf(panel, width);
    const started = performance.now();
    const title = replace(panel.title ?? '');
    try {
      const raw = panel.type === 'row' ? [] : await queryPanel({ panel, width: box.width, range, chosen: values });
      const frames = overridden({ panel, frames: raw, theme, replace });
      const rows = frames.reduce((sum, { length }) => sum + length, 0);
      drawn.push({ panel, title, frames, error: '', box });
      reports.push({ title, type: panel.type, rows, milliseconds: Math.round(performance.now() - started), error: '' });
    } catch (cause) {
      drawn.push({ panel, title, frames: [], error: String(cause), box });
      reports.push({ title, type: panel.type, rows: 0, milliseconds: 0, error: String(cause) });
    }
  }
  const root = document.createElement('div');
  document.body.append(root);
  createRoot(root).render(
    <Page {...{ title: dashboard.title ?? '', shown, range, theme, drawn, replace, marks, width }} />,
  );
  await document.fonts.ready;
  return reports;
};

interface PageProps {
  readonly title: string;
  readonly shown: readonly ShownVariable[];
  readonly range: TimeRange;
  readonly theme: GrafanaTheme2;
  readonly drawn: readonly DrawnPanel[];
  readonly replace: InterpolateFunction;
  readonly marks: readonly Mark[];
  readonly width: number;
}

function Page({ title, shown, range, theme, drawn, replace, marks, width }: PageProps): ReactNode {
  const height = Math.max(...drawn.map(({ box }) => box.top + box.height)) + MARGIN;
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <PortalContainer />
      <main style={{ position: 'relative', width, height, background: theme.colors.background?.canvas }}>
        <Header title={title} shown={shown} range={range} theme={theme} />
        {drawn.map((one) => (
          <div key={one.panel.id} style={{ position: 'absolute', ...one.box }}>
            {one.panel.type === 'row' ? (
              <div style={{ ...theme.typography.h6, lineHeight: '30px' }}>⌄ {one.title}</div>
            ) : (
              <PanelChrome
                title={one.title}
                description={one.panel.description ?? ''}
                width={one.box.width}
                height={one.box.height}
                padding={one.panel.type === 'table' ? 'none' : 'md'}
                loadingState={one.error === '' ? LoadingState.Done : LoadingState.Error}
                {...(one.error === '' ? {} : { statusMessage: one.error })}
              >
                {(innerWidth: number, innerHeight: number) =>
                  one.error === '' ? (
                    <PanelBody
                      panel={one.panel}
                      frames={one.frames}
                      range={range}
                      theme={theme}
                      replace={replace}
                      marks={marks}
                      width={innerWidth}
                      height={innerHeight}
                    />
                  ) : (
                    <pre style={{ fontSize: 11, whiteSpace: 'pre-wrap' }}>{one.error.slice(0, 600)}</pre>
                  )
                }
              </PanelChrome>
            )}
          </div>
        ))}
      </main>
    </ThemeContext.Provider>
  );
}

function Header(props: Pick<PageProps, 'title' | 'shown' | 'range' | 'theme'>): ReactNode {
  const { title, shown, range, theme } = props;
  const box = {
    background: theme.components.input?.background,
    border: `1px solid ${theme.components.input?.borderColor}`,
    padding: '4px 10px',
    marginRight: 16,
  };
  const time = (at: { valueOf(): number }): string =>
    new Date(at.valueOf()).toISOString().slice(0, 16).replace('T', ' ');
  return (
    <header style={{ padding: `12px ${MARGIN}px` }}>
      <div style={{ display: 'flex', justifyContent: 'space-between', marginBottom: 10 }}>
        <span style={{ ...theme.typography.h4 }}>{title}</span>
        <span style={box}>{`${time(range.from)} to ${time(range.to)} UTC`}</span>
      </div>
      {shown.map(({ label, text }) => (
        <span key={label}>
          <span style={{ ...box, marginRight: 0, background: theme.colors.background?.secondary }}>{label}</span>
          <span style={box}>{text}</span>
        </span>
      ))}
    </header>
  );
}

function panelsOf(dashboard: Dashboard): readonly Panel[] {
  const list: readonly unknown[] = dashboard.panels ?? [];
  return list.filter((item): item is Panel => typeof item === 'object' && item !== null && 'type' in item);
}

function boxOf(panel: Panel, width: number): DrawnPanel['box'] {
  const { x, y, w, h } = panel.gridPos ?? { x: 0, y: 0, w: COLUMNS, h: 1 };
  const column = (width - 2 * MARGIN + GAP) / COLUMNS;
  return {
    left: Math.round(MARGIN + x * column),
    top: HEADER_HEIGHT + y * (ROW_HEIGHT + GAP),
    width: Math.round(w * column - GAP),
    height: h * (ROW_HEIGHT + GAP) - GAP,
  };
}

function rangeOf(fromMs: number, toMs: number): TimeRange {
  const [from, to] = [dateTime(fromMs).utc(), dateTime(toMs).utc()];
  return { from, to, raw: { from, to } };
}
