import { createServer } from 'node:net';
import { StartupError } from '../startup-error';

/** Throws {@link StartupError} when nobody can listen there; checked before anything is started. */
export async function checkPort(purpose: string, flag: string, host: string, port: number): Promise<void> {
  if (port === 0) return;
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (error: NodeJS.ErrnoException) =>
      reject(portError(error, { purpose, flag, host, port })),
    );
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve()));
  });
}

function portError(
  error: NodeJS.ErrnoException,
  at: { purpose: string; flag: string; host: string; port: number },
): StartupError {
  const place = `${at.host}:${at.port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new StartupError(
        `Port ${at.port} for the ${at.purpose} is in use. Stop what listens on ${place}, or choose another with ${at.flag}.`,
      );
    case 'EACCES':
      return new StartupError(
        `Listening on ${place} for the ${at.purpose} is not permitted. Choose another with ${at.flag}.`,
      );
    default:
      return new StartupError(`The ${at.purpose} cannot listen on ${place}: ${error.message}`);
  }
}
