import { readFileSync } from 'node:fs';
import { dashboards } from '../../dashboards/index.ts';
import { environment } from '../config.ts';
import { UsageError } from '../core/errors.ts';
import { pushDashboards } from '../grafana/push-dashboards.ts';

/** Folder of Grafana that the dashboards go to; the same as in the provisioning files. */
const FOLDER = { uid: 'plumbline', title: 'Plumbline' };

/**
 * Writes the dashboards into a running Grafana and prints what became of each. The token of the service account comes
 * from a file or from GRAFANA_TOKEN.
 *
 * @throws E_USAGE when there is no token or the URL is none, E_GRAFANA_PUSH when Grafana refuses
 */
export async function runPush(options: { readonly url: string; readonly tokenFile?: string }): Promise<number> {
  if (!/^https?:\/\//.test(options.url) || !URL.canParse(options.url))
    throw new UsageError(`--push must be an http or https URL, not ${options.url}.`);
  const { username, password } = new URL(options.url);
  if (username !== '' || password !== '')
    throw new UsageError('--push must not hold a user or password; give the token of a service account.');
  const pushed = await pushDashboards({
    url: options.url,
    token: readToken(options.tokenFile),
    folder: FOLDER,
    dashboards: dashboards.map((make) => make()),
    fetch,
  });
  for (const { uid, outcome } of pushed) process.stdout.write(`${uid}: ${outcome}\n`);
  return 0;
}

function readToken(file: string | undefined): string {
  const token = (file === undefined ? environment('GRAFANA_TOKEN') : readFile(file))?.trim() ?? '';
  if (token === '')
    throw new UsageError('--push wants the token of a Grafana service account, in GRAFANA_TOKEN or in --token-file.');
  return token;
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new UsageError(`--token-file ${path} cannot be read.`, { cause });
  }
}
