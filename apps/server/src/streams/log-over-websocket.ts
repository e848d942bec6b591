import type { Readable } from 'node:stream';
import { badRequest } from '@wheelhouse/shared/errors';
import { sendMessage } from './channel-messages';
import { acceptWebSocket, isWebSocket, offeredProtocols, type Upgrade, unknownUpgrade } from './upgrade';

/** Bytes as they are, or as text in base64. A client that names none gets bytes. */
const PROTOCOLS = ['binary.k8s.io', 'base64.binary.k8s.io'];
/** Nothing is read from the client. */
const MAX_PAYLOAD = 1024;

/** Sends a log as WebSocket messages; `open` finds it, and its refusal is the answer to the handshake. */
export async function logOverWebSocket(
  upgrade: Upgrade,
  open: () => Promise<Readable | undefined>,
): Promise<void> {
  if (!isWebSocket(upgrade.req)) unknownUpgrade(upgrade.req);
  const offered = offeredProtocols(upgrade.req);
  const protocol = offered.find((name) => PROTOCOLS.includes(name));
  if (protocol === undefined && offered.length)
    throw badRequest(`none of the protocols ${JSON.stringify(offered)} is served; these are: ${PROTOCOLS}`);
  const encode = (bytes: Buffer) => (protocol === 'base64.binary.k8s.io' ? bytes.toString('base64') : bytes);
  const log = await open();
  const socket = await acceptWebSocket(upgrade, protocol, MAX_PAYLOAD);
  // What follows from it happens on 'close', which ends the log.
  socket.on('error', () => socket.terminate());
  try {
    // Says that the connection stands, before the log has anything to say.
    await sendMessage(socket, encode(Buffer.alloc(0)));
    for await (const chunk of log ?? []) await sendMessage(socket, encode(Buffer.from(chunk)));
    socket.close(1000);
  } catch {
    // A log cut short must not be taken for a whole one.
    socket.terminate();
  }
}
