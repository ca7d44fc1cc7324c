/** The one style sheet of all pages: system fonts, light and dark by the reader's own choice, no file to load. */
export const STYLES = `
:root{color-scheme:light dark;--bg:#fff;--panel:#f6f7f9;--text:#1b1f24;--soft:#57606a;--line:#d5dae1;--link:#0550ae;--bad:#b3261e;--good:#1a6b34;
--s1:#0969da;--s2:#8250df;--s3:#bc4c00;--s4:#1a7f64;--obj:#b3261e;
--stable:transparent;--negligible:#eef4e4;--minor:#fff1c2;--moderate:#ffd7a8;--major:#ffb3a7;--on:#1b1f24;--n2:#8fae5d;--n3:#c99700;--n4:#d9660a;--n5:#c62b1c}
@media (prefers-color-scheme:dark){:root{--bg:#0f1318;--panel:#171c23;--text:#e6e9ee;--soft:#a2abb8;--line:#313a46;--link:#79b8ff;--bad:#ff8a80;--good:#7ad68f;
--s1:#58a6ff;--s2:#bc8cff;--s3:#f0883e;--s4:#56d4b0;--obj:#ff8a80;
--negligible:#26331c;--minor:#4b3d0c;--moderate:#6b3f0d;--major:#7d221b;--on:#f3f5f8;--n2:#7f9c54;--n3:#d6a616;--n4:#f0802a;--n5:#ff5c4d}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
header.top,main,footer{max-width:1240px;margin:0 auto;padding:0 20px}
header.top{display:flex;gap:20px;align-items:baseline;padding-top:14px;padding-bottom:10px;border-bottom:1px solid var(--line)}
header.top strong a{color:var(--text);text-decoration:none;font-size:17px}
a{color:var(--link)}a:focus-visible,summary:focus-visible,button:focus-visible,input:focus,input:focus-within,[tabindex]:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-9999px}.skip:focus{left:8px;top:8px;background:var(--bg);padding:6px 10px;z-index:1}
h1{font-size:25px;line-height:1.25;margin:22px 0 4px;overflow-wrap:anywhere}h2{font-size:18px;margin:34px 0 6px}h3{font-size:15px;margin:18px 0 4px}
p{margin:6px 0}.soft,caption,figcaption{color:var(--soft);font-size:13.5px}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:14px}
caption{text-align:left;padding:2px 0 6px;min-width:min(44em,86vw)}caption span{display:block;max-width:min(1200px,calc(100vw - 40px));position:sticky;left:0}
th,td{padding:5px 9px;border-bottom:1px solid var(--line);text-align:right;vertical-align:baseline;white-space:nowrap}
th{font-weight:600;color:var(--soft);font-size:13px}th[scope=row]{color:var(--text);font-size:14px}
.t,th.t{text-align:left}.w{white-space:normal;overflow-wrap:anywhere;min-width:16em}
.scroll{overflow-x:auto;max-width:100%}
.heat td{padding:4px 7px;min-width:4.2em;text-align:center;border:1px solid var(--bg);color:var(--on)}.heat td small{display:block;font-size:11px;line-height:1.2}
.heat th[scope=col]{text-align:center}.heat th.t{text-align:left}.heat th[scope=row]{position:sticky;left:0;background:var(--bg);text-align:left;max-width:22em;overflow:hidden;text-overflow:ellipsis}
.insufficient_data{color:var(--soft)!important}.stable{background:var(--stable);color:var(--text)!important}.negligible{background:var(--negligible)}.minor{background:var(--minor)}.moderate{background:var(--moderate)}.major{background:var(--major)}
.pill{display:inline-block;padding:0 8px;border-radius:9px;border:1px solid var(--line);font-size:12.5px;color:var(--on)}.pill.stable,.pill.insufficient_data{color:var(--soft)}
.bad{color:var(--bad);font-weight:600}.good{color:var(--good)}
.sim{display:inline-block;border:1px dashed var(--s3);color:var(--s3);border-radius:4px;padding:0 5px;font-size:12px;font-weight:600}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;margin:14px 0;padding:0;list-style:none}
.tiles li{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:9px 12px}.tiles b{display:block;font-size:20px;font-weight:600;overflow-wrap:anywhere}.tiles li>span{display:block;color:var(--soft);font-size:13px}
figure{margin:14px 0 20px}figcaption b{color:var(--text);margin-right:8px}figcaption .range{display:block}svg{display:block;width:100%;height:auto;max-width:1200px}
svg text{fill:var(--soft);font-size:13px;font-family:inherit}svg .grid{stroke:var(--line);stroke-width:1}svg .tick{stroke:var(--soft)}
svg line.objective{stroke:var(--obj);stroke-width:1.5;stroke-dasharray:6 4}svg text.objective{fill:var(--obj)}
svg path{fill:none;stroke-width:2;stroke-linejoin:round}svg .s1{stroke:var(--s1)}svg .s2{stroke:var(--s2);stroke-dasharray:8 3}svg .s3{stroke:var(--s3);stroke-dasharray:2 2.5}svg .s4{stroke:var(--s4);stroke-dasharray:9 3 2 3}
svg circle.s1{fill:var(--s1)}svg circle.s2{fill:var(--s2)}svg circle.s3{fill:var(--s3)}svg circle.s4{fill:var(--s4)}svg circle{stroke-dasharray:none}
svg .span{fill:var(--major);opacity:.45}svg .mark{stroke:var(--text);stroke-dasharray:2 3}svg .flag{fill:var(--text)}svg .hit{fill:transparent}svg .hit:hover{fill:var(--line);opacity:.35}
svg rect.insufficient_data{fill:var(--line)}svg rect.stable{fill:var(--line)}svg rect.negligible{fill:var(--n2)}svg rect.minor{fill:var(--n3)}svg rect.moderate{fill:var(--n4)}svg rect.major{fill:var(--n5)}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;padding:0;margin:4px 0;font-size:13.5px}svg.key{display:inline-block;width:24px;height:10px;margin-right:6px;vertical-align:middle}
svg .below{fill:var(--line);stroke:none}svg.spark{width:84px;height:26px;display:inline-block;vertical-align:middle}
.chart{overflow-x:auto}@media (max-width:760px){.chart svg{width:700px}.chart svg text{font-size:20px}.chart svg text.name{font-size:15px}}
@media print{details[open]>summary,form.range,nav,.skip{display:none}figure,tr{break-inside:avoid}}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(360px,100%),1fr));gap:12px;margin:14px 0}.card{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:6px 12px;min-width:0}.card h3{margin:6px 0;overflow-wrap:anywhere}
.card svg{width:100%;height:auto}svg .ref{fill:none;stroke:var(--text);stroke-width:1.2}svg .cur{fill:var(--s1)}.card svg text,.card svg .axis{font-size:10px}
.findings{padding-left:20px;margin:10px 0}.findings li{margin:4px 0}main:focus{outline:none}
details{margin:6px 0}summary{cursor:pointer;color:var(--link);font-size:13.5px;width:fit-content}
pre{background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:10px 12px;overflow-x:auto;font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
form.range{display:flex;flex-wrap:wrap;gap:8px 14px;align-items:end;margin:10px 0;font-size:13.5px}form.range label{display:flex;flex-direction:column;color:var(--soft)}
input,button{font:inherit;color:inherit;background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:3px 9px}button{cursor:pointer}
footer{margin-top:44px;padding-top:12px;padding-bottom:26px;border-top:1px solid var(--line);color:var(--soft);font-size:13.5px}
`;
