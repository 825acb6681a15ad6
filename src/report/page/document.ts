import { createHash } from 'node:crypto';
import { html, type Markup, markup, render } from './html.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

/** A section of a page by the name that its link has; one without content is left out. */
export type PageSection = readonly [title: string, id: string, section: Markup | null];

/**
 * A whole HTML document. Its policy lets nothing in but its own style and script, which it knows by their hashes: nothing is asked of
 * anybody, and nothing that stands in a name is executed. Ends with a line break. Pure.
 */
export function documentOf({
  title,
  sections,
  version,
}: {
  readonly title: string;
  readonly sections: readonly PageSection[];
  readonly version?: string | undefined;
}): string {
  const shown = sections.filter(([, , section]) => section !== null);
  return `${render(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title} – podshift</title>
<link rel="icon" href="data:,">
<style>${markup(STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header><span class="brand">podshift</span><nav aria-label="sections"><ul role="list">${shown.map(
    ([name, id]) => html`<li><a href="#${id}">${name}</a>`,
  )}</ul></nav></header>
<main id="main" tabindex="-1">
${shown.map(([, , section]) => html`${section}\n`)}</main>
<footer><p>Made by podshift${version === undefined ? '' : ` ${version}`}. Times are in UTC. This file asks nothing of any server.</footer>
<script>${markup(SCRIPT)}</script>
</body>
</html>`)}\n`;
}

const POLICY = [
  "default-src 'none'",
  `style-src '${hashOf(STYLE)}'`,
  `script-src '${hashOf(SCRIPT)}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** As a Content Security Policy names it (CSP level 3, hash-source). */
function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
