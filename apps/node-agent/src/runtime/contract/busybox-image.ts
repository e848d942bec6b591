import type Docker from 'dockerode';
import { type ImageFile, tarOf } from '../images/local-image';

/** Imports this host's static busybox as an image, so that Docker tests need no registry. */
export async function importBusybox(docker: Docker, name: string): Promise<void> {
  const applets = [
    'sh',
    'sleep',
    'echo',
    'cat',
    'ls',
    'true',
    'id',
    'wget',
    'nc',
    'hostname',
    'touch',
    'dd',
    'tail',
  ];
  const files: ImageFile[] = [
    ...['bin', 'tmp', 'etc'].map(
      (path): ImageFile => ({ path, mode: path === 'tmp' ? 0o1777 : 0o755, content: 'directory' }),
    ),
    { path: 'bin/busybox', mode: 0o755, content: { from: '/usr/bin/busybox' } },
    ...applets.map(
      (applet): ImageFile => ({
        path: `bin/${applet}`,
        mode: 0o755,
        content:
          applet === 'sh'
            ? { from: '/usr/bin/busybox' }
            : Buffer.from(`#!/bin/sh\nexec /bin/busybox ${applet} "$@"\n`),
      }),
    ),
  ];
  const [repo = '', tag = ''] = name.split(':');
  const answer = await docker.importImage(tarOf(files), {
    repo,
    tag,
    changes: ['CMD ["/bin/sh"]', 'ENV PATH=/bin'],
  });
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(answer, (error) => (error ? reject(error) : resolve()));
  });
}
