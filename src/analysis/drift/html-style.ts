/** Style of the drift page, for light and dark screens and for print; no outside resources. */
export const DRIFT_STYLE = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1c2126;--soft:#5b6670;--line:#d8dee4;--card:#f6f8fa;--ref:#4f5963;--cur:#1f6feb;
--stable:#d7f0dd;--insufficient_data:#e6e8ea;--negligible:#e3ecf8;--minor:#fff0c2;--moderate:#ffd3a3;--major:#ffb3ad;--badge:#1c2126}
@media (prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--soft:#9aa5b1;--line:#30363d;--card:#161b22;--ref:#b3bcc6;--cur:#58a6ff;
--stable:#12361f;--insufficient_data:#2a2f36;--negligible:#172b45;--minor:#4a3b05;--moderate:#5c3208;--major:#661a18;--badge:#e6edf3}}
*{box-sizing:border-box}body{margin:0 auto;max-width:1200px;padding:1rem;background:var(--bg);color:var(--fg);font:15px/1.45 system-ui,sans-serif}
h1,h2,h3{margin:.4rem 0}h2{font-size:1.1rem;display:inline}h3{font-size:1rem}small{color:var(--soft);font-weight:400}
.badge{display:inline-block;padding:0 .5em;border-radius:1em;font-size:.8rem;color:var(--badge);background:var(--line)}
${['stable', 'insufficient_data', 'negligible', 'minor', 'moderate', 'major'].map((level) => `.badge.${level},.cell.${level}{background:var(--${level})}`).join('')}
.window{border-top:1px solid var(--line);padding:.6rem 0}.window>summary{cursor:pointer}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(330px,1fr));gap:.8rem;margin-top:.6rem}
article{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.6rem .8rem;break-inside:avoid}
article p{margin:.3rem 0}.rates{color:var(--soft);font-size:.85rem}svg{width:100%;height:auto}.key{display:inline-block;width:.8em;height:.8em}.key.ref{border:2px solid var(--ref)}.key.cur{background:var(--cur)}
svg rect.ref{fill:none;stroke:var(--ref);stroke-width:1.2}svg rect.cur{fill:var(--cur)}svg line{stroke:var(--line)}svg text{fill:var(--soft);font-size:10px}svg text.axis{text-anchor:end}
dl{display:grid;grid-template-columns:auto auto;gap:.1rem .8rem;margin:.3rem 0;font-size:.85rem}dd{margin:0;text-align:right;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem}th,td{padding:.15rem .5rem;text-align:left;border-bottom:1px solid var(--line)}
.grid td{padding:0;min-width:22px;text-align:center}.grid a{display:block;text-decoration:none;color:var(--badge)}.grid a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:3px solid var(--cur);outline-offset:1px}caption{text-align:left;color:var(--soft)}main:focus{outline:none}.skip{position:absolute;left:-9999px}.skip:focus{left:8px;top:8px;background:var(--bg);padding:6px 10px}.turn span{writing-mode:vertical-rl}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--card);padding:.5rem;font-size:.75rem}`;
