/** The path that a proxy request means at its target, as the client wrote it, and what stands before it. */
export interface ProxyPath {
  /** `/api/v1/namespaces/ns/services/web/proxy`. */
  readonly prefix: string;
  /** `/page?x=1`; '' when not even a slash follows the prefix. */
  readonly target: string;
  readonly query: string;
}

/** Pure: splits a request target behind `…/proxy`. Undefined when there is no such part. */
export function splitProxyPath(requestTarget: string): ProxyPath | undefined {
  const question = requestTarget.indexOf('?');
  const path = question < 0 ? requestTarget : requestTarget.slice(0, question);
  const query = question < 0 ? '' : requestTarget.slice(question);
  const parts = path.split('/');
  // '', api, v1, namespaces, NS, pods, NAME, proxy — or '', api, v1, nodes, NAME, proxy
  const at = parts[3] === 'namespaces' ? 7 : 5;
  if (parts[at] !== 'proxy') return undefined;
  const rest = parts.slice(at + 1).join('/');
  return {
    prefix: parts.slice(0, at + 1).join('/'),
    target: parts.length === at + 1 ? '' : `/${rest}`,
    query,
  };
}

/**
 * Pure: a link of the target as clients of the proxy have to follow it. Links to other hosts and relative ones stay.
 * `host` is the Host header that the target saw.
 */
export function rewriteLink(link: string, prefix: string, host: string): string {
  const absolute = /^(?:https?:)?\/\/([^/?#]*)(.*)$/i.exec(link);
  if (absolute && absolute[1]?.toLowerCase() !== host.toLowerCase()) return link;
  const path = absolute ? absolute[2] || '/' : link;
  if (!path.startsWith('/') || path === prefix || path.startsWith(`${prefix}/`)) return link;
  return prefix + path;
}

/** Attributes that hold links, by tag. */
const LINKS: Readonly<Record<string, readonly string[]>> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['formaction', 'src', 'usemap'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
};

const TAG = /<([a-zA-Z]+)(\s[^<>]*)>/g;
const ATTRIBUTE = /([a-zA-Z-]+)(\s*=\s*)("[^"]*"|'[^']*')/g;

/** Pure: a page whose links lead through the proxy. */
export function rewritePage(page: string, rewrite: (link: string) => string): string {
  return page.replace(TAG, (tag: string, name: string, attributes: string) => {
    const links = Object.hasOwn(LINKS, name.toLowerCase()) ? LINKS[name.toLowerCase()] : undefined;
    if (!links) return tag;
    const rewritten = attributes.replace(
      ATTRIBUTE,
      (attribute: string, key: string, equals: string, quoted: string) => {
        if (!links.includes(key.toLowerCase())) return attribute;
        const quote = quoted.slice(0, 1);
        return `${key}${equals}${quote}${rewrite(quoted.slice(1, -1))}${quote}`;
      },
    );
    return `<${name}${rewritten}>`;
  });
}
