import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { asApiError, badRequest } from '@wheelhouse/shared/errors';
import type { Authorizer } from '../auth/auth';
import type { Logger } from '../component';
import { authorize } from './authorize';
import type { Extensions } from './extensions';
import { parseResourcePath } from './request-info';
import { PlainTextError } from './respond';
import { type Router, resourceRequest } from './router';
import { noSuchResource } from './status-errors';

/** Hands a connection upgrade (WebSocket, SPDY) to whom it belongs, after the same checks as any other request. */
export async function dispatchUpgrade(
  upgrade: { readonly req: IncomingMessage; readonly socket: Duplex; readonly head: Buffer },
  options: {
    readonly router: Router;
    readonly authorizer: Authorizer;
    readonly extensions: Extensions;
    readonly log: Logger;
  },
): Promise<void> {
  const { req, socket, head } = upgrade;
  socket.on('error', () => socket.destroy());
  try {
    const [path = '/', search = ''] = (req.url ?? '/').split('?', 2);
    const own = options.extensions.upgradeFor(path);
    if (own) {
      own.upgrade(req, socket, head);
      return;
    }
    const resourcePath = parseResourcePath(path);
    const proxied = resourcePath && options.extensions.proxy?.find(resourcePath.group, resourcePath.version);
    if (resourcePath && proxied) {
      const user = await options.router.authenticate(req);
      await authorize(
        options.authorizer,
        resourceRequest(user, req, resourcePath, new URLSearchParams(search)),
      );
      await proxied.upgrade(user, req, socket, head);
      return;
    }
    const handler = resourcePath && options.extensions.subresource(resourcePath);
    if (!resourcePath || !handler) throw noSuchResource();
    if (!handler.upgrade) throw badRequest('this resource cannot be upgraded to a stream');
    const user = await options.router.authenticate(req);
    const request = resourceRequest(user, req, resourcePath, new URLSearchParams(search));
    await authorize(options.authorizer, request);
    await options.router.admitConnection(handler, request);
    await handler.upgrade(request, req, socket, head);
  } catch (thrown) {
    const error = thrown instanceof PlainTextError ? badRequest(thrown.message) : asApiError(thrown);
    if (error.cause !== undefined)
      options.log.error({ err: error.cause }, 'an upgrade failed for an unforeseen reason');
    refuse(socket, error.code, JSON.stringify(error.status));
  }
}

function refuse(socket: Duplex, code: number, body: string): void {
  if (socket.destroyed || !socket.writable) return;
  socket.end(
    `HTTP/1.1 ${code} Refused\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
