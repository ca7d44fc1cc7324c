import { execFileSync } from 'node:child_process';
import { requireTool } from '../../scripts/real-components.ts';

const CLOCK = 'plumbline_evaluation_last_success_timestamp_seconds';
const LARGEST_DUMP_BYTES = 1e9;

interface Sample {
  readonly name: string;
  readonly labels: string;
  readonly value: string;
  readonly scrapedMs: number;
}

/**
 * Returns what a Prometheus scraped from a running demo as OpenMetrics text in the demo's own time: an hour of it passes
 * in minutes of ours. Each scrape counts at the end of the minute that had just been concluded, the first of each minute.
 *
 * @param folder  the data folder of that Prometheus
 * @throws Error when promtool is missing or the demo's live hour is not in it
 */
export function demoMetrics(folder: string): string {
  const promtool = requireTool('promtool');
  if (promtool === undefined) throw new Error('Prometheus is missing.');
  const dump = execFileSync(promtool, ['tsdb', 'dump', folder], { maxBuffer: LARGEST_DUMP_BYTES, encoding: 'utf8' });
  const samples = dump.split('\n').flatMap(readSample);
  const minutes = replayedMinutes(samples.filter(({ name }) => name === CLOCK));
  if (minutes.length === 0) throw new Error(`There is no ${CLOCK} in ${folder}.`);
  const lines = samples.flatMap(({ name, labels, value, scrapedMs }) => {
    const seconds = minutes.find(({ fromMs, toMs }) => scrapedMs >= fromMs && scrapedMs < toMs)?.seconds;
    return seconds === undefined ? [] : [{ line: `${name}{${labels}} ${value} ${seconds}`, name }];
  });
  const names = [...new Set(lines.map(({ name }) => name))];
  const groups = names.flatMap((name) => [
    `# TYPE ${name} unknown`,
    ...lines.filter((one) => one.name === name).map(({ line }) => line),
  ]);
  return `${groups.join('\n')}\n# EOF\n`;
}

/** A scrape of all targets takes less. */
const SCRAPE_MS = 1000;

/** When the first scrape of each replayed minute was, and what time it was in the replay. */
function replayedMinutes(
  clock: readonly Sample[],
): readonly { readonly fromMs: number; readonly toMs: number; readonly seconds: number }[] {
  const first = new Map<number, number>();
  for (const { value, scrapedMs } of clock.toSorted((a, b) => a.scrapedMs - b.scrapedMs)) {
    const seconds = Number(value);
    if (seconds > 0 && !first.has(seconds)) first.set(seconds, scrapedMs);
  }
  return [...first].map(([seconds, atMs]) => ({ fromMs: atMs - SCRAPE_MS, toMs: atMs + SCRAPE_MS, seconds }));
}

function readSample(line: string): readonly Sample[] {
  const [, name, labels, value, at] = /^\{__name__="(\w+)"(?:, )?(.*)\} (\S+) (\d+)$/.exec(line) ?? [];
  if (name === undefined || value === undefined || name.startsWith('scrape_') || name === 'up') return [];
  const own = (labels ?? '')
    .replaceAll(/(?:^|, )(?:instance|job)="[^"]*"/g, '')
    .replace(/^, /, '')
    .replaceAll(/", (?=\w+=")/g, '",');
  return [{ name, labels: own, value, scrapedMs: Number(at) }];
}
