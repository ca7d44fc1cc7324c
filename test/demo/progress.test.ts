import { describe, expect, it } from 'vitest';
import { Progress } from '../../src/demo/progress.ts';

function shown(isTerminal: boolean, steps: readonly number[]): string {
  let text = '';
  let now = 0;
  const target = { isTerminal, write: (part: string) => void (text += part) };
  const progress = new Progress({ target, stopwatch: () => now, label: 'Replay' });
  for (const step of steps) {
    now = step;
    progress.update(step / 10_000, `at ${step}`);
  }
  progress.finish('done');
  return text;
}

describe('Progress', () => {
  it('writes a plain line every three seconds where nobody watches a terminal', () => {
    expect(shown(false, [0, 1000, 2999, 3000, 5000, 6000])).toBe(
      'Replay   0 %  at 0\nReplay  30 %  at 3000\nReplay  60 %  at 6000\nReplay 100 %  done\n',
    );
  });

  it('redraws one bar on a terminal and ends it with a new line', () => {
    const text = shown(true, [5000]);
    expect(text).toContain(`\r\u001B[2KReplay [${'#'.repeat(14)}${'.'.repeat(14)}]  50 %  at 5000`);
    expect(text.endsWith('100 %  done\n')).toBe(true);
    expect(text.match(/\n/g)).toHaveLength(1);
  });
});
