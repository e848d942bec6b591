import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { removeDirectory } from '../../support/wheelhouse';

const execute = promisify(execFile);

/** The images of the suite, made from this host's static busybox, so that no registry is needed. */
export interface Images {
  /** Every applet on the PATH, no entrypoint; serves `/cgi-bin/hostname` and `/cgi-bin/client` from `/www`. */
  readonly busybox: string;
  /** Says its arguments; by default `image default arguments`. */
  readonly talker: string;
  remove(): Promise<void>;
}

const cgi = (command: string) => `#!/bin/sh\necho "Content-Type: text/plain"\necho\n${command}\n`;

/** Makes the images under names of their own. */
export async function makeImages(id: string): Promise<Images> {
  const directory = await mkdtemp(join(tmpdir(), 'wheelhouse-images-'));
  const root = join(directory, 'root');
  try {
    for (const path of ['bin', 'etc', 'www/cgi-bin']) await mkdir(join(root, path), { recursive: true });
    await mkdir(join(root, 'tmp'));
    await execute('chmod', ['1777', join(root, 'tmp')]);
    await execute('cp', ['/usr/bin/busybox', join(root, 'bin/busybox')]);
    const { stdout } = await execute('/usr/bin/busybox', ['--list']);
    for (const applet of stdout.trim().split('\n'))
      if (applet !== 'busybox') await symlink('busybox', join(root, 'bin', applet));
    await writeFile(join(root, 'www/healthz'), 'ok\n');
    const executable = { mode: 0o755 };
    await writeFile(join(root, 'www/cgi-bin/hostname'), cgi('hostname'), executable);
    await writeFile(join(root, 'www/cgi-bin/client'), cgi('echo "$REMOTE_ADDR"'), executable);
    await writeFile(join(root, 'bin/say'), '#!/bin/sh\necho "$0 $*"\n', executable);
    const build = async (name: string, ...changes: string[]) => {
      const image = `${name}:${id}`;
      const flags = changes.flatMap((change) => ['-c', change]);
      const script = 'image=$1; root=$2; shift 2; tar -C "$root" -c . | docker import "$@" - "$image"';
      await execute('sh', ['-c', script, 'sh', image, root, '-c', 'ENV PATH=/bin', ...flags]);
      return image;
    };
    const busybox = await build('wheelhouse-conformance');
    const talker = await build(
      'wheelhouse-talker',
      'ENTRYPOINT ["/bin/say"]',
      'CMD ["image","default","arguments"]',
    );
    return {
      busybox,
      talker,
      remove: async () => {
        await execute('docker', ['rmi', '-f', busybox, talker]);
      },
    };
  } finally {
    await removeDirectory(directory);
  }
}
