import { expect, it } from 'vitest';
import { peakMemoryBytes } from '../../src/demo/process-memory.ts';

it.runIf(process.platform === 'linux')('knows the peak of a live process', () => {
  expect(peakMemoryBytes(process.pid)).toBeGreaterThanOrEqual(process.memoryUsage().rss * 0.9);
});

it('knows nothing of a process that does not exist', () => {
  expect(peakMemoryBytes(2 ** 30)).toBeUndefined();
});
