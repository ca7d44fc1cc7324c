import { mkdtempSync, readFileSync } from 'node:fs';
import { startTestStore } from '../../support/engine.ts';
import { compareDrift } from '../../../src/analysis/drift/compare.ts';
import { fileSource } from '../../../src/analysis/drift/file-source.ts';
import { DriftSession } from '../../../src/analysis/drift/session.ts';
const s = await startTestStore({ migrated: false });
const data = '/work/shared/data';
for (const d of process.argv.slice(2)) {
  const e: any = JSON.parse(readFileSync(`${data}/${d}/expected.json`, 'utf8'));
  const t0 = Date.now();
  const session = new DriftSession(s.store);
  const r: any = await compareDrift({
    session,
    table: 'drift_rows',
    reference: fileSource({ path: `${data}/${d}/reference.ndjson.gz`, scratch: mkdtempSync('/tmp/C/try/x') }),
    current: fileSource({ path: `${data}/${d}/predictions.ndjson.gz`, scratch: mkdtempSync('/tmp/C/try/x') }),
    referenceFilter: {},
    currentFilter: {},
    window: e.months ? 'month' : 'day',
    profile: (process.env['P'] ?? 'textbook') as any,
    beside: [],
    overrides: { categorical: [], numeric: [] },
    budgetPerMonth: 1,
  });
  console.log(
    d,
    'ms',
    Date.now() - t0,
    'windows',
    r.report.windows.length,
    JSON.stringify(r.notices),
    r.report.sql.length,
  );
  if (process.env['P']) {
    for (const w of r.report.windows) {
      console.log(w.window, w.rows, w.level);
      for (const f of [...w.features, w.prediction].filter(Boolean))
        console.log(
          '   ',
          f.feature,
          f.level,
          f.statistics.psi_corrected?.toFixed(4),
          f.statistics.phi?.toFixed(1),
          f.statistics.mde?.toFixed(4),
          f.reason.slice(0, 150),
        );
      if (process.env['ONE']) break;
    }
    continue;
  }
  const exp = e.months ?? e.days;
  const worst: any = {};
  let n = 0;
  const bad: string[] = [];
  for (const [w, x] of Object.entries<any>(exp)) {
    const mine = r.report.windows.find((v: any) => v.window === w);
    if (!mine) {
      console.log('no window', w);
      continue;
    }
    if (mine.rows !== x.n) console.log('rows', w, mine.rows, x.n);
    for (const [f, y] of Object.entries<any>({ ...x.features, ...(x.output ? { __output: x.output } : {}) })) {
      const g = f === '__output' ? mine.prediction : mine.features.find((v: any) => v.feature === f);
      const cmp = (k: string, a: any, b: any) => {
        if (b === undefined) return;
        n++;
        const dd = a === null && b === null ? 0 : Math.abs(a - b);
        worst[k] = Math.max(worst[k] ?? 0, Number.isNaN(dd) || a === null ? 1e9 : dd);
        if (!(dd <= 1e-6) || (a === null) !== (b === null)) bad.push(`${w} ${f} ${k} ${a} ${b} ${g?.kind}`);
      };
      cmp('psi', g?.statistics.psi ?? null, y.psi);
      cmp('ks', g?.statistics.ks ?? null, y.ks);
      cmp('null', g?.missing_current, y.null_rate);
      cmp('unseen', g?.evidence.unseen_count, y.unseen);
      cmp('ks_p', g?.statistics.ks_p ?? null, y.ks_p);
    }
  }
  for (const [f, y] of Object.entries<any>(e.reference.features)) {
    const g = r.report.windows[0].features.find((v: any) => v.feature === f);
    if (g.kind !== y.kind) console.log('kind', f, g.kind, y.kind);
  }
  console.log(n, worst, bad.filter((b) => !b.includes('ks_p')).slice(0, 10));
}
await s.stop();
