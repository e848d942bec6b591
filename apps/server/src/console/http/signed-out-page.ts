import { contentSecurityPolicy } from './static-site';

export const signedOutPolicy = contentSecurityPolicy([]);

const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** What a browser without a session sees: how to get a link. It stands alone, without scripts. */
export function signedOutPage(options: { reason: 'signed-out' | 'bad-link'; urlFile: string }): string {
  const title = options.reason === 'bad-link' ? 'This link has been used' : 'You are signed out';
  const lead =
    options.reason === 'bad-link'
      ? 'The link that the cluster prints when it starts works once, and this one was opened before (or belongs to another cluster).'
      : 'The console opens with a sign-in link, so that nobody else on this machine can steer your cluster.';
  return page(
    title,
    `<h1>${title}</h1><p>${lead}</p>
<p>Ask for a link that works:</p><pre><code>npx wheelhouse console-url</code></pre>
<p class="quiet">The same link stands in <code>${escapeHtml(options.urlFile)}</code>, readable by the owner of the cluster alone.</p>`,
  );
}

/**
 * A strict cookie is not sent when somebody follows a link from another site. This page asks once more,
 * now from here, and the cookie comes along.
 */
export function retryPage(target: string): string {
  return page(
    'Opening Wheelhouse',
    `<p>Opening… <a href="${escapeHtml(target)}">continue</a></p>`,
    `<meta http-equiv="refresh" content="0;url=${escapeHtml(target)}">`,
  );
}

function page(title: string, body: string, head = ''): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${title} · Wheelhouse</title>${head}<style>
:root{color-scheme:light dark;--sea:#f4f6f4;--paper:#fdfdfb;--ink:#13232e;--ink2:#4d606b;--line:#dfe5e3;--brass:#b7791f;--grid:rgba(19,35,46,.045)}
@media(prefers-color-scheme:dark){:root{--sea:#0c161d;--paper:#121f28;--ink:#e8efee;--ink2:#a9b9c0;--line:#22323c;--brass:#e0a94a;--grid:rgba(232,239,238,.035)}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;font:15px/1.6 Inter,system-ui,sans-serif;color:var(--ink);background:var(--sea) linear-gradient(var(--grid) 1px,transparent 1px) 0 0/36px 36px}
main{max-width:480px;margin:24px;padding:32px;background:var(--paper);border:1px solid var(--line);border-radius:12px;box-shadow:0 1px 2px rgba(0,0,0,.06),0 12px 40px rgba(0,0,0,.08)}
svg{color:var(--brass)}h1{font-size:21px;letter-spacing:-.01em;margin:14px 0 8px}p{margin:0 0 12px;color:var(--ink2)}pre{margin:0 0 16px;padding:12px 14px;border-radius:8px;background:var(--sea);border:1px solid var(--line);overflow-x:auto}code{font:13px "JetBrains Mono",ui-monospace,monospace;color:var(--ink);overflow-wrap:anywhere}.quiet{font-size:13px;margin:0}a{color:inherit}
</style></head><body><main><svg width="30" height="30" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.7" aria-hidden="true"><circle cx="12" cy="12" r="6.2"/><circle cx="12" cy="12" r="1.6" fill="currentColor"/><path d="M12 1.5v21M1.5 12h21M4.6 4.6l14.8 14.8M19.4 4.6 4.6 19.4"/></svg>${body}</main></body></html>`;
}
