import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** What the page is made of. */
export interface PageBundle {
  readonly script: string;
  readonly styles: string;
}

/** Returns the script and styles of the page: Grafana's components and what draws a dashboard with them. */
export async function bundlePage(): Promise<PageBundle> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL('browser/main.tsx', import.meta.url))],
    bundle: true,
    write: false,
    outdir: 'bundle',
    format: 'iife',
    platform: 'browser',
    target: 'chrome120',
    jsx: 'automatic',
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
    loader: { '.ttf': 'dataurl', '.woff': 'dataurl', '.woff2': 'dataurl', '.svg': 'text', '.png': 'dataurl' },
  });
  const textOf = (ending: string): string => result.outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? '';
  return { script: textOf('.js'), styles: textOf('.css') };
}
