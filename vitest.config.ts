import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/bench/**', '**/node_modules/**'],
    globalSetup: ['test/temp-folder.ts'],
    pool: 'forks',
    maxWorkers: 3,
    isolate: false,
    testTimeout: 120_000,
    hookTimeout: 240_000,
  },
});
