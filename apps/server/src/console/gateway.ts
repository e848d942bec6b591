import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { Clock } from '@wheelhouse/shared/clock';
import {
  type BrowserToServer,
  consoleSocketPath,
  type FleetPlace,
  type ServerToBrowser,
} from '@wheelhouse/shared/console/protocol';
import { Server, type Socket } from 'socket.io';
import type { UserInfo } from '../http/extension';
import type { Fleet } from './fleet/fleet';
import { Viewer } from './fleet/viewer';

const BATCH_MS = 16;
const PULSE_MS = 1_000;

export interface GatewayOptions {
  readonly httpServer: HttpServer;
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly version: string;
  /** Resolves when the fleet is complete for the first time; nobody gets a snapshot before. */
  readonly synced: Promise<void>;
  /** Whether the server itself sees the cluster. */
  readonly isCurrent: () => boolean;
  /** The user whom this request may speak for, or why it may not open a socket. */
  readonly admit: (req: IncomingMessage) => UserInfo | string;
}

export interface Gateway {
  /** Say so after every change of the fleet; what changes within a frame travels together. */
  changed(): void;
  readonly connections: number;
  close(): Promise<void>;
}

interface SocketData {
  viewer: Viewer;
}

type ConsoleSocket = Socket<BrowserToServer, ServerToBrowser, Record<string, never>, SocketData>;

/** The thin shell around {@link Viewer}: sockets, timers, nothing to decide. */
export function createGateway(options: GatewayOptions): Gateway {
  const { fleet, clock } = options;
  const io = new Server<BrowserToServer, ServerToBrowser, Record<string, never>, SocketData>(
    options.httpServer,
    {
      path: consoleSocketPath,
      serveClient: false,
      transports: ['websocket'],
      // A browser says hello and acknowledges: a few bytes.
      maxHttpBufferSize: 4_096,
      pingInterval: 5_000,
      pingTimeout: 5_000,
      allowRequest: (req, callback) => {
        const admitted = options.admit(req);
        if (typeof admitted === 'string') callback(admitted, false);
        else callback(null, true);
      },
    },
  );
  const sockets = new Set<ConsoleSocket>();
  let cancelFlush: (() => void) | undefined;

  const send = (socket: ConsoleSocket) => {
    for (const message of socket.data.viewer.take()) {
      if (message.event === 'snapshot') socket.emit('snapshot', message.body);
      else socket.emit('deltas', message.body);
    }
  };

  io.on('connection', (socket) => {
    const user = options.admit(socket.request);
    if (typeof user === 'string') {
      socket.disconnect(true);
      return;
    }
    socket.data.viewer = new Viewer(fleet);
    sockets.add(socket);
    socket.emit('welcome', { user: user.name, version: options.version });
    socket.on('hello', (hello) => {
      void options.synced.then(
        () => {
          socket.data.viewer.hello(placeOf(hello));
          send(socket);
        },
        () => socket.disconnect(true),
      );
    });
    socket.on('ack', () => {
      socket.data.viewer.acknowledged();
      send(socket);
    });
    socket.on('probe', (answer) => {
      if (typeof answer === 'function') answer(clock.now().getTime());
    });
    socket.on('disconnect', () => sockets.delete(socket));
  });

  let cancelPulse: () => void;
  const pulse = () => {
    io.emit('pulse', {
      time: clock.now().getTime(),
      revision: fleet.revision,
      current: options.isCurrent(),
    });
    cancelPulse = clock.after(PULSE_MS, pulse);
  };
  cancelPulse = clock.after(PULSE_MS, pulse);

  return {
    changed: () => {
      cancelFlush ??= clock.after(BATCH_MS, () => {
        cancelFlush = undefined;
        for (const socket of sockets) send(socket);
      });
    },
    get connections() {
      return sockets.size;
    },
    close: async () => {
      cancelFlush?.();
      cancelPulse();
      await io.close();
    },
  };
}

/** What a browser says is not trusted to have a shape. */
function placeOf(hello: unknown): FleetPlace | undefined {
  if (typeof hello !== 'object' || hello === null || !('resumeFrom' in hello)) return undefined;
  const place = hello.resumeFrom;
  if (typeof place !== 'object' || place === null || !('epoch' in place) || !('seq' in place))
    return undefined;
  const { epoch, seq } = place;
  return typeof epoch === 'string' && typeof seq === 'number' ? { epoch, seq } : undefined;
}
