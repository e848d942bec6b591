import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const compress = promisify(gzip);

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.txt': 'text/x-component; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
};

export interface StaticFile {
  readonly path: string;
  readonly type: string;
  readonly isPage: boolean;
  readonly etag: string;
  readonly cacheControl: string;
  /** Only on pages: allows exactly the inline scripts that this page was exported with. */
  readonly contentSecurityPolicy: string | undefined;
  body(encoding: 'gzip' | 'identity'): Promise<Buffer>;
}

/**
 * The exported console, held in memory (a few megabytes). `/pods` is `pods.html`; names below `_next/static`
 * carry a hash of their content and never change.
 */
export class StaticSite {
  private constructor(private readonly files: ReadonlyMap<string, StaticFile>) {}

  /** Throws when the directory holds no built console. */
  static async load(directory: string): Promise<StaticSite> {
    const names = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
    const files = new Map<string, StaticFile>();
    for (const entry of names) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      const path = `/${relative(directory, file).split(sep).join('/')}`;
      files.set(path, staticFile(path, await readFile(file)));
    }
    if (!files.has('/index.html')) {
      throw new Error(
        `The console is not built: there is no index.html in ${directory}. Run \`npm run build\`.`,
      );
    }
    return new StaticSite(files);
  }

  find(pathname: string): StaticFile | undefined {
    const trimmed = pathname.length > 1 ? pathname.replace(/\/+$/, '') : pathname;
    if (trimmed === '/' || trimmed === '') return this.files.get('/index.html');
    return this.files.get(trimmed) ?? this.files.get(`${trimmed}.html`);
  }

  get notFound(): StaticFile | undefined {
    return this.files.get('/404.html');
  }
}

function staticFile(path: string, content: Buffer): StaticFile {
  const type = TYPES[extname(path)] ?? 'application/octet-stream';
  const isPage = path.endsWith('.html');
  let zipped: Promise<Buffer> | undefined;
  return {
    path,
    type,
    isPage,
    etag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`,
    cacheControl: path.startsWith('/_next/static/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    contentSecurityPolicy: isPage ? contentSecurityPolicy(inlineScriptHashes(content.toString())) : undefined,
    body: (encoding) => {
      if (encoding === 'identity' || !/^(text|application\/json|image\/svg)/.test(type))
        return Promise.resolve(content);
      zipped ??= compress(content);
      return zipped;
    },
  };
}

/** Hashes as a CSP names them, of every script that stands in the page itself. */
export function inlineScriptHashes(html: string): string[] {
  const scripts = html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g);
  return [
    ...new Set(
      Array.from(
        scripts,
        ([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`,
      ),
    ),
  ];
}

/** Styles may stand inline: React sets positions that way, and the editor its theme. */
export function contentSecurityPolicy(scriptHashes: readonly string[]): string {
  return [
    "default-src 'none'",
    `script-src 'self'${scriptHashes.map((hash) => ` ${hash}`).join('')}`,
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
