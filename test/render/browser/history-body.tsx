import { FieldType, formattedValueToString, getDisplayProcessor, getFieldDisplayName } from '@grafana/data';
import { LegendDisplayMode, VizLegend, VizLayout } from '@grafana/ui';
import { scaleUtc } from 'd3-scale';
import type { ReactNode } from 'react';
import type { BodyProps } from './panel-body.tsx';

const NAME_WIDTH = 190;
const AXIS_HEIGHT = 22;
const TICKS = 8;

/** Draws the grid of states. Grafana's panel is not on npm: the squares are ours, their names and colours are Grafana's. */
export function HistoryBody({ frames, range, theme, width, height }: BodyProps): ReactNode {
  const [frame] = frames;
  const times: readonly number[] = frame?.fields.find(({ type }) => type === FieldType.time)?.values ?? [];
  const rows = (frame?.fields ?? []).filter(({ type }) => type === FieldType.number);
  const [from, to] = [range.from.valueOf(), range.to.valueOf()];
  const steps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  const step = Math.min(...steps, to - from);
  // As Grafana has it: the states that occur.
  const shown = rows.flatMap((field) => {
    const display = field.display ?? getDisplayProcessor({ field, theme });
    return field.values.filter((value) => value !== null && value !== undefined).map((value) => display(value));
  });
  const states = new Map(shown.map(({ text, color = 'gray' }) => [text, color]));
  const legend = [...states].map(([label, color]) => ({ label, color, yAxis: 1 }));
  return (
    <VizLayout
      width={width}
      height={height}
      legend={
        <VizLayout.Legend placement="bottom">
          <VizLegend items={legend} displayMode={LegendDisplayMode.List} placement="bottom" />
        </VizLayout.Legend>
      }
    >
      {(innerWidth: number, innerHeight: number) => {
        const x = (time: number): number => NAME_WIDTH + ((time - from) / (to - from)) * (innerWidth - NAME_WIDTH);
        const rowHeight = (innerHeight - AXIS_HEIGHT) / Math.max(1, rows.length);
        const cell = Math.max(1, ((innerWidth - NAME_WIDTH) * step) / (to - from) - 1);
        return (
          <svg width={innerWidth} height={innerHeight} fill={theme.colors.text?.primary} fontSize={12}>
            {rows.map((field, index) => {
              const display = field.display ?? getDisplayProcessor({ field, theme });
              const y = index * rowHeight;
              return (
                <g key={getFieldDisplayName(field, frame, frames)}>
                  <text x={NAME_WIDTH - 8} y={y + rowHeight / 2} textAnchor="end" dominantBaseline="central">
                    {getFieldDisplayName(field, frame, frames)}
                  </text>
                  {times.map((time, place) =>
                    field.values[place] === null || field.values[place] === undefined ? null : (
                      <rect
                        key={time}
                        x={x(time)}
                        y={y + rowHeight * 0.05}
                        width={cell}
                        height={rowHeight * 0.9}
                        fill={display(field.values[place]).color ?? 'gray'}
                        fillOpacity={0.7}
                      >
                        <title>{formattedValueToString(display(field.values[place]))}</title>
                      </rect>
                    ),
                  )}
                </g>
              );
            })}
            {scaleUtc()
              .domain([from, to])
              .ticks(TICKS)
              .map((at) => at.getTime())
              .map((time) => (
                <text
                  key={time}
                  x={x(time)}
                  y={innerHeight - 6}
                  textAnchor="middle"
                  fill={theme.colors.text?.secondary}
                >
                  {to - from > 2 * 86_400_000
                    ? new Date(time).toISOString().slice(5, 10)
                    : new Date(time).toISOString().slice(11, 16)}
                </text>
              ))}
          </svg>
        );
      }}
    </VizLayout>
  );
}
