import { request } from 'node:http';

/** What is known of the Docker that this user would reach. */
export type DockerProbe = { readonly answers: true } | { readonly answers: false; readonly why: string };

/** Asks the local Docker for a sign of life; never throws, takes at most two seconds. */
export function probeDocker(dockerHost = process.env.DOCKER_HOST): Promise<DockerProbe> {
  if (dockerHost !== undefined && !dockerHost.startsWith('unix://')) {
    return Promise.resolve({
      answers: false,
      why: `DOCKER_HOST is ${dockerHost}; pods need a Docker on this host, reached by its socket`,
    });
  }
  const socketPath = dockerHost?.slice('unix://'.length) ?? '/var/run/docker.sock';
  return new Promise((resolve) => {
    const ping = request({ socketPath, path: '/_ping', timeout: 2_000 }, (response) => {
      response.resume();
      resolve(
        response.statusCode === 200
          ? { answers: true }
          : { answers: false, why: `Docker at ${socketPath} answers with status ${response.statusCode}` },
      );
    });
    ping.on('timeout', () => ping.destroy(new Error('no answer within 2 s')));
    ping.on('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'ENOENT' || error.code === 'ECONNREFUSED' ? 'no Docker runs' : error.message;
      resolve({ answers: false, why: `${why} (${socketPath})` });
    });
    ping.end();
  });
}
