import { FieldType, getFieldDisplayName } from '@grafana/data';
import { scaleLinear, scaleUtc } from 'd3-scale';
import type { ReactNode } from 'react';
import type { BodyProps } from './panel-body.tsx';

const NAME_WIDTH = 72;
const AXIS_HEIGHT = 22;
const TICKS = 8;

/** Draws the heatmap. Grafana's panel is not on npm: the squares are ours, one row a column of the answer from below. */
export function HeatmapBody({ frames, range, theme, width, height }: BodyProps): ReactNode {
  const [frame] = frames;
  const times: readonly number[] = frame?.fields.find(({ type }) => type === FieldType.time)?.values ?? [];
  const rows = (frame?.fields ?? []).filter(({ type }) => type === FieldType.number);
  const [from, to] = [range.from.valueOf(), range.to.valueOf()];
  const step = Math.min(...times.slice(1).map((time, index) => time - (times[index] ?? 0)), to - from);
  const most = Math.max(1, ...rows.flatMap(({ values }) => values.map(Number)));
  // As Grafana's scheme "Oranges" on a dark page: few are dark, many are bright.
  const color = scaleLinear([0, 0.5, 1], ['#5a2a0c', '#f2701d', '#fee6ce']);
  const x = (time: number): number => NAME_WIDTH + ((time - from) / (to - from)) * (width - NAME_WIDTH);
  const rowHeight = (height - AXIS_HEIGHT) / Math.max(1, rows.length);
  return (
    <svg width={width} height={height} fill={theme.colors.text?.primary} fontSize={12}>
      {rows.map((field, index) => {
        const y = height - AXIS_HEIGHT - (index + 1) * rowHeight;
        const name = getFieldDisplayName(field, frame, frames);
        return (
          <g key={name}>
            <text x={NAME_WIDTH - 8} y={y + rowHeight / 2} textAnchor="end" dominantBaseline="central">
              {name}
            </text>
            {times.map((time, place) =>
              Number(field.values[place] ?? 0) <= 0 ? null : (
                <rect
                  key={time}
                  x={x(time)}
                  y={y}
                  width={Math.max(1, ((width - NAME_WIDTH) * step) / (to - from)) + 0.3}
                  height={rowHeight - 1}
                  fill={color(Math.sqrt(Number(field.values[place]) / most))}
                />
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
          <text key={time} x={x(time)} y={height - 6} textAnchor="middle" fill={theme.colors.text?.secondary}>
            {new Date(time).toISOString().slice(11, 16)}
          </text>
        ))}
    </svg>
  );
}
