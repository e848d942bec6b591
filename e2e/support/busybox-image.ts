import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const APPLETS = 'sh cat sleep tar httpd stty sha256sum seq wc mkdir ls env hostname'.split(' ');

/** An image of this host's busybox with a page at `/www/page`, so that no registry is needed. `directory` is for its files. */
export async function busyboxImage(directory: string): Promise<string> {
  const root = join(directory, 'image');
  for (const path of ['bin', 'tmp', 'etc', 'www']) await mkdir(join(root, path), { recursive: true });
  await execute('cp', ['/usr/bin/busybox', join(root, 'bin')]);
  for (const applet of APPLETS) await symlink('busybox', join(root, 'bin', applet));
  await writeFile(join(root, 'www/page'), 'hello from the pod\n');
  const image = `wheelhouse-e2e-busybox:${randomUUID().slice(0, 8)}`;
  await execute('sh', ['-c', 'tar -C "$0" -c . | docker import -c "ENV PATH=/bin" - "$1"', root, image]);
  return image;
}
