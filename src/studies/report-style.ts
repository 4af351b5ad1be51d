/** The style sheet of the report: light and dark by the reader's preference, print, and the classes of the charts. */

/** Series colours keep apart for colour-blind readers (after Okabe and Ito, darkened or lightened for contrast). */
const LIGHT = `
  --page: #ffffff; --ink: #1b1f24; --quiet: #5b6470; --line: #d9dee4; --faint: #f4f6f8; --link: #0b5cad;
  --s0: #1b1f24; --s1: #0b6cb8; --s2: #cc5200; --s3: #00845f; --s4: #a8437f; --s5: #9a6b00; --s6: #2a94cf; --s7: #6b4fc0;
  --equivalent: #00704f; --worse: #b3261e; --better: #0b5cad; --not-shown: #5b6470; --margin: #e3f1ea;`;
const DARK = `
  --page: #14171b; --ink: #e6e9ed; --quiet: #9aa4b0; --line: #353c45; --faint: #1d2127; --link: #7db8f2;
  --s0: #f2f4f6; --s1: #5aaef5; --s2: #ff9152; --s3: #3fcf9f; --s4: #e58fc1; --s5: #e5b54a; --s6: #8ed3fa; --s7: #b6a0ff;
  --equivalent: #4fd3a3; --worse: #ff8a80; --better: #7db8f2; --not-shown: #9aa4b0; --margin: #1c3229;`;

export const REPORT_STYLE = `
:root { color-scheme: light dark; ${LIGHT} }
@media (prefers-color-scheme: dark) { :root { ${DARK} } }
@media print { :root { color-scheme: light; ${LIGHT} } details > * { display: block; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.01em; }
h2 { font-size: 20px; margin: 44px 0 10px; padding-top: 18px; border-top: 1px solid var(--line); }
h3 { font-size: 15px; margin: 24px 0 6px; }
p { margin: 0 0 10px; max-width: 78ch; }
.question { font-size: 18px; color: var(--quiet); }
.kicker, .note, figcaption { color: var(--quiet); font-size: 13px; }
.kicker { margin: 0 0 4px; }
a { color: var(--link); }
code, pre { font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code { overflow-wrap: anywhere; }
pre { background: var(--faint); border: 1px solid var(--line); border-radius: 6px; padding: 10px 12px; overflow-x: auto; margin: 0 0 12px; }
.scroll { overflow-x: auto; margin: 0 0 12px; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 14px 5px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { color: var(--quiet); font-weight: 500; font-size: 12.5px; white-space: nowrap; vertical-align: bottom; }
th.right, td.right { text-align: right; white-space: nowrap; }
th[scope=row] { font-weight: 600; white-space: nowrap; }
table.wide { width: 100%; }
tr.baseline td, tr.baseline th { background: var(--faint); }
.chip { display: inline-block; padding: 0 9px; border: 1px solid currentColor; border-radius: 10px; font-size: 12.5px; font-weight: 600; line-height: 19px; }
.chip.baseline { color: var(--quiet); border-color: transparent; padding-left: 0; font-weight: 500; }
.equivalent { color: var(--equivalent); } .worse { color: var(--worse); } .better { color: var(--better); } .not-shown { color: var(--not-shown); }
.same { color: var(--quiet); }
ul { margin: 0 0 12px; padding-left: 20px; max-width: 82ch; }
li { margin: 3px 0; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 3px 20px; margin: 0 0 12px; font-size: 14px; }
dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
details { margin: 8px 0; } summary { cursor: pointer; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 22px 36px; margin: 14px 0; align-items: start; }
figure { margin: 0; min-width: 0; } figcaption { margin-top: 2px; max-width: 72ch; } figure h3 { margin: 0 0 6px; }
figure { overflow-x: auto; } figure svg { min-width: 440px; } figure.gaps svg { min-width: 620px; }
td.why { min-width: 26ch; }
figure.gaps { max-width: 900px; margin: 20px 0; }
svg { display: block; width: 100%; height: auto; font: 12px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
svg text { fill: var(--ink); } svg .axis text, svg .axis.label, svg .quiet { fill: var(--quiet); font-size: 11.5px; }
svg .grid { stroke: var(--line); stroke-width: 1; } svg .base, svg .zero { stroke: var(--quiet); stroke-width: 1; }
svg .line { fill: none; stroke: currentColor; stroke-width: 1.9; stroke-linejoin: round; }
svg .heavy .line { stroke-width: 3; } svg .heavy.band { opacity: 0.16; }
svg .band { fill: currentColor; opacity: 0.13; } svg .dot { fill: currentColor; }
svg .cross { stroke: currentColor; stroke-width: 2.4; fill: none; stroke-linecap: round; }
svg .leader { stroke: currentColor; stroke-width: 0.8; opacity: 0.55; fill: none; }
svg .series .name { fill: currentColor; } svg .heavy .name { font-weight: 600; }
${[0, 1, 2, 3, 4, 5, 6, 7].map((i) => `svg .s${i} { color: var(--s${i}); }`).join(" ")}
svg .margin { fill: var(--margin); } svg .seed { fill: none; stroke: currentColor; stroke-width: 1.4; opacity: 0.8; }
svg .interval { stroke: currentColor; stroke-width: 1.6; fill: none; } svg .mean { fill: currentColor; }
svg.heat .axis text { font-size: 10px; } svg .frame { fill: none; stroke: var(--line); stroke-width: 1; } svg.heat .name { font-weight: 600; font-size: 12px; }
${[0, 0.12, 0.26, 0.42, 0.6, 0.8, 1].map((opacity, i) => `svg .h${i} { fill: var(--worse); fill-opacity: ${opacity}; }`).join(" ")}
figure.heat { margin: 18px 0; } figure.heat svg { min-width: 760px; }
svg .figure { font-variant-numeric: tabular-nums; font-weight: 600; } svg .figure.quiet { font-weight: 400; }
${["equivalent", "worse", "better", "not-shown"].map((name) => `svg .verdict-${name} { color: var(--${name}); }`).join(" ")}
`;
