import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { loadRules } from '../../src/alerting/load-rules.ts';
import { readRuleFiles } from '../../src/alerting/read-rule-files.ts';
import { type Service, startService } from '../../src/app.ts';
import { parseConfig } from '../../src/config.ts';
import { systemClock } from '../../src/core/clock.ts';

const readme = readFileSync('README.md', 'utf8');
const manifest = z
  .looseObject({
    version: z.string(),
    license: z.string(),
    scripts: z.record(z.string(), z.string()),
    allowScripts: z.record(z.string(), z.boolean()).default({}),
  })
  .parse(JSON.parse(readFileSync('package.json', 'utf8')));
const lock = z
  .object({
    packages: z.record(
      z.string(),
      z.looseObject({ resolved: z.string().optional(), hasInstallScript: z.boolean().optional() }),
    ),
  })
  .parse(JSON.parse(readFileSync('package-lock.json', 'utf8')));

/** Files of the repository: committed ones and those that would be by `git add`. */
const files = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  .stdout.split('\n')
  .filter((file) => file !== '' && existsSync(file));
const documents = files.filter((file) => file.endsWith('.md'));

function blocksOf(text: string, language: string): readonly string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    (match) => match[1] ?? '',
  );
}

/** First cells of the rows of the table under a heading, without the backticks. */
function cellsUnder(heading: string): readonly string[] {
  const section = new RegExp(`^## ${heading}$([\\s\\S]*?)(?=^## |$(?![\\s\\S]))`, 'm').exec(readme)?.[1] ?? '';
  return [...section.matchAll(/^\| (`.*?`) +\|/gm)].map((match) => match[1] ?? '');
}

describe('the README', () => {
  test('begins with the two commands', () => {
    expect(blocksOf(readme, '')[0]).toMatch(/^npm ci && npm run demo\b.*\nnpm ci && npm test\b/);
  });

  test('names only scripts that exist', () => {
    const named = documents.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/\bnpm run (?:-s )?([\w:-]+)/g)].map((match) => match[1] ?? ''),
    );
    expect(named).toContain('demo');
    expect([...new Set(named)].filter((name) => !Object.hasOwn(manifest.scripts, name))).toEqual([]);
  });

  test('lists exactly the commands that the program has', () => {
    const help = spawnSync(process.execPath, ['--import', 'tsx', 'src/main.ts', '--help'], { encoding: 'utf8' }).stdout;
    const commands = [...(help.split('Commands:')[1] ?? '').matchAll(/^ {2}(\w[\w-]*)/gm)]
      .map((match) => match[1] ?? '')
      .filter((name) => name !== 'help');
    const listed = cellsUnder('Commands').map((cell) => /^`([\w-]+)/.exec(cell)?.[1] ?? '');
    expect(commands).toContain('serve');
    expect([...new Set(listed)].sort()).toEqual(commands.sort());
  });

  test('has a configuration that is accepted', () => {
    const [example = ''] = blocksOf(readme, 'yaml').filter((block) => block.includes('clickhouse:'));
    const raw: unknown = JSON.parse(
      JSON.stringify(parseYaml(example)).replaceAll(/\$\{\w+\}|file:[^"]+/g, '0123456789abcdef0123456789abcdef'),
    );
    expect(parseConfig(raw, 'README.md').models.length).toBeGreaterThan(0);
  });

  test('says what lies in every folder that is there', () => {
    const there = [
      'alerts',
      'changelog.d',
      'dashboards',
      'deploy',
      'docs',
      'runbooks',
      'scripts',
      'test',
      ...readdirSync('src')
        .filter((name) => !name.includes('.'))
        .map((name) => `src/${name}`),
    ];
    const listed = cellsUnder('What is where').flatMap((cell) =>
      [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''),
    );
    expect(listed.toSorted()).toEqual(expect.arrayContaining(there.toSorted()));
    expect(listed.filter((path) => !existsSync(path))).toEqual([]);
  });
});

describe('the service that the README describes', () => {
  let service: Service;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'plumbline-readme-'));
    const config = parseConfig({ server: { port: 0 }, clickhouse: { path: folder } }, 'test');
    service = await startService({
      config,
      role: 'api',
      clock: systemClock,
      wallClock: systemClock,
      random: Math.random,
      logger: pino({ level: 'silent' }),
      background: false,
    });
  });
  afterAll(async () => {
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const listed = cellsUnder('HTTP').flatMap((cell) => {
    const [, method = '', paths = ''] = /^`([A-Z]+) (.+)`$/.exec(cell.replaceAll('`, `', ' ')) ?? [];
    return paths.split(' ').map((path) => ({ method, path }));
  });

  test('has every path of the table', async () => {
    expect(listed.length).toBeGreaterThan(8);
    const missing: string[] = [];
    for (const { method, path } of listed) {
      const response = await fetch(`${service.url}${path.replace(/:m\b/, 'm').replace(/:id\b/, 'i')}`, { method });
      if ((await response.text()).includes('There is nothing at')) missing.push(`${method} ${path}`);
    }
    expect(missing).toEqual([]);
  });

  test('has no path in its OpenAPI document that the table leaves out', async () => {
    const document = z
      .object({ openapi: z.string(), paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
      .parse(await (await fetch(`${service.url}/openapi.json`)).json());
    const offered = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(
        (method) => `${method.toUpperCase()} ${path.replace('{model}', ':m').replace('{id}', ':id')}`,
      ),
    );
    expect(document.openapi).toMatch(/^3\.1/);
    expect(offered).toContain('POST /v1/predictions');
    expect(offered.filter((offer) => !listed.some(({ method, path }) => offer === `${method} ${path}`))).toEqual([]);
  });
});

describe('the repository', () => {
  test('has something in every folder of the design', () => {
    const sources = [
      'core',
      'signals',
      'stats',
      'telemetry',
      'store',
      'collectors',
      'analysis',
      'alerting',
      'notify',
      'grafana',
      'api',
    ];
    const others = 'alerts alerts/generated dashboards dashboards/generated runbooks deploy docs/adr';
    const tests = 'test/contract test/integration test/bench test/golden';
    const folders = [...sources.map((name) => `src/${name}`), ...others.split(' '), ...tests.split(' ')];
    expect(
      folders.filter((folder) => !files.some((file) => file.startsWith(`${folder}/`) && statSync(file).size > 0)),
    ).toEqual([]);
  });

  test('names no path of a machine, no host of a registry and nothing outside of itself', () => {
    const forbidden = /(?<![\w.])\/(?:work|root|home)\/|\/tmp\/\w|registry\.[a-z]+\.|\.\.\/shared\b|\bnpmjs\b/;
    const guilty = files
      .filter((file) => file !== 'test/contract/repository.test.ts' && statSync(file).size < 5_000_000)
      .flatMap((file) =>
        readFileSync(file, 'utf8')
          .split('\n')
          .flatMap((line, index) => (forbidden.test(line) ? [`${file}:${index + 1}: ${line.slice(0, 120)}`] : [])),
      );
    expect(guilty).toEqual([]);
  });

  test('has a changelog that tells of this version and fragments that say of what kind they are', () => {
    expect(readFileSync('CHANGELOG.md', 'utf8')).toMatch(
      new RegExp(`^## ${manifest.version.replaceAll('.', '\\.')}\\b`, 'm'),
    );
    const fragments = readdirSync('changelog.d').filter((name) => name !== 'README.md');
    expect(fragments.filter((name) => !/^[a-z0-9-]+\.(feature|fix|breaking)\.md$/.test(name))).toEqual([]);
  });

  test('carries the licence that its manifest names', () => {
    const text = readFileSync('LICENSE', 'utf8');
    expect(manifest.license).toBe('Apache-2.0');
    expect(text).toMatch(/^\s*Apache License\n\s*Version 2\.0, January 2004\n/);
    expect(text).toContain('END OF TERMS AND CONDITIONS');
  });

  test('has a runbook for every alert', async () => {
    const { rules } = loadRules(await readRuleFiles(['alerts']));
    expect(rules.length).toBeGreaterThan(0);
    expect(
      rules
        .map(({ runbook }) => runbook)
        .filter((name) => !name.startsWith('https://') && !existsSync(`runbooks/${name}.md`)),
    ).toEqual([]);
  });

  test('has documents whose links lead somewhere', () => {
    const broken = documents.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
        .map((match) => join(dirname(file), match[1] ?? ''))
        .filter((target) => !existsSync(target))
        .map((target) => `${file}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  test('numbers its decisions without a gap and lists each', () => {
    const decisions = readdirSync('docs/adr')
      .filter((name) => name !== 'README.md')
      .sort();
    expect(decisions.map((name) => Number(name.slice(0, 4)))).toEqual(decisions.map((_, index) => index + 1));
    const list = readFileSync('docs/adr/README.md', 'utf8');
    expect(decisions.filter((name) => !list.includes(`(${basename(name)})`))).toEqual([]);
  });

  test('has a check for every commit that is a sound script', () => {
    expect(spawnSync('bash', ['-n', '.ci/run']).status).toBe(0);
    expect(statSync('.ci/run').mode & 0o111).not.toBe(0);
  });
});

describe('the packages', () => {
  test('are all in the lockfile, those of other platforms too, so that npm ci accepts it everywhere', () => {
    const check = spawnSync(process.execPath, ['scripts/complete-lockfile.mjs', '--check'], { encoding: 'utf8' });
    expect(check.stdout).toBe('');
    expect(check.status).toBe(0);
  });

  test('are named in the lockfile without the address they came from', () => {
    expect(Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });

  test('run no install script that nobody decided on', () => {
    const scripted = Object.entries(lock.packages).flatMap(([path, { hasInstallScript }]) =>
      hasInstallScript === true ? [path.split('node_modules/').at(-1) ?? ''] : [],
    );
    expect(scripted.filter((name) => !Object.hasOwn(manifest.allowScripts, name))).toEqual([]);
  });
});
