import { spawnSync } from 'node:child_process';

/** Debian package that brings each tool. */
const PACKAGES = {
  prometheus: 'prometheus',
  promtool: 'prometheus',
  alertmanager: 'prometheus-alertmanager',
  amtool: 'prometheus-alertmanager',
  java: 'openjdk-17-jre-headless',
  mvn: 'maven',
  kcat: 'kcat',
  chromium: 'chromium',
} as const;

const BINARIES: Readonly<Record<keyof typeof PACKAGES, string>> = {
  prometheus: 'prometheus',
  promtool: 'promtool',
  alertmanager: 'prometheus-alertmanager',
  amtool: 'amtool',
  java: 'java',
  mvn: 'mvn',
  kcat: 'kcat',
  chromium: 'chromium',
};

const TOOLS = ['prometheus', 'promtool', 'alertmanager', 'amtool', 'java', 'mvn', 'kcat', 'chromium'] as const;

/**
 * Returns the path of a real component for a test, installing its Debian package when that is missing and can be had
 * (as root, with apt-get). Returns undefined, and says so, when it cannot: the test then names itself as skipped.
 *
 * @throws Error in CI, where a missing component is a failure
 */
export function requireTool(name: keyof typeof PACKAGES): string | undefined {
  const path = find(name) ?? (install(PACKAGES[name]) ? find(name) : undefined);
  if (path !== undefined) return path;
  const sentence = `${name} is missing and package ${PACKAGES[name]} could not be installed`;
  if (process.env['CI'] === 'true') throw new Error(`${sentence}; in CI this is a failure.`);
  console.warn(`NOT TESTED: ${sentence}. Tests that need it are skipped.`);
  return undefined;
}

/** Installs the packages of all tools that are missing, at once; what cannot be had is said by `requireTool`. */
export function installTools(): void {
  const missing = TOOLS.filter((name) => find(name) === undefined).map((name) => PACKAGES[name]);
  if (missing.length > 0) install(...new Set(missing));
}

function find(name: keyof typeof PACKAGES): string | undefined {
  const result = spawnSync('sh', ['-c', `command -v ${BINARIES[name]}`], { encoding: 'utf8' });
  const path = result.stdout.trim();
  return result.status === 0 && path !== '' ? path : undefined;
}

function install(...packages: readonly string[]): boolean {
  if (process.getuid?.() !== 0) return false;
  const arguments_ = ['-o', 'DPkg::Lock::Timeout=300', 'install', '-y', '--no-install-recommends', ...packages];
  const options = {
    stdio: 'ignore',
    timeout: 900_000,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  } as const;
  if (spawnSync('apt-get', arguments_, options).status === 0) return true;
  spawnSync('apt-get', ['update'], options);
  return spawnSync('apt-get', arguments_, options).status === 0;
}
