import { type DataFrame, FieldType, type GrafanaTheme2 } from '@grafana/data';
import { LegendDisplayMode, TimeSeries, type UPlotConfigBuilder } from '@grafana/ui';
import type { ReactNode } from 'react';
import type { BodyProps, Mark } from './panel-body.tsx';
import { panelOptions } from './panel-options.ts';

const NO_LEGEND = {
  showLegend: false,
  displayMode: LegendDisplayMode.List,
  placement: 'bottom',
  calcs: new Array<string>(),
} as const;

/** Draws lines with Grafana's own component; marks are ours, because Grafana's are not on npm. */
export function LinesBody({ panel, frames, range, theme, marks, width, height }: BodyProps): ReactNode {
  const shown = frames.filter(({ fields }) => fields.some(({ type }) => type === FieldType.number));
  return (
    <TimeSeries
      frames={shown}
      timeRange={range}
      timeZone="utc"
      width={width}
      height={height}
      legend={panelOptions(panel).legend ?? NO_LEGEND}
    >
      {(config: UPlotConfigBuilder, _aligned: DataFrame) => <Marks config={config} marks={marks} theme={theme} />}
    </TimeSeries>
  );
}

function Marks(props: {
  readonly config: UPlotConfigBuilder;
  readonly marks: readonly Mark[];
  readonly theme: GrafanaTheme2;
}): ReactNode {
  const { config, marks, theme } = props;
  config.addHook('draw', (plot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const { fromMs, toMs, color } of marks) {
      const x = plot.valToPos(fromMs, 'x', true);
      ctx.strokeStyle = theme.visualization.getColorByName(color);
      ctx.fillStyle = ctx.strokeStyle;
      if (toMs !== undefined) {
        ctx.globalAlpha = 0.1;
        ctx.fillRect(x, bbox.top, plot.valToPos(toMs, 'x', true) - x, bbox.height);
        ctx.globalAlpha = 1;
      }
      ctx.setLineDash([5, 5]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  });
  return null;
}
