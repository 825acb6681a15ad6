/**
 * How the page looks: light and dark as the reader's system is, narrow and wide, on paper. document.ts lets it in by its hash. Entries of lists
 * are no list items to the layout: Chromium numbers those anew at each that the filter hides, which takes seconds for thousands.
 */
export const STYLE = `
:root{--bg:#fff;--raised:#f6f8fa;--line:#d5dbe1;--text:#1b2128;--muted:#545d68;--accent:#0a58a6;
--good:#146534;--good-bg:#e4f4ea;--warn:#7d4a00;--warn-bg:#fdf1d8;--bad:#a3211b;--bad-bg:#fdeae8;--strong:#0a58a6;--strong-bg:#e5f0fb;--faint:#545d68;--faint-bg:#edf0f3;
--work:#2c6fb7;--soak:#a9c8e8;--back:#c2564e}
@media (prefers-color-scheme:dark){:root{--bg:#0f1419;--raised:#171d24;--line:#303a45;--text:#e4e8ec;--muted:#a3aeba;--accent:#7db7f5;
--good:#7ed69b;--good-bg:#12311e;--warn:#ebbd6b;--warn-bg:#3a2a08;--bad:#ff9d95;--bad-bg:#44191a;--strong:#8cc0f7;--strong-bg:#14304d;--faint:#a3aeba;--faint-bg:#232b34;
--work:#4f93db;--soak:#2b4a6b;--back:#c9665f}}
*{box-sizing:border-box}
html{scroll-padding-top:4rem;-webkit-text-size-adjust:100%}
body{margin:0;overflow-wrap:break-word;background:var(--bg);color:var(--text);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
header,main,footer{max-width:74rem;margin:0 auto;padding:0 1.25rem}
header{position:sticky;top:0;z-index:2;display:flex;gap:1.5rem;align-items:center;background:var(--bg);border-bottom:1px solid var(--line);max-width:none;padding:.5rem max(1.25rem,calc((100vw - 74rem)/2 + 1.25rem))}
.brand{font-weight:700;letter-spacing:-.01em}
nav{min-width:0;overflow-x:auto}
nav ul{display:flex;gap:1.1rem;margin:0;padding:.2rem;list-style:none;white-space:nowrap}
a{color:var(--accent);text-underline-offset:.15em}
nav a{color:var(--muted);text-decoration:none;font-size:.9rem}
nav a:hover{color:var(--text);text-decoration:underline}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:3px}
main:focus{outline:0}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:.5rem;z-index:3;background:var(--bg);padding:.3rem .6rem}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
[hidden]{display:none!important}
section{margin:2.25rem 0}
h1{font-size:1.9rem;line-height:1.2;letter-spacing:-.02em;margin:.1rem 0 1rem;display:flex;flex-wrap:wrap;gap:.3rem .8rem;align-items:center;overflow-wrap:anywhere}
h2{font-size:1.2rem;letter-spacing:-.01em;margin:0 0 .6rem}
h2.small,h3{font-size:.9rem;margin:1.1rem 0 .4rem}
h1 .pill{font-size:.95rem;letter-spacing:0}
.kind{margin:1.75rem 0 0;color:var(--muted);font-size:.9rem}
.lead,.fine{color:var(--muted);margin:0 0 .8rem}
.fine{font-size:.85rem;margin:.3rem 0 0}
code,pre,.name,.code,.units summary b,.changes dt,.changes b{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.87em}
code,.name,.subjects,dt,dd,li,p,h2,h3,td,th{overflow-wrap:anywhere}
td,th{min-width:4.5em}
.name,code,b,td,.units summary>*{unicode-bidi:isolate}
.pill{display:inline-block;max-width:100%;overflow-wrap:anywhere;padding:.05rem .55rem;border-radius:1rem;font-size:.82rem;font-weight:600;line-height:1.5}
.good{color:var(--good);background:var(--good-bg)}.warn{color:var(--warn);background:var(--warn-bg)}.bad{color:var(--bad);background:var(--bad-bg)}
.strong{color:var(--strong);background:var(--strong-bg)}.faint{color:var(--faint);background:var(--faint-bg)}
.reason{margin:0 0 .8rem;padding:.5rem .8rem;border-left:3px solid var(--line);background:var(--raised)}
.tiles{display:flex;flex-wrap:wrap;gap:.6rem;margin:0 0 1.1rem;padding:0;list-style:none}
.tiles li{padding:.45rem .9rem .5rem;border:1px solid var(--line);border-radius:8px;background:var(--raised);color:var(--muted);font-size:.88rem}
.tiles b{display:block;font-size:1.5rem;line-height:1.2;font-weight:650;color:var(--text)}
.tiles .good b{color:var(--good)}.tiles .warn b{color:var(--warn)}.tiles .bad b{color:var(--bad)}.tiles .strong b{color:var(--strong)}
.promises{margin:0;padding:0;list-style:none}
.promises li{background:none;display:flex;gap:.55rem;align-items:baseline;color:var(--text);padding:.1rem 0}
.promises .mark{font-weight:700}
.promises .good .mark{color:var(--good)}.promises .bad,.promises .bad .mark{color:var(--bad)}.promises .warn .mark{color:var(--warn)}
#summary .halves{display:grid;grid-template-columns:1fr 1.5fr;gap:0 3rem}
#summary .halves>:only-child{grid-column:1/-1}
.pairs{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.2rem 1.2rem;margin:1rem 0 0;align-content:start}
.pairs dt{color:var(--muted)}
.pairs dd{margin:0}
.next{padding-left:1.4rem;margin:0}
.next li{margin:.5rem 0}
.next p{margin:.1rem 0}
.next p::first-letter{text-transform:uppercase}
.next p code{background:var(--raised);border:1px solid var(--line);border-radius:4px;padding:.1rem .35rem}
.next p button{padding:0 .45rem;font-size:.8rem}
.row{display:flex;flex-wrap:wrap;gap:.5rem;align-items:flex-start;margin:.35rem 0}
.row pre{flex:0 1 auto;margin:0}
pre.command{padding:.55rem .8rem}
pre{margin:.35rem 0;padding:.2rem .8rem;border:1px solid var(--line);border-radius:6px;background:var(--raised);overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.5}
button,.chip span,input[type=search]{font:inherit;color:inherit;background:var(--bg);border:1px solid var(--line);border-radius:6px;padding:.25rem .7rem}
button{cursor:pointer;font-size:.88rem}
button:hover,.chip span:hover{border-color:var(--muted)}
.timeline{list-style:none;margin:0;padding:0;border-top:1px solid var(--line)}
.timeline li{display:grid;grid-template-columns:9.5rem 1fr;gap:0 1rem;padding:.5rem 0;border-bottom:1px solid var(--line)}
.timeline .title{font-weight:600}
.timeline .text{display:flex;flex-wrap:wrap;gap:0 1rem;justify-content:space-between}
.timeline .time{color:var(--muted);font-size:.9rem}
.bar{grid-column:2;display:block;width:100%;height:.6rem;margin-top:.35rem;border-radius:3px;background:var(--raised)}
.bar .ran,.bar .plan{fill:var(--work)}.bar .plan{opacity:.55}.bar .soak{fill:var(--soak)}.bar .back{fill:var(--back)}
.key::before{content:"";display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.35em;background:var(--work)}
.key.soak::before{background:var(--soak)}.key.back::before{background:var(--back)}
.key{margin-right:.8rem}
.filter{display:flex;flex-wrap:wrap;gap:.6rem 1rem;align-items:center;margin:0 0 .8rem}
.filter .search{display:flex;gap:.5rem;align-items:center;flex:1 1 16rem}
.filter input[type=search]{flex:1;min-width:0}
.filter fieldset{display:flex;flex-wrap:wrap;gap:.4rem;border:0;margin:0;padding:0}
.filter legend{float:left;padding:0 .5rem 0 0;line-height:2}
.chip{position:relative}
.chip input{position:absolute;inset:0;opacity:0;width:100%;height:100%;margin:0;cursor:pointer}
.chip span{display:block;border-radius:1rem;font-size:.88rem}
.chip input:checked+span{background:var(--strong-bg);border-color:var(--strong);color:var(--strong)}
.chip input:focus-visible+span{outline:2px solid var(--accent);outline-offset:2px}
.filter output{color:var(--muted);font-size:.88rem}
.nothing{color:var(--muted)}
.list{list-style:none;margin:0;padding:0;border-top:1px solid var(--line)}
.list>li{display:block}
.list>li,.list>details{border-bottom:1px solid var(--line)}
summary{cursor:pointer;display:flex;gap:.4rem .9rem;align-items:baseline;padding:.5rem .4rem .5rem 1.4rem;position:relative;list-style:none}
summary::-webkit-details-marker{display:none}
summary::before{content:"";position:absolute;left:.35rem;top:1.02rem;border:.28rem solid transparent;border-left:.38rem solid var(--muted);border-right:0}
details[open]>summary::before{transform:rotate(90deg)}
summary:hover{background:var(--raised)}
.units summary{display:grid;grid-template-columns:minmax(0,2.2fr) 5rem minmax(0,2fr) 4.5rem 9.5rem;}
.units summary b{font-weight:600}
.units summary i,.units summary span:not(.pill),.aside{color:var(--muted);font-size:.9rem;font-style:normal}
.units .pill{justify-self:end}
summary>*{min-width:0;overflow-wrap:anywhere}
summary .title{flex:1}
summary>.pill:first-child{min-width:5rem;text-align:center}
summary .aside{margin-left:auto;max-width:60%;overflow-wrap:anywhere;text-align:right}
.units details>div,.body{padding:.1rem .4rem 1rem 1.4rem}
.units .pairs,.body .pairs{margin:.2rem 0 .4rem}
.units p,.body p{margin:.4rem 0}
.found{margin:.5rem 0;padding-left:1.1rem}
.changes{margin:.2rem 0}
.changes dt{margin-top:.5rem;font-weight:600}
.changes dd{margin:.15rem 0 0}
.changes b{font-weight:400}
.changes i{color:var(--muted);font-size:.85rem;font-style:normal;margin-left:.4rem}
ins,del{text-decoration:none}
pre ins,pre del{display:block;margin:0 -.8rem;padding:0 .8rem}
ins{background:var(--good-bg);color:var(--good)}
del{background:var(--bad-bg);color:var(--bad)}
.scope td:nth-child(n+2){min-width:5.5em}
.remedy{margin:.3rem 0 .6rem}
.subjects{margin:.3rem 0;padding:0;list-style:none}
.subjects li{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,2fr);gap:.1rem 1rem;padding:.35rem 0;border-top:1px solid var(--line)}
.subjects .remedy{grid-column:2}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem;margin:.5rem 0}
caption{text-align:left;font-weight:600;padding:.3rem 0}
th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-top:1px solid var(--line);font-weight:400}
thead th{color:var(--muted);border-top:0;font-size:.85rem}
.evidence td{min-width:6.3em}
.evidence td:last-child{width:100%;color:var(--muted)}
.evidence .good,.evidence .warn,.evidence .bad{background:none;font-weight:600}
footer{border-top:1px solid var(--line);margin-top:3rem;padding-top:1rem;padding-bottom:2rem;color:var(--muted);font-size:.85rem}
@media (min-width:44.01rem){.evidence td:first-child{min-width:7.6em}}
@media (max-width:62rem){#summary .halves{grid-template-columns:1fr}}
@media (max-width:44rem){
body{font-size:16px}
header{gap:1rem}
h1{font-size:1.55rem}
.units summary{grid-template-columns:max-content minmax(0,1fr) max-content;gap:.1rem .7rem}
.units summary b{grid-area:1/1/2/3}.units .pill{grid-area:1/3}.units summary span:not(.pill){grid-area:2/2}.units summary i{grid-area:2/1}.units summary span+i{grid-area:2/3;justify-self:end}
.pairs{grid-template-columns:1fr;gap:0}
.pairs dd{margin-bottom:.4rem}
.timeline li{grid-template-columns:1fr}.bar{grid-column:1}
.subjects li{grid-template-columns:1fr}.subjects .remedy{grid-column:1}
.filter .search{flex-basis:100%}
}
@media (max-width:44rem){
.clusters td,.clusters th{min-width:0;padding-right:.5rem}
.evidence thead{position:absolute;clip-path:inset(50%)}
.evidence tr{display:flex;flex-wrap:wrap;gap:0 .8rem;border-top:1px solid var(--line);padding:.3rem 0}
.evidence td{border:0;padding:0;min-width:0}
}
@media print{
:root{--bg:#fff;--raised:#fff;--line:#bbb;--text:#000;--muted:#333}
header,.filter,.skip,button{display:none!important}
body{font-size:10pt}
main{max-width:none;padding:0}
section,.list>li,.list>details,tr,pre{break-inside:avoid-page}
section{break-inside:auto}
details::details-content{content-visibility:visible;display:block}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
@media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
`;
