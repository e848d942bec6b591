import {
  type BrowserToServer,
  consoleSocketPath,
  type FleetObject,
  type FleetPlace,
  type ServerToBrowser,
} from '@wheelhouse/shared/console/protocol';
import { io, type Socket } from 'socket.io-client';
import { create } from 'zustand';
import { FleetStore } from './fleet-store';

export const fleet = new FleetStore();

interface ConnectionState {
  /** `connecting` only before the first snapshot; after that a connection is live or lost. */
  readonly status: 'connecting' | 'live' | 'lost' | 'signed-out';
  /** When it was lost; milliseconds since 1970. */
  readonly since: number | undefined;
  /** Milliseconds to the server and back. */
  readonly delay: number | undefined;
  readonly revision: number | undefined;
  readonly user: string | undefined;
  /** False while the server itself does not see the cluster. */
  readonly current: boolean;
}

export const useConnection = create<ConnectionState>(() => ({
  status: 'connecting',
  since: undefined,
  delay: undefined,
  revision: undefined,
  user: undefined,
  current: true,
}));

/** Pulses come every second; so much silence means that nobody is there, whatever the socket believes. */
const SILENCE_MS = 3_500;

/** Opens the stream and keeps it open until the returned function is called. */
export function connect(): () => void {
  const socket: Socket<ServerToBrowser, BrowserToServer> = io({
    path: consoleSocketPath,
    transports: ['websocket'],
    reconnectionDelay: 250,
    reconnectionDelayMax: 2_000,
    timeout: 4_000,
  });
  let place: FleetPlace | undefined;
  let parts: FleetObject[] = [];
  let heard = Date.now();

  const lost = () => {
    const { status } = useConnection.getState();
    if (status === 'live') useConnection.setState({ status: 'lost', since: Date.now(), delay: undefined });
  };
  const live = () => useConnection.setState({ status: 'live', since: undefined });
  const hello = () => socket.emit('hello', place ? { resumeFrom: place } : {});
  const alive = () => {
    heard = Date.now();
    if (socket.connected && useConnection.getState().status === 'lost') live();
  };
  const probe = () => {
    const asked = performance.now();
    socket.timeout(SILENCE_MS).emit('probe', (error) => {
      if (!error) useConnection.setState({ delay: Math.max(1, Math.round(performance.now() - asked)) });
    });
  };

  socket.on('connect', () => {
    heard = Date.now();
    hello();
    probe();
  });
  socket.on('welcome', ({ user }) => useConnection.setState({ user }));
  socket.on('snapshot', (part) => {
    heard = Date.now();
    if (part.first) parts = [];
    parts.push(...part.objects);
    if (part.last) {
      fleet.replace(parts);
      parts = [];
      place = { epoch: part.epoch, seq: part.seq };
      useConnection.setState({ revision: part.revision });
      live();
    }
    socket.emit('ack', part.seq);
  });
  socket.on('deltas', (message) => {
    // Cannot happen while the server keeps its word; if it does, the whole truth is asked for again.
    if (place?.epoch !== message.epoch || place.seq !== message.from) {
      place = undefined;
      hello();
      return;
    }
    fleet.apply(message.changes);
    place = { epoch: message.epoch, seq: message.to };
    useConnection.setState({ revision: message.revision });
    alive();
    socket.emit('ack', message.to);
  });
  socket.on('pulse', ({ revision, current }) => {
    useConnection.setState({ revision, current });
    alive();
  });
  socket.on('disconnect', lost);
  socket.on('connect_error', () => {
    lost();
    void leaveWhenSignedOut();
  });
  const probing = setInterval(() => {
    if (socket.connected) probe();
  }, 5_000);
  const watching = setInterval(() => {
    if (Date.now() - heard > SILENCE_MS) lost();
  }, 500);
  const offline = () => lost();
  window.addEventListener('offline', offline);

  return () => {
    clearInterval(probing);
    clearInterval(watching);
    window.removeEventListener('offline', offline);
    socket.disconnect();
  };
}

/** A refused socket does not say why; the API does. */
async function leaveWhenSignedOut(): Promise<void> {
  const answer = await fetch('/version').catch(() => undefined);
  if (answer?.status === 401) useConnection.setState({ status: 'signed-out' });
}
