import { createHash } from 'node:crypto';

/** A piece of a page that is HTML already. */
export class Html {
  constructor(readonly text: string) {}
}

const named: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Whatever is put into a template becomes text, but for what is HTML already; a list is put in piece by piece. */
export function html(parts: TemplateStringsArray, ...values: readonly unknown[]): Html {
  const pieces = parts.map((part, index) => (index < values.length ? part + textOf(values[index]) : part));
  return new Html(pieces.join(''));
}

function textOf(value: unknown): string {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(textOf).join('');
  if (value === undefined || value === null) return '';
  return String(value).replace(/[&<>"']/g, (found) => named[found] as string);
}

const style = `
:root { color-scheme: light dark;
  --page: #eef1f6; --card: #ffffff; --line: #d5dbe5; --text: #18202e; --soft: #57627a; --field: #ffffff;
  --accent: #1f5fd0; --accent-over: #184ca8; --on-accent: #ffffff; --alarm: #a3161c; --alarm-back: #fdecec;
  --mark: #7a4b00; --mark-back: #fff1d6 }
@media (prefers-color-scheme: dark) { :root {
  --page: #10141c; --card: #1a202c; --line: #333d4f; --text: #eef2f9; --soft: #a7b3c8; --field: #121823;
  --accent: #7db0ff; --accent-over: #a3c7ff; --on-accent: #0b1426; --alarm: #ffb4b0; --alarm-back: #43181b;
  --mark: #ffd591; --mark-back: #44310c } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 24px 16px;
  background: var(--page); color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
main { width: 100%; max-width: 430px; background: var(--card); border: 1px solid var(--line); border-radius: 14px;
  padding: 32px; box-shadow: 0 10px 30px rgb(0 0 0 / 8%) }
.brand { display: flex; align-items: center; gap: 10px; margin: 0 0 24px; color: var(--soft); font-weight: 600;
  letter-spacing: .01em }
.brand svg { width: 26px; height: 26px; color: var(--accent); flex: none }
h1 { margin: 0 0 6px; font-size: 24px; line-height: 1.25; overflow-wrap: anywhere }
p { margin: 0 0 16px; color: var(--soft); overflow-wrap: anywhere }
p strong { color: var(--text) }
label { display: block; margin: 16px 0 6px; font-weight: 600 }
input { width: 100%; padding: 11px 12px; font: inherit; color: inherit; background: var(--field);
  border: 1px solid var(--soft); border-radius: 8px }
button { width: 100%; margin-top: 24px; padding: 12px; font: inherit; font-weight: 600; cursor: pointer;
  color: var(--on-accent); background: var(--accent); border: 1px solid var(--accent); border-radius: 8px }
button:hover { background: var(--accent-over); border-color: var(--accent-over) }
button.quiet { margin-top: 12px; color: var(--text); background: transparent; border-color: var(--line) }
button.quiet:hover { border-color: var(--soft) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.alarm { margin: 0 0 16px; padding: 12px 14px; border-radius: 8px; color: var(--alarm); background: var(--alarm-back) }
ul { margin: 0 0 16px; padding: 0; list-style: none; border-top: 1px solid var(--line) }
li { padding: 10px 0; border-bottom: 1px solid var(--line) }
.mark { display: inline-block; margin-left: 6px; padding: 1px 8px; border-radius: 99px; font-size: 13px;
  color: var(--mark); background: var(--mark-back) }
.small { font-size: 14px; margin-bottom: 0 }
code { font-size: 14px }
`;
const styleHash = createHash('sha256').update(style).digest('base64');

const brand = html`<p class="brand"><svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"
  stroke-linecap="round" aria-hidden="true"><path d="M4 21V9a8 8 0 0 1 16 0v12"/><path d="M9 21V10a3 3 0 0 1 6 0v11"/>
  <path d="M2 21h20"/></svg>Fleetgate</p>`;

export function page(title: string, content: Html): string {
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · Fleetgate</title>
<style>${new Html(style)}</style>
</head>
<body>
<main>
${brand}
${content}
</main>
</body>
</html>
`.text;
}

/**
 * What a browser has to know of every page. A form may be sent to us alone; `sentBackTo` is where our answer to it may lead,
 * which browsers take for a part of the same.
 */
export function pageHeaders(sentBackTo?: string): Record<string, string> {
  const target = sentBackTo === undefined ? '' : ` ${sentBackTo}`;
  return {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'${target}; frame-ancestors 'none'; base-uri 'none'`,
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    // Not no-referrer: browsers then send `Origin: null` with our own forms.
    'referrer-policy': 'same-origin',
  };
}
