import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  type DashboardLink,
  DashboardLinkBuilder,
  type GridPos,
  type Panel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { type DATA_SOURCES, type DataSource, dataSourceRef } from './datasources.ts';

/** What every panel says about itself. */
export interface PanelText {
  /** Stable for ever: alerts and bookmarks point at it. */
  readonly id: number;
  readonly title: string;
  /** What the panel shows, one sentence. */
  readonly shows: string;
  /** The table or metric it reads, for `From ...`. */
  readonly from: string;
  /** What to do when it looks wrong, one sentence. */
  readonly act: string;
  /** What stands in the panel when there is nothing to show. */
  readonly empty?: string;
}

export interface PanelLink {
  readonly title: string;
  readonly url: string;
}

/** Finest bucket: everything is written by the minute. */
const FINEST_INTERVAL = '1m';

/** Writes what every panel has into a builder and returns it. */
export function describePanel<B extends PanelBuilder>(
  builder: B,
  options: {
    readonly text: PanelText;
    readonly place: GridPos;
    readonly targets: readonly Builder<Dataquery>[];
    readonly source?: keyof typeof DATA_SOURCES;
    readonly links?: readonly PanelLink[];
  },
): B {
  const { text, place, targets, source = 'clickhouse', links = [] } = options;
  builder
    .id(text.id)
    .title(text.title)
    .description(`${text.shows} From ${text.from}. ${text.act}`)
    .datasource(dataSourceRef(source))
    .gridPos(place)
    .interval(FINEST_INTERVAL)
    .targets([...targets])
    .noValue(text.empty ?? 'Nothing in this time range.');
  if (links.length > 0) builder.dataLinks(links.map(linkBuilder));
  return builder;
}

/** Returns the builder of a link on a panel or a field. */
function linkBuilder(link: PanelLink): Builder<DashboardLink> {
  return new DashboardLinkBuilder(link.title).url(link.url);
}

/** The part that all panel builders of the SDK share. */
interface PanelBuilder {
  build(): Panel;
  id(id: number): this;
  title(title: string): this;
  description(description: string): this;
  datasource(source: DataSource): this;
  gridPos(place: GridPos): this;
  interval(interval: string): this;
  targets(targets: Builder<Dataquery>[]): this;
  dataLinks(links: Builder<DashboardLink>[]): this;
  noValue(text: string): this;
}
