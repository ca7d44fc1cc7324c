import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dashboards } from '../../dashboards/index.ts';
import { textAt } from '../../src/grafana/json.ts';
import { pushDashboards } from '../../src/grafana/push-dashboards.ts';
import { runPlumbline } from '../support/processes.ts';
import { type GrafanaStandIn, startGrafanaStandIn, TOKEN } from './grafana-stand-in.ts';

const made = dashboards.map((make) => make());
const uids = made.map((dashboard) => textAt(dashboard, 'uid'));
let grafana: GrafanaStandIn;

beforeEach(async () => {
  grafana = await startGrafanaStandIn();
});
afterEach(async () => grafana.stop());

function push(token = TOKEN, list = made): ReturnType<typeof pushDashboards> {
  const folder = { uid: 'plumbline', title: 'Plumbline' };
  return pushDashboards({ url: grafana.url, token, folder, dashboards: list, fetch });
}

describe('pushDashboards', () => {
  it('makes the folder and every dashboard in it', async () => {
    expect(await push()).toEqual(uids.map((uid) => ({ uid, outcome: 'created' })));
    expect([...grafana.folders]).toEqual([['plumbline', 'Plumbline']]);
    expect([...grafana.dashboards.keys()].toSorted()).toEqual(uids.toSorted());
  });

  it('changes nothing the second time', async () => {
    await push();
    const before = grafana.writes.length;
    expect(await push()).toEqual(uids.map((uid) => ({ uid, outcome: 'unchanged' })));
    expect(grafana.writes).toHaveLength(before);
  });

  it('writes over what was changed by hand or moved, and only that', async () => {
    await push();
    const [first = '', second = ''] = uids;
    grafana.dashboards.set(first, { dashboard: { ...made[0], title: 'Mine' }, folderUid: 'plumbline' });
    grafana.dashboards.set(second, { dashboard: { ...made[1] }, folderUid: 'elsewhere' });
    const outcomes = await push();
    expect(outcomes.filter(({ outcome }) => outcome === 'changed').map(({ uid }) => uid)).toEqual([first, second]);
    expect(grafana.dashboards.get(first)?.dashboard['title']).toBe(textAt(made[0] ?? {}, 'title'));
    expect(grafana.dashboards.get(second)?.folderUid).toBe('plumbline');
  });

  it.each([
    [403, 'needs the role Editor', false],
    [412, 'no', false],
    [503, 'no', true],
  ])('says why when Grafana answers %i', async (status, reason, retryable) => {
    grafana.folders.set('plumbline', 'Plumbline');
    grafana.refuseWrites = status;
    await expect(push()).rejects.toMatchObject({
      code: 'E_GRAFANA_PUSH',
      message: expect.stringContaining(reason),
      retryable,
    });
  });

  it('never shows the token', async () => {
    const wrong = 'glsa_wrong-and-secret';
    await expect(push(wrong)).rejects.toMatchObject({ message: expect.stringContaining('the token is not valid') });
    await expect(push(wrong)).rejects.not.toMatchObject({ message: expect.stringContaining(wrong) });
  });

  it('says so when nobody listens', async () => {
    await grafana.stop();
    const refused = push();
    grafana = await startGrafanaStandIn();
    await expect(refused).rejects.toMatchObject({ code: 'E_GRAFANA_PUSH', retryable: true });
  });
});

describe('plumbline generate --push', () => {
  it('takes the token from the environment or from a file, and exits 0', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-push-'));
    const file = join(folder, 'token');
    writeFileSync(file, `${TOKEN}\n`);
    const first = await runPlumbline(['generate', '--push', grafana.url], { env: { GRAFANA_TOKEN: TOKEN } });
    const second = await runPlumbline(['generate', '--push', grafana.url, '--token-file', file]);
    rmSync(folder, { recursive: true });
    expect([first.code, first.stderr, second.code, second.stderr]).toEqual([0, '', 0, '']);
    expect(first.stdout).toBe(uids.map((uid) => `${uid}: created\n`).join(''));
    expect(second.stdout).toBe(uids.map((uid) => `${uid}: unchanged\n`).join(''));
  });

  it.each([
    ['without a token', [], 2, 'GRAFANA_TOKEN'],
    ['with a file that is not there', ['--token-file', '/nowhere/token'], 2, 'cannot be read'],
    ['together with --check', ['--check'], 2, 'cannot be used with'],
  ])(
    'exits 2 %s',
    async (_how, more, code, said) => {
      const result = await runPlumbline(['generate', '--push', grafana.url, ...more]);
      expect([result.code, result.stderr]).toEqual([code, expect.stringContaining(said)]);
      expect(grafana.writes).toEqual([]);
    },
    60_000,
  );
});
