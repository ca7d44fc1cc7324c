import {
  type Field,
  FieldType,
  formattedValueToString,
  getDisplayProcessor,
  getFieldDisplayName,
  getFieldSeriesColor,
} from '@grafana/data';
import { LegendDisplayMode, VizLayout, VizLegend } from '@grafana/ui';
import { scaleBand, scaleLinear } from 'd3-scale';
import type { ReactNode } from 'react';
import type { BodyProps } from './panel-body.tsx';
import { panelOptions } from './panel-options.ts';

const MARGIN = 20;
const AXIS = 28;

interface Bar {
  readonly key: string;
  readonly place: number;
  readonly size: number;
  readonly offset: number;
  readonly start: number;
  readonly end: number;
  readonly color: string;
}

/** Draws bars. Grafana's panel is not on npm: the bars are ours, their names, colours and numbers are Grafana's. */
export function BarsBody(props: BodyProps): ReactNode {
  const { panel, frames, theme, width, height } = props;
  const [frame] = frames;
  const numbers = (frame?.fields ?? []).filter(({ type }) => type === FieldType.number);
  const items = numbers.map((field) => ({
    label: getFieldDisplayName(field, frame, frames),
    color: getFieldSeriesColor(field, theme).color,
    yAxis: 1,
  }));
  const showsLegend = panelOptions(panel).legend?.showLegend !== false;
  return (
    <VizLayout
      width={width}
      height={height}
      legend={
        showsLegend ? (
          <VizLayout.Legend placement="bottom">
            <VizLegend items={items} displayMode={LegendDisplayMode.List} placement="bottom" />
          </VizLayout.Legend>
        ) : null
      }
    >
      {(innerWidth: number, innerHeight: number) => (
        <Bars {...props} width={innerWidth} height={innerHeight} numbers={numbers} />
      )}
    </VizLayout>
  );
}

function Bars(props: BodyProps & { readonly numbers: readonly Field[] }): ReactNode {
  const { panel, frames, theme, width, height, numbers } = props;
  const names: readonly string[] = (frames[0]?.fields[0]?.values ?? []).map(String);
  const isStacked = panelOptions(panel).stacking === 'normal';
  const isLying = panelOptions(panel).orientation === 'horizontal';
  const [first] = numbers;
  const totals = names.map((_name, index) => {
    const values = numbers.map((field) => Number(field.values[index] ?? 0));
    return isStacked ? values.reduce((sum, value) => sum + value, 0) : Math.max(...values);
  });
  const labelWidth = isLying ? Math.min(200, 8 * Math.max(...names.map(({ length }) => length))) : 56;
  const value = scaleLinear(
    [0, Math.max(...totals, 1e-9)],
    isLying ? [labelWidth, width - MARGIN] : [height - AXIS, MARGIN],
  ).nice(5);
  const band = scaleBand(names, isLying ? [MARGIN, height - AXIS] : [labelWidth, width - MARGIN]).padding(0.2);
  const display = first === undefined ? undefined : (first.display ?? getDisplayProcessor({ field: first, theme }));
  const isWhole = totals.every((total) => Number.isInteger(total));
  const ticks = value.ticks(5).filter((tick) => !isWhole || Number.isInteger(tick));
  const every = isLying ? 1 : Math.max(1, Math.ceil((names.length * 80) / width));
  const bars = barsOf(
    { names, numbers, isStacked, width: band.bandwidth() },
    (field) => getFieldSeriesColor(field, theme).color,
  );
  const text = theme.colors.text;
  return (
    <svg width={width} height={height} fontSize={12}>
      {ticks.map((tick) => (
        <g key={tick}>
          <line
            {...(isLying
              ? { x1: value(tick), x2: value(tick), y1: MARGIN, y2: height - AXIS }
              : { x1: labelWidth, x2: width - MARGIN, y1: value(tick), y2: value(tick) })}
            stroke={theme.colors.border?.weak}
          />
          <text
            {...(isLying
              ? { x: value(tick), y: height - 8, textAnchor: 'middle' }
              : { x: labelWidth - 6, y: value(tick), textAnchor: 'end', dominantBaseline: 'central' })}
            fill={text?.secondary}
          >
            {display === undefined ? tick : formattedValueToString(display(tick))}
          </text>
        </g>
      ))}
      {bars.map(({ key, place, size, offset, start, end, color }) => {
        const along = (band(names[place] ?? '') ?? 0) + offset;
        const box = isLying
          ? { x: value(start), y: along, width: value(end) - value(start), height: size }
          : { x: along, y: value(end), width: size, height: value(start) - value(end) };
        return <rect key={key} {...box} fill={color} fillOpacity={0.8} stroke={color} />;
      })}
      {names.map((name, index) =>
        index % every === 0 ? (
          <text
            key={name}
            {...(isLying
              ? {
                  x: labelWidth - 6,
                  y: (band(name) ?? 0) + band.bandwidth() / 2,
                  textAnchor: 'end',
                  dominantBaseline: 'central',
                }
              : { x: (band(name) ?? 0) + band.bandwidth() / 2, y: height - 8, textAnchor: 'middle' })}
            fill={text?.primary}
          >
            {name}
          </text>
        ) : null,
      )}
    </svg>
  );
}

function barsOf(
  options: {
    readonly names: readonly string[];
    readonly numbers: readonly Field[];
    readonly isStacked: boolean;
    readonly width: number;
  },
  colorOf: (field: Field) => string,
): readonly Bar[] {
  const { names, numbers, isStacked, width } = options;
  const size = isStacked ? width : width / Math.max(1, numbers.length);
  return names.flatMap((name, place) => {
    let top = 0;
    return numbers.map((field, index) => {
      const value = Number(field.values[place] ?? 0);
      const start = isStacked ? top : 0;
      top += value;
      return {
        key: `${name} ${field.name}`,
        place,
        size,
        offset: isStacked ? 0 : index * size,
        start,
        end: start + value,
        color: colorOf(field),
      };
    });
  });
}
