import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import type { Client } from '@wheelhouse/shared/client/client';
import { type Clock, systemClock } from '@wheelhouse/shared/clock';
import type { FleetResource } from '@wheelhouse/shared/console/protocol';
import { readFileIfThere, writePrivateFile } from '../auth/private-file';
import type { Component, Logger } from '../component';
import type { UserInfo } from '../http/extension';
import { feedFleet } from './fleet/feed';
import { Fleet } from './fleet/fleet';
import { createGateway, type Gateway } from './gateway';
import { type ConsoleApi, ConsoleRequests } from './http/console-requests';
import { isOriginAllowed } from './http/guards';
import { SessionCookies } from './http/session-cookies';
import { SignInTokens } from './http/sign-in-tokens';
import { StaticSite } from './http/static-site';

export interface StartConsoleOptions {
  readonly api: ConsoleApi;
  /** Reads what the console shows; its user must be allowed to list and watch it all. */
  readonly client: Client;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** The exported console (`apps/web/out`). */
  readonly webDirectory: string;
  /** Keeps `console-key` and `console-url`, both for the owner alone. */
  readonly dataDir: string;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Whom sign-in links sign in; default the administrator. */
  readonly user?: UserInfo;
  /** Names beside localhost and addresses that people may open the console by. */
  readonly allowedHosts?: readonly string[];
  readonly version?: string;
}

export interface Console extends Component {
  readonly url: string;
  readonly port: number;
  /** A link that signs in once; each call makes a new one. */
  signInUrl(): string;
}

const ADMIN: UserInfo = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };

/**
 * Opens the console port: the exported pages, the live fleet over Socket.IO, and the API for whoever is signed in.
 * Throws when the port is taken or the console is not built; nothing is left running then.
 */
export async function startConsole(options: StartConsoleOptions): Promise<Console> {
  const { log, clock = systemClock, host = '127.0.0.1', user = ADMIN } = options;
  const site = await StaticSite.load(options.webDirectory);
  const secret = await consoleKey(options.dataDir);
  const tokens = new SignInTokens(secret);
  const urlFile = join(options.dataDir, 'console-url');

  const server = createServer();
  server.keepAliveTimeout = 65_000;
  const port = await listen(server, host, options.port);
  const url = `http://${host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`;

  const requests = new ConsoleRequests({
    api: options.api,
    site,
    cookies: new SessionCookies(secret, clock, port),
    tokens,
    userNamed: (name) => (name === user.name ? user : undefined),
    linkUser: user.name,
    allowedHosts: [host, ...(options.allowedHosts ?? [])].map((name) => name.toLowerCase()),
    urlFile,
    onError: (error, req) =>
      log.error({ err: error, method: req.method, path: req.url?.split('?')[0] }, 'a console request failed'),
  });
  server.on('request', (req, res) => void requests.handle(req, res));

  const failing = new Set<FleetResource>();
  let gateway: Gateway | undefined;
  const fleet = new Fleet(randomBytes(8).toString('hex'));
  const feed = feedFleet({
    client: options.client,
    fleet,
    clock,
    changed: () => gateway?.changed(),
    onEvent: (resource) => failing.delete(resource),
    onError: (resource, error) => {
      failing.add(resource);
      log.warn({ err: error, resource }, 'the console cannot read this resource; it tries again');
    },
  });
  const synced = feed.synced();
  // Stopping before the first list rejects it; each socket that waits hears of that itself.
  synced.catch(() => undefined);
  gateway = createGateway({
    httpServer: server,
    fleet,
    clock,
    version: options.version ?? '',
    synced,
    isCurrent: () => failing.size === 0,
    admit: (req) => {
      if (!requests.isHostAllowed(req)) return 'This console does not answer to that name.';
      if (!isOriginAllowed(req.headers)) return 'This request came from another site.';
      return requests.userOf(req) ?? 'Signed out.';
    },
  });
  await writePrivateFile(urlFile, `${url}/signin?token=${tokens.durable}\n`);
  log.info({ url }, 'the console is open');

  let stopping: Promise<void> | undefined;
  return {
    url,
    port,
    signInUrl: () => `${url}/signin?token=${tokens.issueOnce()}`,
    stop: () => {
      stopping ??= (async () => {
        feed.stop();
        await gateway?.close();
        server.closeAllConnections();
        if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
      })();
      return stopping;
    },
  };
}

/** The secret behind links and sessions; made at the first start. Deleting the file ends them all. */
async function consoleKey(dataDir: string): Promise<string> {
  const path = join(dataDir, 'console-key');
  const known = (await readFileIfThere(path))?.trim();
  if (known) return known;
  const fresh = randomBytes(32).toString('base64url');
  await writePrivateFile(path, `${fresh}\n`);
  return fresh;
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(
              `Port ${port} is taken, so the console cannot open there. Choose another with --console-port.`,
            )
          : new Error(`The console cannot listen on ${host}:${port}: ${error.message}`),
      );
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}
