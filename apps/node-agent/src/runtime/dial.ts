import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { RuntimeError } from './runtime';

const CONNECT_MS = 10_000;

/** A TCP connection whose two directions end on their own. Throws `unreachable` with the system's words. */
export async function dialTcp(host: string, port: number): Promise<Socket> {
  const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
  const giveUp = () => socket.destroy(new Error(`connect to ${host}:${port} timed out`));
  socket.setTimeout(CONNECT_MS, giveUp);
  try {
    await once(socket, 'connect');
  } catch (error) {
    throw new RuntimeError('unreachable', error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
  socket.off('timeout', giveUp);
  socket.setTimeout(0);
  return socket;
}

/** Joins its input and output with a port of the network that it runs in; a plus sign first says that it is connected. */
const HELPER = `
const socket = require('net').connect({ host: '127.0.0.1', port: Number(process.argv[1]), allowHalfOpen: true });
socket.on('connect', () => { process.stdout.write('+'); process.stdin.pipe(socket); socket.pipe(process.stdout); });
socket.on('error', (error) => { process.stderr.write(error.message); process.exitCode = 1; process.stdin.destroy(); });
socket.on('end', () => process.exit());
`;
const MAX_COMPLAINT = 1024;

/**
 * A connection to what listens on 127.0.0.1 in the network of process `pid`: a small process of this host enters that
 * network and connects. Throws `unreachable`.
 */
export async function dialWithin(pid: number, port: number): Promise<Duplex> {
  const child = spawn(
    'nsenter',
    [`--net=/proc/${pid}/ns/net`, '--', process.execPath, '-e', HELPER, String(port)],
    { stdio: 'pipe', env: {} },
  );
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint = `${complaint}${chunk}`.slice(0, MAX_COMPLAINT);
  });
  // The port may close before all was written to it.
  child.stdin.on('error', () => undefined);
  const failed = new Promise<never>((_resolve, reject) => {
    child.once('error', (error) => reject(new RuntimeError('unreachable', error.message, { cause: error })));
    child.once('close', () => reject(new RuntimeError('unreachable', complaint.trim() || 'the port closed')));
  });
  failed.catch(() => undefined);
  const [first] = await Promise.race([once(child.stdout, 'data'), failed]);
  child.stdout.pause();
  const rest: Buffer = first.subarray(1);
  if (rest.length) child.stdout.unshift(rest);
  const connection = Duplex.from({ readable: child.stdout, writable: child.stdin });
  connection.once('close', () => child.kill('SIGKILL'));
  return connection;
}
