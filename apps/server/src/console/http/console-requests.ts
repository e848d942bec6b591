import type { IncomingMessage, ServerResponse } from 'node:http';
import { unauthorized } from '@wheelhouse/shared/errors';
import type { UserInfo } from '../../http/extension';
import { isHostAllowed, isOriginAllowed, isReadOnly } from './guards';
import type { SessionCookies } from './session-cookies';
import type { SignInTokens } from './sign-in-tokens';
import { retryPage, signedOutPage, signedOutPolicy } from './signed-out-page';
import type { StaticFile, StaticSite } from './static-site';

/** The API as the console port serves it: for a user who is already known. */
export interface ConsoleApi {
  handle(req: IncomingMessage, res: ServerResponse, user: UserInfo): void | Promise<void>;
}

export interface ConsoleRequestsOptions {
  readonly api: ConsoleApi;
  readonly site: StaticSite;
  readonly cookies: SessionCookies;
  readonly tokens: SignInTokens;
  /** Who a valid session stands for; undefined when the user no longer exists. */
  readonly userNamed: (name: string) => UserInfo | undefined;
  /** The user that sign-in links are made for. */
  readonly linkUser: string;
  readonly allowedHosts: readonly string[];
  /** Where the durable link is kept, to tell people. */
  readonly urlFile: string;
  readonly onError: (error: unknown, req: IncomingMessage) => void;
}

const API_PATH = /^\/(api|apis|openapi|version)(\/|$)/;

/** Every request on the console port, but for the sockets. */
export class ConsoleRequests {
  constructor(private readonly options: ConsoleRequestsOptions) {}

  /** The signed-in user of a request that may come in at all; also asked for sockets. */
  userOf(req: IncomingMessage): UserInfo | undefined {
    const name = this.options.cookies.userOf(req.headers.cookie);
    return name === undefined ? undefined : this.options.userNamed(name);
  }

  isHostAllowed(req: IncomingMessage): boolean {
    return isHostAllowed(req.headers.host, this.options.allowedHosts);
  }

  async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      await this.#route(req, res);
    } catch (error) {
      this.options.onError(error, req);
      if (res.headersSent) res.destroy();
      else text(res, 500, 'Something went wrong in the console; the server log says what.');
    }
  }

  async #route(req: IncomingMessage, res: ServerResponse): Promise<void> {
    res.setHeader('X-Content-Type-Options', 'nosniff');
    res.setHeader('Referrer-Policy', 'no-referrer');
    res.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    res.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
    if (!this.isHostAllowed(req)) {
      return text(res, 421, 'This console does not answer to that name. Open it by its address.');
    }
    const url = parseUrl(req.url);
    if (!url) return text(res, 400, 'The address of this request cannot be read.');
    if (url.pathname === '/signin') return this.#signIn(req, res, url);
    if (url.pathname === '/signout') return this.#signOut(req, res);
    if (API_PATH.test(url.pathname)) return this.#api(req, res);
    return this.#page(req, res, url);
  }

  async #signIn(req: IncomingMessage, res: ServerResponse, url: URL): Promise<void> {
    const { tokens, cookies, linkUser, urlFile } = this.options;
    if (req.method !== 'GET') return text(res, 405, 'A sign-in link is opened, not posted to.');
    if (tokens.redeem(url.searchParams.get('token') ?? ''))
      res.setHeader('Set-Cookie', cookies.issue(linkUser));
    else if (!this.userOf(req)) return html(res, 403, signedOutPage({ reason: 'bad-link', urlFile }));
    res.writeHead(303, { Location: '/', 'Cache-Control': 'no-store' }).end();
  }

  async #signOut(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (req.method !== 'POST') return text(res, 405, 'Signing out is a POST.');
    if (!isOriginAllowed(req.headers)) return text(res, 403, 'This request came from another site.');
    res.setHeader('Set-Cookie', this.options.cookies.clear());
    res.writeHead(303, { Location: '/', 'Cache-Control': 'no-store' }).end();
  }

  async #api(req: IncomingMessage, res: ServerResponse): Promise<void> {
    // Reading is held to it too: an answer that another site can cause is work that it can cause.
    if (!isOriginAllowed(req.headers)) return text(res, 403, 'This request came from another site.');
    const user = this.userOf(req);
    if (!user) {
      res.writeHead(401, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
      res.end(JSON.stringify(unauthorized().status));
      return;
    }
    await this.options.api.handle(req, res, user);
  }

  async #page(req: IncomingMessage, res: ServerResponse, url: URL): Promise<void> {
    if (!isReadOnly(req.method)) return text(res, 405, 'Pages are read.');
    const file = this.options.site.find(url.pathname);
    const wantsPage = file ? file.isPage : !/\.[a-z0-9]+$/i.test(url.pathname);
    if (wantsPage && !this.userOf(req)) {
      if (req.headers['sec-fetch-site'] === 'cross-site')
        return html(res, 200, retryPage(url.pathname + url.search));
      return html(res, 401, signedOutPage({ reason: 'signed-out', urlFile: this.options.urlFile }));
    }
    const found = file ?? this.options.site.notFound;
    if (!found) return text(res, 404, 'Not found.');
    await send(req, res, found, file ? 200 : 404);
  }
}

/** Only path and query are the client's; a base makes them a URL. Undefined when that fails. */
function parseUrl(target: string | undefined): URL | undefined {
  if (!target?.startsWith('/') || target.startsWith('//')) return undefined;
  return URL.canParse(target, 'http://console') ? new URL(target, 'http://console') : undefined;
}

async function send(
  req: IncomingMessage,
  res: ServerResponse,
  file: StaticFile,
  status: number,
): Promise<void> {
  res.setHeader('ETag', file.etag);
  res.setHeader('Cache-Control', file.cacheControl);
  res.setHeader('Vary', 'Accept-Encoding');
  if (file.contentSecurityPolicy) res.setHeader('Content-Security-Policy', file.contentSecurityPolicy);
  if (req.headers['if-none-match'] === file.etag) {
    res.writeHead(304).end();
    return;
  }
  const encoding = /\bgzip\b/.test(String(req.headers['accept-encoding'])) ? 'gzip' : 'identity';
  const plain = await file.body('identity');
  const body = await file.body(encoding);
  if (body !== plain) res.setHeader('Content-Encoding', 'gzip');
  res.writeHead(status, { 'Content-Type': file.type, 'Content-Length': body.length });
  res.end(req.method === 'HEAD' ? undefined : body);
}

function text(res: ServerResponse, status: number, message: string): void {
  res
    .writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' })
    .end(`${message}\n`);
}

function html(res: ServerResponse, status: number, page: string): void {
  res
    .writeHead(status, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': signedOutPolicy,
      'Cache-Control': 'no-store',
    })
    .end(page);
}
